"""Flags, tags, assignments, notes, saved chats, reviews: how colleagues keep order."""

from __future__ import annotations

import re
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from wtforms import Form, StringField, TextAreaField
from wtforms.validators import Regexp

from console.access import Person
from console.forms import IdField, checked, required
from console.holding import step, stepping
from console.pages import Pages
from console.problems import Refusal
from shop import desk, queue, staff
from shop.models import Conversation, Note, Staff, Tag, now
from shop.settings import Settings

router = Pages()
LONGEST_NOTE, MOST_TAGS = 4000, 20
NOBODY = "There is no such colleague."
_MENTION = re.compile(r"@([\w.+-]+(?:@[\w.-]+)?)")


class Words(Form):
    text = TextAreaField(validators=required("A note", LONGEST_NOTE))


class Word(Form):
    tag = StringField(
        filters=[lambda text: " ".join((text or "").lower().split())],
        validators=[Regexp(r"[\w][\w -]{0,39}\Z", message="A tag has 1 to 40 letters, digits, spaces and dashes.")],
    )


class Assignment(Form):
    """To a colleague, or to nobody."""

    to = IdField(wrong=NOBODY)


def writer_of(session: Session, params: dict[str, Any]) -> int | None:
    note = session.get(Note, int(params["note_id"]))
    return note.staff_id if note else None


@router.act("/inbox/{chat}/notes/{note_id:int}/delete", "notes.delete", writer_of)
async def delete_note(request: Request, chat: str, note_id: int) -> Response:
    def remove(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> None:
        session.execute(delete(Note).where(Note.id == note_id, Note.conversation_id == conversation.id))

    return await step(request, chat, "chat.delete_note", remove)


def mentioned(text: str, everyone: list[Staff]) -> list[int]:
    """The colleagues whom @first-name, @full.name or @email names. A first name that two share names both."""
    found = []
    for word in (word.lower().rstrip(".") for word in _MENTION.findall(text)):
        for one in everyone:
            names = {one.email, one.email.split("@")[0], one.name.lower().replace(" ", "."), one.name.lower().split(" ")[0]}
            if word in names and one.id not in found:
                found.append(one.id)
    return found


def _flag(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> dict[str, Any]:
    filing = desk.filing(session, conversation.id)
    filing.flagged = not filing.flagged
    desk.note(session, conversation.id, "flagged" if filing.flagged else "unflagged", person.id)
    return {"on": filing.flagged}


def _save(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> dict[str, Any]:
    own = queue.place(session, person.id, conversation.id)
    own.saved = not own.saved
    return {"on": own.saved}


def _review(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> dict[str, Any]:
    filing = desk.filing(session, conversation.id)
    if filing.reviewed_at is None:
        filing.reviewed_at, filing.reviewed_by = now(), person.id
        desk.note(session, conversation.id, "reviewed", person.id)
    else:
        filing.reviewed_at = filing.reviewed_by = None
    return {"on": filing.reviewed_at is not None}


def _tag(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> dict[str, Any]:
    word = checked(given, Word).tag.data
    there = list(session.scalars(select(Tag).where(Tag.conversation_id == conversation.id)))
    same = next((one for one in there if one.tag == word), None)
    if same is not None:
        session.delete(same)
    elif len(there) >= MOST_TAGS:
        raise Refusal(422, f"A conversation has at most {MOST_TAGS} tags.")
    else:
        session.add(Tag(conversation_id=conversation.id, tag=word))
    desk.note(session, conversation.id, "untagged" if same else "tagged", person.id, tag=word)
    return {"on": same is None}


def _assign(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> dict[str, Any]:
    wanted = checked(given, Assignment).to.data
    to = session.get(Staff, wanted) if wanted is not None else None
    if wanted is not None and (to is None or not to.active):
        raise Refusal(422, NOBODY)
    desk.filing(session, conversation.id).assignee_id = to.id if to else None
    desk.note(session, conversation.id, "assigned", person.id, to=to.name if to else "nobody")
    return {"to": to.id if to else "nobody"}


def _note(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> None:
    text = checked(given, Words).text.data
    mentions = mentioned(text, staff.everyone(session, active_only=True))
    session.add(Note(conversation_id=conversation.id, staff_id=person.id, text=text, mentions=mentions))
    desk.note(session, conversation.id, "noted", person.id)


# What is done with a chat: the last part of the address, which the audit log names too, and the change.
for name, change in {"flag": _flag, "save": _save, "review": _review, "tag": _tag, "assign": _assign, "note": _note}.items():
    router.act(f"/inbox/{{chat}}/{name}", "chats.file")(stepping(f"chat.{name}", change))
