"""Who works here: accounts, roles, teams; for administrators."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from console.access import MATRIX, person_of
from console.context import console
from console.forms import form
from console.pages import Pages, address_of, back_to, render
from shop import audit, staff
from shop.models import Staff
from shop.text import clean

router = Pages()


@router.page("/people", "people.manage")
async def show(request: Request) -> Response:
    everyone = await console(request).database.read(staff.everyone)
    return render(request, "people.html", {"everyone": everyone, "roles": staff.ROLES, "matrix": MATRIX})


@router.act("/people", "people.manage")
async def add(request: Request) -> Response:
    site, given = console(request), await form(request)
    password_hash = await site.database.read(_hash, given.get("password", ""))
    await site.database.write(_add, person_of(request).id, given, password_hash, address_of(request))
    return back_to(request, "/people?said=saved")


@router.act("/people/{staff_id:int}", "people.manage")
async def change(request: Request, staff_id: int) -> Response:
    await console(request).database.write(_change, person_of(request).id, staff_id, await form(request), address_of(request))
    return back_to(request, "/people?said=saved")


@router.act("/people/{staff_id:int}/sign-out", "people.manage")
async def sign_out(request: Request, staff_id: int) -> Response:
    await console(request).database.write(_sign_out, person_of(request).id, staff_id, address_of(request))
    return back_to(request, "/people?said=saved")


@router.act("/people/{staff_id:int}/password", "people.manage")
async def password(request: Request, staff_id: int) -> Response:
    """A new password for somebody who forgot theirs; it ends the second factor too, and every session."""
    site, given = console(request), await form(request)
    password_hash = await site.database.read(_hash, given.get("password", ""))
    await site.database.write(_set_password, person_of(request).id, staff_id, password_hash, address_of(request))
    return back_to(request, "/people?said=saved")


def _hash(_: Session, password: str) -> str:
    return staff.hash_password(password)


def _add(session: Session, by: int, given: dict[str, str], password_hash: str, address: str) -> None:
    new = staff.add(session, given.get("email", ""), given.get("name", ""), given.get("role", ""), password_hash, given.get("team", ""))
    audit.record(session, session.get_one(Staff, by), "staff.add", "staff", new.id, address, role=new.role)


def _change(session: Session, by: int, staff_id: int, given: dict[str, str], address: str) -> None:
    who = session.get_one(Staff, staff_id)
    role, active = given.get("role", who.role), "active" in given
    staff.set_role(session, staff_id, role)
    staff.set_active(session, staff_id, active)
    who.team = clean(given.get("team", who.team), 60)
    audit.record(session, session.get_one(Staff, by), "staff.change", "staff", staff_id, address, role=role, active=active, team=who.team)


def _sign_out(session: Session, by: int, staff_id: int, address: str) -> None:
    staff.sign_out_everywhere(session, session.get_one(Staff, staff_id).id)
    audit.record(session, session.get_one(Staff, by), "staff.sign_out", "staff", staff_id, address)


def _set_password(session: Session, by: int, staff_id: int, password_hash: str, address: str) -> None:
    staff.set_password_hash(session, staff_id, password_hash)
    staff.set_totp(session, staff_id, "")
    audit.record(session, session.get_one(Staff, by), "staff.password", "staff", staff_id, address)
