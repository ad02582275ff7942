"""The lists of conversations that colleagues work from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from shop.models import Claim, Conversation, Customer, Filing, Handover, Note, OutboxMessage, Place, Staff, Tag, now

VIEWS = {
    "waiting": "Waiting",
    "mine": "Mine",
    "open": "With colleagues",
    "for_me": "For me",
    "saved": "Saved",
    "flagged": "Flagged",
    "bot": "With the bot",
    "resolved": "Resolved",
    "all": "All",
}
PAGE = 60
RECENT_NOTES = 300


@dataclass(frozen=True)
class Row:
    """One conversation in a list. `waiting_since`: since when nobody answers the wish for a person, else None; `reason`: why a person
    came in; `last`: the newest message's author and text."""

    id: int
    public_id: str
    state: str
    channel: str
    customer_id: int
    customer: str
    last_at: datetime
    last_author: str
    last_text: str
    waiting_since: datetime | None
    reason: str
    holder_id: int | None
    holder: str
    unread: int
    flagged: bool
    saved: bool
    reviewed: bool
    team: str
    assignee_id: int | None
    tags: list[str] = field(default_factory=list)


def rows(session: Session, view: str, staff_id: int) -> list[Row]:
    """The longest waiting first where people wait, else the newest first. Raises KeyError for an unknown view."""
    query = _base(staff_id).limit(PAGE)
    if view in ("waiting", "open"):
        query = query.where(Handover.id.is_not(None), Conversation.state == view)
    elif view in ("bot", "resolved"):
        query = query.where(Conversation.state == view)
    elif view != "all":
        query = query.where(_OF[view](session, staff_id))
    order = Handover.requested_at.asc() if view == "waiting" else Conversation.last_message_at.desc()
    return _filled(session, session.execute(query.order_by(order, Conversation.id)).all())


def row(session: Session, public_id: str, staff_id: int) -> Row | None:
    found = _filled(session, session.execute(_base(staff_id).where(Conversation.public_id == public_id)).all())
    return found[0] if found else None


def counts(session: Session, staff_id: int) -> dict[str, int]:
    """How many wait, how many are with people, how many of them are one's own; `unread`, customers' messages in one's own; `for_me`, chats
    in which a note mentions one that one has not seen yet."""
    people = select(Conversation.state, func.count()).join(Handover, Handover.conversation_id == Conversation.id)
    states = dict(session.execute(people.where(Handover.ended_at.is_(None)).group_by(Conversation.state)).all())
    mine = list(session.scalars(select(Claim.conversation_id).where(Claim.staff_id == staff_id)))
    unread = sum(row.unread for row in rows(session, "mine", staff_id)) if mine else 0
    called = len(_calling(session, staff_id))
    return {"waiting": states.get("waiting", 0), "open": states.get("open", 0), "mine": len(mine), "unread": unread, "for_me": called}


def place(session: Session, staff_id: int, conversation_id: int) -> Place:
    """The colleague's own relation to the conversation, made if there is none."""
    own = select(Place).where(Place.staff_id == staff_id, Place.conversation_id == conversation_id)
    found = session.scalars(own).one_or_none()
    if found is None:
        found = Place(staff_id=staff_id, conversation_id=conversation_id)
        session.add(found)
        session.flush()
    return found


def read_up_to(session: Session, staff_id: int, conversation_id: int, outbox_id: int) -> None:
    """The colleague looks at the conversation, and has read its messages up to that one; never backwards."""
    own = place(session, staff_id, conversation_id)
    own.read_up_to, own.seen_at = max(own.read_up_to, outbox_id), now()


