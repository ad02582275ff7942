"""Ready answers: a page to write them on."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from console.access import person_of
from console.context import console
from console.forms import form
from console.pages import Pages, address_of, back_to, render
from shop import audit, canned
from shop.models import CannedReply, Staff

router = Pages()


def writer_of(session: Session, params: dict[str, Any]) -> int | None:
    reply = session.get(CannedReply, int(params["reply_id"]))
    return reply.staff_id if reply else None


@router.page("/replies", "replies.see")
async def show(request: Request) -> Response:
    found = await console(request).database.read(canned.everything)
    return render(request, "replies.html", {"replies": found, "placeholders": canned.PLACEHOLDERS})


@router.act("/replies", "replies.see")
async def add(request: Request) -> Response:
    await console(request).database.write(_save, person_of(request).id, None, await form(request), address_of(request))
    return back_to(request, "/replies?said=saved")


@router.act("/replies/{reply_id:int}", "replies.edit", writer_of)
async def change(request: Request, reply_id: int) -> Response:
    """Changed, or deleted."""
    await console(request).database.write(_save, person_of(request).id, reply_id, await form(request), address_of(request))
    return back_to(request, "/replies?said=saved")


def _save(session: Session, staff_id: int, reply_id: int | None, given: dict[str, str], address: str) -> None:
    who = session.get_one(Staff, staff_id)
    if reply_id is not None and "delete" in given:
        session.delete(session.get_one(CannedReply, reply_id))
        audit.record(session, who, "reply.delete", "reply", reply_id, address)
        return
    reply = canned.save(session, given.get("shortcut", ""), given.get("title", ""), given.get("text", ""), staff_id, reply_id)
    audit.record(session, who, "reply.save", "reply", reply.id, address)
