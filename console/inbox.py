"""The inbox: the queue, and a conversation with all that stands beside it."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from console import beside, knowledge, thread
from console.access import ALL, MATRIX, Person, person_of
from console.context import console
from console.pages import Pages, render
from console.problems import Refusal
from shop import canned, queue, staff
from shop.models import Conversation
from shop.settings import PROJECT, Settings

router = Pages()


@router.page("/inbox", "chats.see")
async def lists(request: Request, view: str = "waiting") -> Response:
    site, person = console(request), person_of(request)
    return render(request, "inbox.html", await site.database.read(_list, person, _known(view)))


@router.page("/inbox/{chat}", "chats.see")
async def show(request: Request, chat: str, view: str = "", m: int | None = None, before: int | None = None) -> Response:
    """`m`: an exact message; `before`: the messages before that id."""
    site, person = console(request), person_of(request)
    content = await site.database.read(_chat, person, chat, view, m, before, site.settings)
    return render(request, "inbox.html", content | {"exact": m})


def find(session: Session, public_id: str) -> Conversation:
    """Raises Refusal 404."""
    found = session.scalars(select(Conversation).where(Conversation.public_id == public_id)).one_or_none()
    if found is None:
        raise Refusal(404, "There is no such conversation; its customer may have been forgotten.")
    return found


def _known(view: str) -> str:
    return view if view in queue.VIEWS else "waiting"


def _list(session: Session, person: Person, view: str) -> dict[str, Any]:
    return {
        "view": view,
        "views": queue.VIEWS,
        "rows": queue.rows(session, view, person.id),
        "most": queue.PAGE,
        "counts": queue.counts(session, person.id),
        "chat": None,
    }


def _chat(
    session: Session, person: Person, public_id: str, view: str, m: int | None, before: int | None, settings: Settings
) -> dict[str, Any]:
    row = queue.row(session, public_id, person.id)
    if row is None:
        raise Refusal(404, "There is no such conversation; its customer may have been forgotten.")
    if view not in queue.VIEWS:
        view = "mine" if row.holder_id == person.id else row.state if row.state in queue.VIEWS else "all"
    colleagues = staff.who_take_chats(session)
    teams = sorted({one.team for one in colleagues if one.team})
    holds = person.may("chats.hold") and (
        row.holder_id == person.id or MATRIX["chats.hold"][person.role] == ALL and row.holder_id is not None
    )
    return _list(session, person, view) | {
        "chat": row,
        "thread": thread.load(session, row.id, before, m),
        "holds": holds,
        "mine": row.holder_id == person.id,
        "before": before,
        "colleagues": colleagues,
        "teams": teams,
        "beside": beside.load(session, row.id, settings),
        "reasons": thread.REASONS,
        "replies": canned.filled(session, row.customer_id, person.name, settings) if holds else [],
        "slots": knowledge.text_slots(PROJECT) if holds else (),
        "serves": person.may("customers.serve"),
    }
