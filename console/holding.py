"""Taking a chat, writing in it, passing it on, giving it back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy.orm import Session
from wtforms import Form, StringField, TextAreaField
from wtforms.validators import Regexp

from console import knowledge
from console.access import Person, person_of
from console.context import console
from console.forms import IdField, checked, form, required
from console.inbox import find
from console.pages import Pages, address_of
from console.problems import Refusal, say
from shop import audit, canned, desk, desk_texts, outbox, queue
from shop.commands import once
from shop.errors import ShopError
from shop.models import Claim, Conversation, Staff
from shop.settings import PROJECT, Settings
from shop.text import clean

router = Pages()
LONGEST = 4000  # characters of a message
TYPING_LASTS = 8.0  # seconds; the composer tells anew every four
_SLOT = re.compile(r"^\s*([a-z][a-z0-9_]{0,39})\s*[=:]\s*(.{1,200})$")
Step = Callable[[Session, Conversation, Person, dict[str, str], Settings], dict[str, Any] | None]  # -> details for the audit log


class Keyed(Form):
    """What is said once, however often it arrives."""

    key = StringField(validators=[Regexp(r"[A-Za-z0-9-]{8,60}\Z", message="The message has no key; reload the page.")])


class Message(Keyed):
    text = TextAreaField(validators=required("A message", LONGEST))


class Looking(Form):
    """Up to which message was read, and whether the colleague writes."""

    read = IdField()
    typing = StringField()


class Onward(Form):
    """A colleague's number, or `team:` and a team's name."""

    to = StringField(validators=[Regexp(r"([0-9]{1,18}|team:.{1,60})\Z", message=say(ShopError("no_team")))])


class SlotsField(TextAreaField):
    """A line each, `name = value`."""

    def process_formdata(self, values: list[str]) -> None:
        self.data = {}
        for line in filter(str.strip, values[0].splitlines() if values else ()):
            found = _SLOT.match(line)
            if found is None:
                raise ValueError(f"What the bot should know stands as 'name = value', a line each; this does not: {line[:60]}")
            if found[1] not in knowledge.slots(PROJECT):
                raise ValueError(f"The bot keeps nothing called {found[1]}; it does {', '.join(knowledge.text_slots(PROJECT))}.")
            self.data[found[1]] = found[2].strip()


class HandBack(Form):
    slots = SlotsField()


def holder_of(session: Session, params: dict[str, Any]) -> int | None:
    """Who has the chat that the path names."""
    claim = session.get(Claim, find(session, params["chat"]).id)
    return claim.staff_id if claim else None


@router.act("/inbox/{chat}/here", "chats.see")
async def here(request: Request, chat: str) -> Response:
    """The colleague looks at the chat: it is read up to `read`, and their claim on it stays fresh. `typing`: the customer sees it."""
    site, given, person = console(request), checked(await form(request), Looking), person_of(request)
    conversation_id, holds = await site.database.write(_here, chat, person, given.read.data or 0)
    if holds and given.typing.data:
        site.live.set_typing(conversation_id, given.typing.data == "yes", TYPING_LASTS)
    return PlainTextResponse("", 204)


async def step(request: Request, chat: str, action: str, change: Step) -> Response:
    """Makes the change and its line in the audit log in one transaction, then wakes whoever listens. Raises Refusal, ShopError."""
    site, given = console(request), await form(request)
    conversation_id = await site.database.write(
        _change, chat, action, change, person_of(request), given, site.settings, address_of(request)
    )
    site.live.set_typing(conversation_id, False)
    site.live.wake(conversation_id)
    return PlainTextResponse("done")


def stepping(action: str, change: Step) -> Callable[[Request, str], Awaitable[Response]]:
    """A route that makes the change in the chat of its path."""

    async def route(request: Request, chat: str) -> Response:
        return await step(request, chat, action, change)

    return route


def _change(
    session: Session, chat: str, action: str, change: Step, person: Person, given: dict[str, str], settings: Settings, address: str
) -> int:
    conversation = find(session, chat)
    conversation_id, public_id = conversation.id, conversation.public_id
    try:
        details = change(session, conversation, person, given, settings) or {}
    except ShopError as error:
        if error.code == "taken":
            raise Refusal(409, f"{error.fields['by']} has this chat already.") from None
        raise
    desk.renew(session, conversation_id, person.id)
    audit.record(session, session.get_one(Staff, person.id), action, "conversation", public_id, address, **details)
    return conversation_id


def _take(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> None:
    if desk.take(session, conversation.id, person.id):
        outbox.append(session, conversation.id, [desk_texts.joined(person.name)], "system")


def _say(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> None:
    said = checked(given, Message)
    text, key = said.text.data, said.key.data

    def write() -> dict[str, Any]:
        shown = canned.fill(session, text, conversation.customer_id, person.name, settings)
        outbox.append(session, conversation.id, [{"text": shown, "agent": person.name}], "agent")
        desk.replied(session, conversation.id)
        return {}

    once(session, f"say:{conversation.public_id}:{key}", "agent_message", write)


def _release(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> None:
    desk.release(session, conversation.id, person.id)
    outbox.append(session, conversation.id, [_waiting_again(session, settings)], "system")


def _waiting_again(session: Session, settings: Settings) -> dict[str, Any]:
    return desk_texts.waiting_again(desk.outlook(session, settings), settings.locale)


def _transfer(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> dict[str, Any]:
    to, _, team = checked(given, Onward).to.data.partition("team:")
    desk.transfer(session, conversation.id, person.id, int(to) if to else None, clean(team, 60))
    claim = session.get(Claim, conversation.id)
    to_whom = session.get_one(Staff, claim.staff_id).name if claim else ""
    told = desk_texts.passed_to(person.name, to_whom) if claim else _waiting_again(session, settings)
    outbox.append(session, conversation.id, [told], "system")
    return {"to": claim.staff_id if claim else team}


def _hand_back(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> dict[str, Any]:
    slots = checked(given, HandBack).slots.data
    desk.hand_back(session, conversation.id, person.id, slots)
    outbox.append(session, conversation.id, [desk_texts.handed_back(person.name)], "system")
    return {"slots": ", ".join(sorted(slots))}


def _resolve(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> None:
    survey = desk.resolve(session, conversation.id, person.id, settings.survey_question, settings.survey_scale)
    if survey is not None:
        outbox.append(session, conversation.id, [desk_texts.resolved(survey.id, survey.question, survey.scale)], "system")


def _here(session: Session, chat: str, person: Person, read: int) -> tuple[int, bool]:
    conversation = find(session, chat)
    if read:
        queue.read_up_to(session, person.id, conversation.id, read)
    return conversation.id, desk.renew(session, conversation.id, person.id)


router.act("/inbox/{chat}/take", "chats.take")(stepping("chat.take", _take))
for name, change in {"say": _say, "release": _release, "transfer": _transfer, "hand-back": _hand_back, "resolve": _resolve}.items():
    router.act(f"/inbox/{{chat}}/{name}", "chats.hold", holder_of)(stepping(f"chat.{name.replace('-', '_')}", change))
