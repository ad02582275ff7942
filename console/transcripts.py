"""Conversations: the list with its filters, the transcript, and what is taken away as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import Form, StringField

from console import knowledge, thread
from console.access import person_of
from console.context import Console, console
from console.forms import checked, form, required
from console.pages import Pages, address_of, back_to, render
from console.problems import Refusal
from shop import audit, paging, queue, saved_filters, staff, transcripts, transcripts_export, transcripts_reading
from shop.models import Staff, Tag
from shop.segments import SEGMENTS
from shop.settings import PROJECT
from shop.transcripts_fields import FIELDS, STATES
from shop.transcripts_language import MAX_CHARS, BadFilter

router = Pages()
LARGEST_ID = 2**62
MOST_TAGS = 200  # to choose from


class Named(Form):
    name = StringField(validators=required("The filter's name", 80))


class KeptFilter(Named):
    q = StringField(validators=required("A filter", MAX_CHARS))


@router.page("/transcripts", "chats.see")
async def listed(request: Request) -> Response:
    """A filter that cannot be read is explained above an empty list."""
    site, person, query = console(request), person_of(request), request.query_params.get("q", "").strip()
    kept = await site.database.read(saved_filters.of, person.id)
    content: dict[str, Any] = {
        "query": query,
        "fields": FIELDS,
        "kept": kept,
        "page": None,
        "problem": "",
        "formats": transcripts_export.FORMATS,
        "choices": await site.database.read(_choices),
    }
    try:
        at = paging.place(request.query_params.get("at", ""), transcripts.ORDER)
        content["page"] = await site.database.read(transcripts.find, query, at)
    except BadFilter as error:
        content["problem"] = str(error)
    return render(request, "transcripts.html", content, 422 if content["problem"] else 200)


def _choices(session: Session) -> dict[str, Iterable[str]]:
    """Field -> values that it can have, where they are few enough to choose from."""
    return {
        "state": STATES,
        "intent": [*knowledge.intents(PROJECT), "nlu_fallback"],
        "action": knowledge.actions(PROJECT),
        "entity": knowledge.entities(PROJECT),
        "slot": knowledge.slots(PROJECT),
        "segment": SEGMENTS,
        "agent": [one.name for one in staff.who_take_chats(session)],
        "tag": session.scalars(select(Tag.tag).distinct().order_by(Tag.tag).limit(MOST_TAGS)),
        "thumb": ("up", "down"),
        "review": ("open", "done"),
        **dict.fromkeys(("fallback", "error"), ("yes", "no")),
    }


@router.act("/transcripts/filters", "chats.see")
async def keep(request: Request) -> Response:
    given = checked(await form(request), KeptFilter)
    try:
        await _changed(request, "filter.save", saved_filters.save, given.name.data, given.q.data)
    except BadFilter as error:
        raise Refusal(422, f"The filter was not saved: {error}.") from None
    return back_to(request, "/transcripts?said=saved")


@router.act("/transcripts/filters/remove", "chats.see")
async def remove(request: Request) -> Response:
    given = checked(await form(request), Named)
    await _changed(request, "filter.forget", saved_filters.forget, given.name.data)
    return back_to(request, "/transcripts?said=saved")


async def _changed(request: Request, action: str, change: Callable[..., None], *given: str) -> None:
    """Does that to one's own filters, and says so in the log."""
    person, address = person_of(request), address_of(request)

    def both(session: Session) -> None:
        change(session, person.id, *given)
        audit.record(session, session.get_one(Staff, person.id), action, "staff", person.id, address)

    await console(request).database.write(both)


@router.page("/transcripts-export", "export")
async def export(request: Request) -> Response:
    """A file, sent while it is read: rows=conversations or messages; format=csv, json or parquet."""
    given = request.query_params
    kind, form_, query = given.get("rows", "conversations"), given.get("format", "csv"), given.get("q", "")
    if kind not in transcripts_export.COLUMNS or form_ not in transcripts_export.FORMATS:
        raise Refusal(422, "There is no such export.")
    site = console(request)
    try:
        first = await site.database.read(transcripts_export.chunk, query, kind, None)
    except BadFilter as error:
        raise Refusal(422, f"The filter cannot be read: {error}.") from None
    await site.database.write(_taken_away, person_of(request).id, kind, form_, address_of(request))
    headers = {"Content-Disposition": f'attachment; filename="{kind}.{form_}"'}
    return StreamingResponse(pieces(site, query, kind, form_, first), media_type=transcripts_export.FORMATS[form_], headers=headers)


def _taken_away(session: Session, staff_id: int, kind: str, form_: str, address: str) -> None:
    audit.record(session, session.get_one(Staff, staff_id), f"export.{kind}", address=address, format=form_)


async def pieces(site: Console, query: str, kind: str, form_: str, first: tuple) -> AsyncIterator[bytes]:
    encode = transcripts_export.encoder(kind, form_)
    rows, place = first
    while place is not None:
        yield encode(rows, False)
        rows, place = await site.database.read(transcripts_export.chunk, query, kind, place)
    yield encode(rows, True)


@router.page("/transcripts/{thread}", "chats.see")
async def transcript(request: Request, thread: str) -> Response:
    """A window of messages: the last ones, or around ?message=, before ?before=, after ?after= (ids)."""
    places = {name: number(request.query_params.get(name)) for name in ("message", "before", "after")}
    found = await console(request).database.read(_read, thread, places, person_of(request).id)
    return render(request, "transcript.html", found | {"message": places["message"], "query": request.query_params.get("q", "")})


def number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) < LARGEST_ID else None


def _read(session: Session, public_id: str, places: dict[str, int | None], staff_id: int) -> dict[str, Any]:
    """The messages, and how the conversation is filed. Raises Refusal 404."""
    found = transcripts_reading.read(session, public_id, places["message"], places["before"], places["after"])
    if found is None:
        raise Refusal(404, "There is no such conversation, or its customer was erased.")
    return {
        "transcript": found,
        "chat": queue.row(session, public_id, staff_id),
        "colleagues": staff.who_take_chats(session),
        "notes": thread.notes(session, found.thread.id),
    }
