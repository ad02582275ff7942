"""Finding conversations: the list of all of them, newest activity first, cut down by a filter, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from shop.models import Conversation, Customer, OutboxMessage
from shop.models.base import UtcDateTime
from shop.transcripts_language import BadFilter, Term, parse
from shop.transcripts_sql import Way, clause, scarcest

PAGE = 50
NEAR = 400  # of the newest conversations are asked one by one, before all hits are gathered, when there are
MANY = 20_000  # hits or more, so that the first page is likely among them. When there are less than
FEW = 200  # hits of one test, only their conversations are asked


@dataclass(frozen=True)
class Place:
    """Where a page ended. The next begins behind it, whatever was said meanwhile."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"

    @classmethod
    def read(cls, text: str) -> Place:
        """Raises BadFilter when the text is none that `str` made."""
        try:
            at, id_ = text.split("~")
            place = cls(datetime.fromisoformat(at), int(id_))
            if place.at.tzinfo is None:
                raise ValueError("no zone")
        except ValueError:
            raise BadFilter("the link to the next page is damaged; start at the first page") from None
        return place


@dataclass(frozen=True)
class Entry:
    """A conversation in the list."""

    id: int
    public_id: str
    channel: str
    state: str
    customer: str
    created_at: datetime
    last_message_at: datetime
    messages: int
    last_text: str
    last_author: str


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    next: Place | None


def find(session: Session, query: str, after: Place | None = None, limit: int = PAGE) -> Page:
    """The conversations that pass the filter. Raises BadFilter."""
    ids = matching(session, parse(query), after, limit + 1)
    entries = entries_of(session, ids[:limit])
    return Page(entries, Place(entries[-1].last_message_at, entries[-1].id) if len(ids) > limit and entries else None)


def matching(session: Session, term: Term | None, after: Place | None, limit: int) -> list[int]:
    """Ids of the first `limit` hits behind that place."""
    ids = select(Conversation.id).order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    if after is not None:
        ids = ids.where(_behind(after))
    if term is None:
        return list(session.scalars(ids.limit(limit)))
    dialect = session.get_bind().dialect.name
    near, far = clause(term, Way(dialect, near=True)), clause(term, Way(dialect, near=False))
    few = scarcest(session, term, dialect, FEW)
    if few is not None:
        return list(session.scalars(ids.where(Conversation.id.in_(few), near).limit(limit)))
    if scarcest(session, term, dialect, MANY) is None:
        newest = ids.limit(NEAR).subquery()
        found = list(session.scalars(ids.where(Conversation.id.in_(select(newest.c.id)), near).limit(limit)))
        if len(found) == limit:
            return found
    return list(session.scalars(ids.where(far).limit(limit)))


def entries_of(session: Session, ids: list[int]) -> list[Entry]:
    """In the order of `ids`; what was deleted meanwhile is left out."""
    latest = select(OutboxMessage.conversation_id, func.max(OutboxMessage.id).label("id"), func.count().label("messages"))
    latest = latest.where(OutboxMessage.conversation_id.in_(ids)).group_by(OutboxMessage.conversation_id).subquery()
    query = (
        select(Conversation, Customer.name, Customer.email, latest.c.messages, OutboxMessage.payload, OutboxMessage.author)
        .join(Customer, Customer.id == Conversation.customer_id)
        .outerjoin(latest, latest.c.conversation_id == Conversation.id)
        .outerjoin(OutboxMessage, OutboxMessage.id == latest.c.id)
        .where(Conversation.id.in_(ids))
    )
    rows = {row.Conversation.id: row for row in session.execute(query)}
    return [_entry(rows[id_]) for id_ in ids if id_ in rows]


def _entry(row) -> Entry:
    thread = row.Conversation
    said = (row.payload or {}).get("text") or ""
    return Entry(
        thread.id, thread.public_id, thread.channel, thread.state, row.name or row.email or "Guest", thread.created_at,
        thread.last_message_at, row.messages or 0, said, row.author or "",
    )  # fmt: skip


def _behind(place: Place) -> ColumnElement[bool]:
    return tuple_(Conversation.last_message_at, Conversation.id) < tuple_(place.at, place.id, types=[UtcDateTime(), Conversation.id.type])
