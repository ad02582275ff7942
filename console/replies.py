"""Ready answers: a page to write them on."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session
from wtforms import Form, StringField, TextAreaField
from wtforms.validators import Length

from console.access import person_of
from console.context import console
from console.forms import blame, filled, form, required
from console.pages import Pages, address_of, back_to, render
from shop import audit, canned
from shop.errors import ShopError
from shop.models import CannedReply, Staff

router = Pages()


def writer_of(session: Session, params: dict[str, Any]) -> int | None:
    reply = session.get(CannedReply, int(params["reply_id"]))
    return reply.staff_id if reply else None


class Reply(Form):
    shortcut = StringField("Short name", required("A short name", 40))
    title = StringField("Title", [Length(max=120, message="A title has at most 120 characters.")])
    text = TextAreaField("Text", required("An answer", 2000))


@router.page("/replies", "replies.see")
async def show(request: Request) -> Response:
    return await _page(request, None, None)


@router.act("/replies", "replies.see")
async def add(request: Request) -> Response:
    return await _saved(request, None)


@router.act("/replies/{reply_id:int}", "replies.edit", writer_of)
async def change(request: Request, reply_id: int) -> Response:
    """Changed, or deleted."""
    if "delete" in await form(request):
        await console(request).database.write(_delete, person_of(request).id, reply_id, address_of(request))
        return back_to(request, "/replies?said=saved")
    return await _saved(request, reply_id)


async def _saved(request: Request, reply_id: int | None) -> Response:
    reply = await filled(request, Reply)
    if not reply.validate():
        return await _page(request, reply_id, reply)
    try:
        await console(request).database.write(_save, person_of(request).id, reply_id, reply.data, address_of(request))
    except ShopError as error:
        blame(reply, "text" if error.code == "empty_reply" else "shortcut", error)
        return await _page(request, reply_id, reply)
    return back_to(request, "/replies?said=saved")


async def _page(request: Request, reply_id: int | None, wrong: Reply | None) -> Response:
    """`wrong`: what was sent for that answer (None: for a new one) and cannot be saved."""
    found = await console(request).database.read(canned.everything)
    forms = [(row.id, wrong if wrong and row.id == reply_id else Reply(obj=row)) for row in found]
    new = wrong if wrong and reply_id is None else Reply()
    content = {"replies": forms, "new": new, "placeholders": canned.PLACEHOLDERS}
    return render(request, "replies.html", content, 422 if wrong else 200)


def _delete(session: Session, staff_id: int, reply_id: int, address: str) -> None:
    session.delete(session.get_one(CannedReply, reply_id))
    audit.record(session, session.get_one(Staff, staff_id), "reply.delete", "reply", reply_id, address)


def _save(session: Session, staff_id: int, reply_id: int | None, given: dict[str, str], address: str) -> None:
    reply = canned.save(session, given["shortcut"], given["title"], given["text"], staff_id, reply_id)
    audit.record(session, session.get_one(Staff, staff_id), "reply.save", "reply", reply.id, address)