def _base(staff_id: int) -> Select:
    last = select(func.max(OutboxMessage.id)).where(OutboxMessage.conversation_id == Conversation.id).scalar_subquery()
    unread = (
        select(func.count())
        .where(
            OutboxMessage.conversation_id == Conversation.id,
            OutboxMessage.author == "customer",
            OutboxMessage.id > func.coalesce(Place.read_up_to, 0),
        )
        .correlate(Conversation, Place)
        .scalar_subquery()
    )
    columns = (
        Conversation.id,
        Conversation.public_id,
        Conversation.state,
        Conversation.channel,
        Conversation.customer_id,
        Conversation.last_message_at,
        Customer.name,
        Customer.email,
        Handover.requested_at,
        Handover.reason,
        Claim.staff_id,
        Staff.name.label("holder"),
        Filing.flagged,
        Filing.team,
        Filing.assignee_id,
        Filing.reviewed_at,
        Place.saved,
        last.label("last_id"),
        unread.label("unread"),
    )
    return (
        select(*columns)
        .join(Customer, Customer.id == Conversation.customer_id)
        .outerjoin(Handover, and_(Handover.conversation_id == Conversation.id, Handover.ended_at.is_(None)))
        .outerjoin(Claim, Claim.conversation_id == Conversation.id)
        .outerjoin(Staff, Staff.id == Claim.staff_id)
        .outerjoin(Filing, Filing.conversation_id == Conversation.id)
        .outerjoin(Place, and_(Place.conversation_id == Conversation.id, Place.staff_id == staff_id))
    )


def _for_me(session: Session, staff_id: int) -> Any:
    """Assigned to the colleague, or mentioned in a recent note."""
    return or_(Filing.assignee_id == staff_id, Conversation.id.in_(_mentions(session, staff_id)))


def _mentions(session: Session, staff_id: int) -> dict[int, datetime]:
    """Conversation -> when a note there mentioned the colleague last, among the recent notes."""
    notes = session.execute(select(Note.conversation_id, Note.mentions, Note.at).order_by(Note.id.desc()).limit(RECENT_NOTES))
    found: dict[int, datetime] = {}
    for conversation_id, mentions, at in notes:
        if staff_id in mentions:
            found.setdefault(conversation_id, at)
    return found


def _calling(session: Session, staff_id: int) -> set[int]:
    """The conversations in which the colleague was mentioned since they last looked."""
    mentions = _mentions(session, staff_id)
    looked = select(Place.conversation_id, Place.seen_at).where(Place.staff_id == staff_id, Place.conversation_id.in_(mentions))
    seen = dict(session.execute(looked).all())
    return {conversation_id for conversation_id, at in mentions.items() if (last := seen.get(conversation_id)) is None or last < at}


_OF = {
    "mine": lambda session, staff_id: Claim.staff_id == staff_id,
    "saved": lambda session, staff_id: Place.saved,
    "flagged": lambda session, staff_id: Filing.flagged,
    "for_me": _for_me,
}


def _filled(session: Session, found: list[Any]) -> list[Row]:
    last = {m.id: m for m in session.scalars(select(OutboxMessage).where(OutboxMessage.id.in_([r.last_id for r in found if r.last_id])))}
    tags: dict[int, list[str]] = {}
    for conversation_id, tag in session.execute(select(Tag.conversation_id, Tag.tag).where(Tag.conversation_id.in_([r.id for r in found]))):
        tags.setdefault(conversation_id, []).append(tag)
    return [
        Row(
            id=r.id,
            public_id=r.public_id,
            state=r.state,
            channel=r.channel,
            customer_id=r.customer_id,
            customer=r.name or r.email or "A guest",
            last_at=r.last_message_at,
            last_author=last[r.last_id].author if r.last_id else "",
            last_text=_text(last.get(r.last_id)),
            waiting_since=r.requested_at if r.state == "waiting" else None,
            reason=r.reason or "",
            holder_id=r.staff_id,
            holder=r.holder or "",
            unread=r.unread if r.state in ("waiting", "open") else 0,
            flagged=bool(r.flagged),
            saved=bool(r.saved),
            reviewed=r.reviewed_at is not None,
            team=r.team or "",
            assignee_id=r.assignee_id,
            tags=sorted(tags.get(r.id, [])),
        )
        for r in found
    ]


def _text(message: OutboxMessage | None) -> str:
    if message is None:
        return ""
    shown = message.payload
    return (shown.get("text") or ("Products" if shown.get("products") else "Order" if shown.get("order") else ""))[:160]
