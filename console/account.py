"""A colleague's own account: preferences, password, second factor, signed-in browsers."""

from __future__ import annotations

from typing import Any

import pyotp
import segno
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from console.access import Person, person_of
from console.context import console
from console.forms import form
from console.pages import Pages, address_of, back_to, render
from console.problems import Refusal
from shop import audit, staff
from shop.models import Staff, StaffSession, now

router = Pages()
THEMES = ("auto", "light", "dark")


@router.page("/account", "account")
async def show(request: Request) -> Response:
    person = person_of(request)
    content: dict[str, Any] = {"sessions": await console(request).database.read(staff.sessions_of, person.id)}
    if not person.two_factors:
        secret = pyotp.random_base32()
        address = pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=console(request).settings.shop_name)
        content |= {"secret": secret, "picture": segno.make(address, error="m").svg_data_uri(scale=4, border=2, light="#fff")}
    return render(request, "account.html", content)


@router.act("/account/preferences", "account")
async def preferences(request: Request) -> Response:
    given = await form(request)
    theme = given.get("theme", "auto")
    chosen = {"sound": "sound" in given, "badge": "badge" in given, "theme": theme if theme in THEMES else "auto"}
    await console(request).database.write(_prefer, person_of(request).id, chosen)
    return back_to(request, "/account?said=saved")


@router.act("/account/password", "account")
async def password(request: Request) -> Response:
    site, given, person = console(request), await form(request), person_of(request)
    await _check_password(request, given.get("old", ""))
    new_hash = await site.database.read(_hash, given.get("new", ""))
    await site.database.write(_set_password, person, new_hash, address_of(request))
    return back_to(request, "/account?said=password")


@router.act("/account/two-factors", "account")
async def two_factors(request: Request) -> Response:
    """Demands codes from now on, once the first one proves that the app has the secret; or, without a secret, ends it."""
    site, given, person = console(request), await form(request), person_of(request)
    secret = given.get("secret", "")
    await _check_password(request, given.get("password", ""))
    if secret and (len(secret) > 64 or staff.code_step(secret, given.get("code", ""), now()) is None):
        raise Refusal(422, "This code is not right. Nothing was changed: go back and try again with the code shown now.")
    await site.database.write(_set_totp, person, secret, address_of(request))
    return back_to(request, "/account?said=saved")


@router.act("/account/sessions/{session_id:int}/end", "account")
async def end_session(request: Request, session_id: int) -> Response:
    await console(request).database.write(_end_session, person_of(request), session_id, address_of(request))
    return back_to(request, "/account?said=saved")


async def _check_password(request: Request, password: str) -> None:
    site, person = console(request), person_of(request)
    if not site.limits.hit(person.email, address_of(request)):
        raise Refusal(429, "Too many tries. Please wait a quarter of an hour.")
    if await site.database.read(staff.authenticate, person.email, password) is None:
        raise Refusal(422, "Your present password is not right. Nothing was changed.")


def _hash(_: Session, password: str) -> str:
    return staff.hash_password(password)


def _prefer(session: Session, staff_id: int, chosen: dict[str, Any]) -> None:
    who = session.get_one(Staff, staff_id)
    who.preferences = {**who.preferences, **chosen}


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
