"""Who works here: accounts, roles, teams; for administrators."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session
from wtforms import BooleanField, Form, PasswordField, SelectField, StringField
from wtforms.validators import Length
from wtforms.widgets import EmailInput

from console.access import MATRIX, person_of
from console.context import console
from console.forms import NEW_PASSWORD, blame, checked, filled, form, required
from console.pages import Pages, address_of, back_to, render
from shop import audit, staff
from shop.errors import ShopError
from shop.models import Staff
from shop.text import clean

router = Pages()


class NewColleague(Form):
    name = StringField("Name, as customers read it", required("A name", 120))
    email = StringField("Email", required("An email address", 320), widget=EmailInput())
    role = SelectField("Role", choices=staff.ROLES)
    team = StringField("Team", [Length(max=60, message="A team's name has at most 60 characters.")])
    password = PasswordField(f"First password, at least {staff.SHORTEST_PASSWORD} characters", NEW_PASSWORD)


class Place(Form):
    """What a colleague is here."""

    role = SelectField(choices=staff.ROLES)
    team = StringField(validators=[Length(max=60, message="A team's name has at most 60 characters.")])
    active = BooleanField()


class NewPassword(Form):
    password = PasswordField(validators=NEW_PASSWORD)


@router.page("/people", "people.manage")
async def show(request: Request) -> Response:
    return await _page(request, NewColleague())


async def _page(request: Request, new: NewColleague, wrong: tuple[int, str] | None = None) -> Response:
    """`wrong`: the colleague whose password cannot be set, and why."""
    everyone = await console(request).database.read(staff.everyone)
    content = {"everyone": everyone, "roles": staff.ROLES, "matrix": MATRIX, "new": new, "wrong": wrong}
    return render(request, "people.html", content, 422 if new.errors or wrong else 200)


@router.act("/people", "people.manage")
async def add(request: Request) -> Response:
    site, new = console(request), await filled(request, NewColleague)
    if not new.validate():
        return await _page(request, new)
    password_hash = await site.database.read(_hash, new.password.data)
    try:
        await site.database.write(_add, person_of(request).id, new.data, password_hash, address_of(request))
    except ShopError as error:
        blame(new, "name" if error.code == "bad_name" else "email", error)
        return await _page(request, new)
    return back_to(request, "/people?said=saved")


@router.act("/people/{staff_id:int}", "people.manage")
async def change(request: Request, staff_id: int) -> Response:
    place = checked(await form(request), Place)
    await console(request).database.write(_change, person_of(request).id, staff_id, place.data, address_of(request))
    return back_to(request, "/people?said=saved")


@router.act("/people/{staff_id:int}/sign-out", "people.manage")
async def sign_out(request: Request, staff_id: int) -> Response:
    await console(request).database.write(_sign_out, person_of(request).id, staff_id, address_of(request))
    return back_to(request, "/people?said=saved")


@router.act("/people/{staff_id:int}/password", "people.manage")
async def password(request: Request, staff_id: int) -> Response:
    """A new password for somebody who forgot theirs; it ends the second factor too, and every session."""
    site, new = console(request), await filled(request, NewPassword)
    if not new.validate():
        return await _page(request, NewColleague(), (staff_id, new.password.errors[0]))
    password_hash = await site.database.read(_hash, new.password.data)
    await site.database.write(_set_password, person_of(request).id, staff_id, password_hash, address_of(request))
    return back_to(request, "/people?said=saved")


def _hash(_: Session, password: str) -> str:
    return staff.hash_password(password)


def _add(session: Session, by: int, given: dict[str, str], password_hash: str, address: str) -> None:
    new = staff.add(session, given["email"], given["name"], given["role"], password_hash, given["team"])
    audit.record(session, session.get_one(Staff, by), "staff.add", "staff", new.id, address, role=new.role)


def _change(session: Session, by: int, staff_id: int, given: dict[str, Any], address: str) -> None:
    who = session.get_one(Staff, staff_id)
    role, active = given["role"], given["active"]
    staff.set_role(session, staff_id, role)
    staff.set_active(session, staff_id, active)
    who.team = clean(given["team"], 60)
    audit.record(session, session.get_one(Staff, by), "staff.change", "staff", staff_id, address, role=role, active=active, team=who.team)


def _sign_out(session: Session, by: int, staff_id: int, address: str) -> None:
    staff.sign_out_everywhere(session, session.get_one(Staff, staff_id).id)
    audit.record(session, session.get_one(Staff, by), "staff.sign_out", "staff", staff_id, address)


def _set_password(session: Session, by: int, staff_id: int, password_hash: str, address: str) -> None:
    staff.set_password_hash(session, staff_id, password_hash)
    staff.set_totp(session, staff_id, "")
    audit.record(session, session.get_one(Staff, by), "staff.password", "staff", staff_id, address)
