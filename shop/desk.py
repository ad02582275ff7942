"""Who has a conversation: the bot, nobody yet (waiting), a colleague (open), or nobody any more (resolved).

| from | by | to |
|---|---|---|
| bot, resolved | `ask_for_person` (the customer, or a rule) | waiting |
| waiting | `withdraw` (the customer goes on with the bot) | bot |
| any, unless another has it | `take` | open |
| open | `release`, `expire`, `transfer` to a team | waiting |
| open | `transfer` to a colleague | open |
| open | `hand_back` | bot |
| waiting, open | `resolve` | resolved |
| resolved | the customer writes again | bot |

A running handover spans waiting and open. Each step writes an event, which is the history shown between the messages.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop import hours
from shop.errors import ShopError
from shop.models import Claim, Conversation, ConversationEvent, Filing, Handover, Staff, Survey, now
from shop.settings import Settings
from shop.staff import TAKE_CHATS

CLAIM_LASTS = timedelta(minutes=15)  # since the colleague last did or saw something there
LEARN_FROM, LEARN_DAYS = 20, 14  # handovers and days from which the usual wait is learnt
FIRST_GUESS = 3  # minutes, as long as nothing is known
LONGEST_GUESS = 60
QUIET = {"synchronize_session": False}


@dataclass(frozen=True)
class Outlook:
    """What a customer may expect: `opens_at` (the shop's time) when nobody is there now, else about how many minutes it takes."""

    wait_minutes: int
    opens_at: datetime | None = None


def outlook(session: Session, settings: Settings, at: datetime | None = None) -> Outlook:
    """From the median wait of the latest handovers that somebody took, rounded up."""
    at = at or now()
    opens_at = hours.next_opening(hours.parse(settings.desk_hours), at, ZoneInfo(settings.timezone))
    taken = select(Handover.requested_at, Handover.claimed_at).where(
        Handover.claimed_at.is_not(None), Handover.reason != "agent", Handover.out_of_hours.is_(False),
        Handover.requested_at > at - timedelta(days=LEARN_DAYS),
    )  # fmt: skip
    waits = [
        (row.claimed_at - row.requested_at).total_seconds() / 60
        for row in session.execute(taken.order_by(Handover.id.desc()).limit(LEARN_FROM))
    ]
    minutes = statistics.median(waits) if waits else FIRST_GUESS
    return Outlook(min(max(round(minutes + 0.499), 1), LONGEST_GUESS), opens_at)


def running(session: Session, conversation_id: int) -> Handover | None:
    return session.scalars(select(Handover).where(Handover.conversation_id == conversation_id, Handover.ended_at.is_(None))).one_or_none()


def holder(session: Session, conversation_id: int) -> Claim | None:
    return session.get(Claim, conversation_id)


def ask_for_person(
    session: Session, conversation_id: int, reason: str, inbox_id: int | None = None, out_of_hours: bool = False, at: datetime | None = None
) -> bool:
    """Puts the conversation into the queue; False when it is there, or with a person, already."""
    waiting = update(Conversation).where(Conversation.id == conversation_id, Conversation.state.in_(("bot", "resolved")))
    if not session.execute(waiting.values(state="waiting"), execution_options=QUIET).rowcount:
        return False
    session.add(
        Handover(conversation_id=conversation_id, reason=reason, inbox_id=inbox_id, out_of_hours=out_of_hours, requested_at=at or now())
    )
    note(session, conversation_id, "waiting", None, reason=reason)
    session.flush()
    return True


def take(session: Session, conversation_id: int, staff_id: int, at: datetime | None = None) -> bool:
    """Gives the chat to the colleague; True when it was not theirs already. A stale claim of another gives way.

    Raises ShopError `taken` (by: the colleague's name).
    """
    at = at or now()
    stale = delete(Claim).where(Claim.conversation_id == conversation_id, Claim.expires_at <= at, Claim.staff_id != staff_id)
    session.execute(stale, execution_options=QUIET)
    mine = Claim(conversation_id=conversation_id, staff_id=staff_id, claimed_at=at, expires_at=at + CLAIM_LASTS)
    try:
        with session.begin_nested():
            session.add(mine)
    except IntegrityError:
        by = session.execute(
            select(Claim.staff_id, Staff.name).join(Staff, Staff.id == Claim.staff_id).where(Claim.conversation_id == conversation_id)
        ).one()
        if by.staff_id != staff_id:
            raise ShopError("taken", by=by.name) from None
        renew(session, conversation_id, staff_id, at)
        return False
    conversation = session.get_one(Conversation, conversation_id, populate_existing=True, with_for_update=True)
    handover = running(session, conversation_id)
    if handover is None:
        handover = Handover(conversation_id=conversation_id, reason="agent", requested_at=at)
        session.add(handover)
    handover.claimed_at, handover.staff_id, conversation.state = handover.claimed_at or at, staff_id, "open"
    note(session, conversation_id, "claimed", staff_id)
    session.flush()
    return True


def renew(session: Session, conversation_id: int, staff_id: int, at: datetime | None = None) -> bool:
    """The colleague is still there. False when the chat is not theirs."""
    mine = update(Claim).where(Claim.conversation_id == conversation_id, Claim.staff_id == staff_id)
    return bool(session.execute(mine.values(expires_at=(at or now()) + CLAIM_LASTS), execution_options=QUIET).rowcount)


def replied(session: Session, conversation_id: int, at: datetime | None = None) -> None:
    """A person has answered: the end of the customer's wait."""
    first = update(Handover).where(
        Handover.conversation_id == conversation_id, Handover.ended_at.is_(None), Handover.first_reply_at.is_(None)
    )
    session.execute(first.values(first_reply_at=at or now()), execution_options=QUIET)


def release(session: Session, conversation_id: int, staff_id: int | None, kind: str = "released") -> None:
    """Back into the queue."""
    _unclaim(session, conversation_id)
    session.get_one(Conversation, conversation_id).state = "waiting"
    note(session, conversation_id, kind, staff_id)


def transfer(session: Session, conversation_id: int, staff_id: int, to_staff: int | None = None, to_team: str = "") -> None:
    """To a colleague, who then has it, or into the queue for a team. Raises ShopError `no_such_staff`, `no_team`."""
    at = now()
    if to_staff is not None:
        to = session.get(Staff, to_staff)
        if to is None or not to.active or to.role not in TAKE_CHATS:
            raise ShopError("no_such_staff")
        _unclaim(session, conversation_id)
        session.add(Claim(conversation_id=conversation_id, staff_id=to.id, claimed_at=at, expires_at=at + CLAIM_LASTS))
        handover = running(session, conversation_id)
        if handover is not None:
            handover.staff_id = to.id
        note(session, conversation_id, "transferred", staff_id, to=to.name)
    elif to_team:
        filing(session, conversation_id).team = to_team[:60]
        release(session, conversation_id, staff_id, "transferred")
    else:
        raise ShopError("no_team")
    session.flush()


def hand_back(session: Session, conversation_id: int, staff_id: int, slots: dict[str, Any]) -> None:
    """The bot goes on, knowing `slots`."""
    filing(session, conversation_id).slots = slots
    _end(session, conversation_id, "bot", "bot")
    note(session, conversation_id, "returned", staff_id, slots=sorted(slots))


def withdraw(session: Session, conversation_id: int) -> bool:
    """The customer goes on with the bot; False when a person has the chat already."""
    if session.get_one(Conversation, conversation_id).state != "waiting":
        return False
    _end(session, conversation_id, "bot", "withdrawn")
    note(session, conversation_id, "withdrawn", None)
    return True


def resolve(session: Session, conversation_id: int, staff_id: int, question: str, scale: int) -> Survey | None:
    """Ends it, and asks the customer how it was; None when nobody ever answered: then there is nothing to ask about."""
    handover = running(session, conversation_id)
    _end(session, conversation_id, "resolved", "resolved")
    note(session, conversation_id, "resolved", staff_id)
    if handover is None or handover.first_reply_at is None:
        return None
    survey = Survey(conversation_id=conversation_id, handover_id=handover.id, staff_id=staff_id, question=question, scale=scale)
    session.add(survey)
    session.flush()
    return survey


def expire(session: Session, at: datetime | None = None) -> list[int]:
    """Puts the chats of stale claims back into the queue; returns their conversations."""
    stale = list(session.execute(select(Claim.conversation_id, Claim.staff_id).where(Claim.expires_at <= (at or now()))))
    for conversation_id, staff_id in stale:
        release(session, conversation_id, staff_id, "expired")
    return [conversation_id for conversation_id, _ in stale]


def filing(session: Session, conversation_id: int) -> Filing:
    """How the conversation is filed, made if it is not yet."""
    found = session.get(Filing, conversation_id)
    if found is None:
        found = Filing(conversation_id=conversation_id)
        session.add(found)
        session.flush()
    return found


def note(session: Session, conversation_id: int, kind: str, staff_id: int | None, **details: Any) -> None:
    """Writes a step of the conversation's life."""
    session.add(ConversationEvent(conversation_id=conversation_id, kind=kind, staff_id=staff_id, details=details))


def _unclaim(session: Session, conversation_id: int) -> None:
    session.execute(delete(Claim).where(Claim.conversation_id == conversation_id), execution_options=QUIET)
    session.expire_all()


def _end(session: Session, conversation_id: int, state: str, outcome: str) -> None:
    handover = running(session, conversation_id)
    _unclaim(session, conversation_id)
    session.get_one(Conversation, conversation_id).state = state
    if handover is not None:
        handover.ended_at, handover.outcome = now(), outcome
    session.flush()
