"""A colleague's own account: preferences, password, second factor, signed-in browsers."""

from __future__ import annotations

from typing import Any

import pyotp
import segno
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session
from wtforms import BooleanField, Field, Form, HiddenField, PasswordField, SelectChoice, SelectField, StringField
from wtforms.validators import Length, Regexp

from console.access import Person, person_of
from console.context import console
from console.forms import NEW_PASSWORD, checked, filled, form, required
from console.pages import Pages, address_of, back_to, render
from console.problems import Refusal
from shop import audit, staff
from shop.models import Staff, StaffSession, now

router = Pages()
THEMES = {"auto": "As the computer", "light": "Light", "dark": "Dark"}


class Preferences(Form):
    sound = BooleanField("A sound when a customer writes or waits")
    badge = BooleanField("The number of waiting chats in the tab's title")
    theme = SelectField("Colours", choices=[SelectChoice(*theme) for theme in THEMES.items()])


class NewPassword(Form):
    old = PasswordField("Present password", required("A password", staff.LONGEST_PASSWORD))
    new = PasswordField(f"New password, at least {staff.SHORTEST_PASSWORD} characters", NEW_PASSWORD)


class SecondFactor(Form):
    """Without a secret: no codes from now on."""

    secret = HiddenField(validators=[Regexp(r"([A-Z2-7]{32})?\Z", message="This is no secret of ours. Nothing was changed: try again.")])
    code = StringField("Code", [Length(max=8, message="A code has six digits.")])
    password = PasswordField("Present password", required("A password", staff.LONGEST_PASSWORD))


@router.page("/account", "account")
async def show(request: Request) -> Response:
    return await _page(request)


async def _page(request: Request, password: NewPassword | None = None, factor: SecondFactor | None = None) -> Response:
    """A form that was sent and is not right keeps what was typed and says what is wrong."""
    person = person_of(request)
    content: dict[str, Any] = {
        "sessions": await console(request).database.read(staff.sessions_of, person.id),
        "preferences": Preferences(data={"badge": True, "theme": "auto", **person.preferences}),
        "password": password or NewPassword(),
        "factor": factor or SecondFactor(),
    }
    if not person.two_factors:
        secret = (factor.secret.data if factor and not factor.secret.errors else "") or pyotp.random_base32()
        address = pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=console(request).settings.shop_name)
        content |= {"secret": secret, "picture": segno.make(address, error="m").svg_data_uri(scale=4, border=2, light="#fff")}
    return render(request, "account.html", content, 422 if password or factor else 200)


@router.act("/account/preferences", "account")
async def preferences(request: Request) -> Response:
    chosen = checked(await form(request), Preferences)
    await console(request).database.write(_prefer, person_of(request).id, chosen.data, address_of(request))
    return back_to(request, "/account?said=saved")


@router.act("/account/password", "account")
async def password(request: Request) -> Response:
    site, given, person = console(request), await filled(request, NewPassword), person_of(request)
    if not (given.validate() and await _password_is(request, given.old)):
        return await _page(request, password=given)
    new_hash = await site.database.read(_hash, given.new.data)
    await site.database.write(_set_password, person, new_hash, address_of(request))
    return back_to(request, "/account?said=password")


@router.act("/account/two-factors", "account")
async def two_factors(request: Request) -> Response:
    """Demands codes from now on, once the first one proves that the app has the secret; or, without a secret, ends it."""
    site, given, person = console(request), await filled(request, SecondFactor), person_of(request)
    if not (given.validate() and await _password_is(request, given.password)):
        return await _page(request, factor=given)
    secret = given.secret.data
    if secret and staff.code_step(secret, given.code.data, now()) is None:
        given.code.errors = ["This code is not right. Nothing was changed: type the one shown now."]
        return await _page(request, factor=given)
    await site.database.write(_set_totp, person, secret, address_of(request))
    return back_to(request, "/account?said=saved")


@router.act("/account/sessions/{session_id:int}/end", "account")
async def end_session(request: Request, session_id: int) -> Response:
    await console(request).database.write(_end_session, person_of(request), session_id, address_of(request))
    return back_to(request, "/account?said=saved")


async def _password_is(request: Request, field: Field) -> bool:
    """Whether that is the present password of who asks; if not, the field says so. Raises Refusal after too many tries."""
    site, person = console(request), person_of(request)
    if not site.limits.hit(person.email, address_of(request)):
        raise Refusal(429, "Too many tries. Please wait a quarter of an hour.")
    right = await site.database.read(staff.authenticate, person.email, field.data) is not None
    field.errors = [] if right else ["Your present password is not right. Nothing was changed."]
    return right


def _hash(_: Session, password: str) -> str:
    return staff.hash_password(password)


def _prefer(session: Session, staff_id: int, chosen: dict[str, Any], address: str) -> None:
    who = session.get_one(Staff, staff_id)
    who.preferences = {**who.preferences, **chosen}
    audit.record(session, who, "staff.preferences", "staff", staff_id, address, **chosen)


def _set_password(session: Session, person: Person, new_hash: str, address: str) -> None:
    staff.set_password_hash(session, person.id, new_hash, keep_session=person.session_id)
    audit.record(session, session.get_one(Staff, person.id), "staff.password", "staff", person.id, address)


def _set_totp(session: Session, person: Person, secret: str, address: str) -> None:
    staff.set_totp(session, person.id, secret)
    audit.record(session, session.get_one(Staff, person.id), "staff.two_factors", "staff", person.id, address, on=bool(secret))


def _end_session(session: Session, person: Person, session_id: int, address: str) -> None:
    row = session.get(StaffSession, session_id)
    if row is None or row.staff_id != person.id:
        raise Refusal(404, "This browser is signed out already.")
    staff.sign_out(session, session_id)
    audit.record(session, session.get_one(Staff, person.id), "staff.end_session", "staff", person.id, address)
