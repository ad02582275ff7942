"""Signing in and out: password, then the second factor where the colleague has one."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from wtforms import Form, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Regexp
from wtforms.widgets import EmailInput

from console.access import COOKIE, Person, person_of
from console.context import Console, console
from console.forms import filled, inside, required
from console.pages import Pages, address_of, back_to, home
from shop import audit, staff
from shop.models import Staff

router = Pages()  # its first three routes stand before the gate: tests name them
HALF_WAY = COOKIE + "_code"  # the cookie between password and code
NOBODY = "not signed in"  # in the audit log
WRONG = "Email or password is wrong."
TOO_OFTEN = "Too many tries. Please wait a quarter of an hour."


class Door(Form):
    """`next`: where the colleague was going."""

    next = HiddenField()
    email = StringField("Email", required("An email address", 320), widget=EmailInput())
    password = PasswordField("Password", required("A password", staff.LONGEST_PASSWORD))


class SecondDoor(Form):
    next = HiddenField()
    code = StringField(
        "The six digits your app shows now",
        [InputRequired("The code is missing."), Regexp(r"[0-9 ]{6,8}\Z", message="A code has six digits.")],
    )


@router.get("/sign-in")
async def ask(request: Request, next: str = "") -> Response:
    return _page(request, Door(next=inside(next, home(request))))


@router.post("/sign-in")
async def password(request: Request) -> Response:
    site, given = console(request), await filled(request, Door)
    email = given.email.data or ""
    given.next.data = inside(given.next.data or "", home(request))
    if not site.limits.hit(email, address_of(request)):
        return _page(request, given, TOO_OFTEN, 429)
    if not given.validate():
        return _page(request, given, status=422)
    # In a reading thread: the check of a password takes long, and the writing thread has others waiting.
    found = await site.database.read(_authenticate, email, given.password.data)
    if found is None:
        await site.database.write(_refused, email, address_of(request))
        return _page(request, given, WRONG, 401)
    staff_id, two_factors = found
    token = await site.database.write(_open, staff_id, request.headers.get("user-agent", ""), not two_factors, address_of(request))
    if two_factors:
        response = _page(request, SecondDoor(next=given.next.data))
        _give(response, site, HALF_WAY, token, home(request), int(staff.CODE_WITHIN.total_seconds()))
        return response
    return _let_in(request, token, given.next.data)


@router.post("/sign-in/code")
async def code(request: Request) -> Response:
    site, given, token = console(request), await filled(request, SecondDoor), request.cookies.get(HALF_WAY, "")
    next_path = given.next.data = inside(given.next.data or "", home(request))
    if not site.limits.hit("code " + token, address_of(request)):
        return _page(request, Door(next=next_path), TOO_OFTEN, 429)
    if not given.validate():
        return _page(request, given, status=422)
    asked = (token, given.code.data, request.headers.get("user-agent", ""), address_of(request))
    known, new = await site.database.write(_second_factor, *asked)
    if not known:
        return _page(request, Door(next=next_path), "That took too long. Please start again.", 401)
    if new is None:
        return _page(request, SecondDoor(next=next_path), "This code is not right, or was used already.", 401)
    response = _let_in(request, new, next_path)
    response.delete_cookie(HALF_WAY, path=home(request))
    return response


@router.act("/sign-out", "account")
async def sign_out(request: Request) -> Response:
    await console(request).database.write(_sign_out, person_of(request), address_of(request))
    response = back_to(request, "/sign-in")
    response.delete_cookie(COOKIE, path=home(request))
    return response


def _sign_out(session: Session, person: Person, address: str) -> None:
    staff.sign_out(session, person.session_id)
    audit.record(session, session.get_one(Staff, person.id), "staff.sign_out", "staff", person.id, address)


def _page(request: Request, given: Door | SecondDoor, problem: str = "", status: int = 200) -> Response:
    site = console(request)
    shown = {"settings": site.settings, "home": home(request), "form": given, "problem": problem}
    response = site.pages.TemplateResponse(request, "sign_in.html", shown, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _let_in(request: Request, token: str, next_path: str) -> Response:
    response = RedirectResponse(next_path, 303)
    _give(response, console(request), COOKIE, token, home(request), int(staff.SESSION_LASTS.total_seconds()))
    return response


def _give(response: Response, site: Console, name: str, token: str, path: str, seconds: int) -> None:
    response.set_cookie(name, token, max_age=seconds, httponly=True, secure=site.settings.cookie_secure, samesite="lax", path=path)


def _authenticate(session: Session, email: str, password: str) -> tuple[int, bool] | None:
    found = staff.authenticate(session, email, password)
    return None if found is None else (found.id, bool(found.totp_secret))


def _refused(session: Session, email: str, address: str) -> None:
    """Whose account was tried, if anybody's; what was typed is not kept, for it may be a password."""
    tried = staff.by_email(session, email)
    audit.record(session, NOBODY, "staff.refused", "staff", tried.id if tried else "", address, because="password")


def _open(session: Session, staff_id: int, browser: str, confirmed: bool, address: str) -> str:
    if confirmed:
        audit.record(session, session.get_one(Staff, staff_id), "staff.sign_in", "staff", staff_id, address)
    return staff.open_session(session, staff_id, browser, confirmed)


def _second_factor(session: Session, token: str, code: str, browser: str, address: str) -> tuple[bool, str | None]:
    """Whether the password came before, and the new session's token when the code is right."""
    found = staff.session_of(session, token, confirmed=False) if token else None
    if found is None:
        return False, None
    waiting, who = found
    if not staff.use_code(session, who.id, code):
        audit.record(session, NOBODY, "staff.refused", "staff", who.id, address, because="code")
        return True, None
    staff.sign_out(session, waiting.id)
    return True, _open(session, who.id, browser, True, address)
