"""Finding conversations: the list of all of them, newest activity first, cut down by a filter, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop import paging
from shop.models import Conversation, Customer, OutboxMessage
from shop.paging import Marker, Page, Paging
from shop.transcripts_language import Term, parse
from shop.transcripts_sql import Way, clause, scarcest

PAGE = 50
ORDER = (datetime, int)  # the moment of the last message, and the id
NEAR = 400  # of the newest conversations are asked one by one, before all hits are gathered, when there are
MANY = 20_000  # hits or more, so that the first page is likely among them. When there are less than
FEW = 200  # hits of one test, only their conversations are asked


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
class Found:
    entries: list[Entry]
    paging: Paging


def find(session: Session, query: str, at: Marker | None = None, limit: int = PAGE) -> Found:
    """The conversations that pass the filter. Raises BadFilter."""
    page = matching(session, parse(query), at, limit)
    return Found(entries_of(session, [row.id for row in page]), page.paging)


def matching(session: Session, term: Term | None, at: Marker | None, limit: int) -> Page:
    """The first `limit` hits at that place: (id, last_message_at)."""
    rows = select(Conversation.id, Conversation.last_message_at)
    rows = rows.order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    if term is None:
        return paging.page(session, rows, limit, at)
    dialect = session.get_bind().dialect.name
    near, far = clause(term, Way(dialect, near=True)), clause(term, Way(dialect, near=False))
    few = scarcest(session, term, dialect, FEW)
    if few is not None:
        return paging.page(session, rows.where(Conversation.id.in_(few), near), limit, at)
    if scarcest(session, term, dialect, MANY) is None:
        newest = [row.id for row in paging.page(session, rows, NEAR, at)]
        found = paging.page(session, rows.where(Conversation.id.in_(newest), near), limit, at)
        if found.paging.has_further:
            return found
    return paging.page(session, rows.where(far), limit, at)


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
