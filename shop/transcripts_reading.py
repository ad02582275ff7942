"""A conversation as a reviewer reads it: every message with what was understood, done and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop import consent, conversations, ratings
from shop.models import ConsentEvent, Conversation, Customer, Impression, Lesson, OutboxMessage, Product, Story, Survey, Turn, now

WINDOW = 20  # messages on a page


@dataclass(frozen=True)
class Shown:
    """A product that was shown, and why it and not another."""

    sku: str
    title: str
    position: int
    score: float
    reason: str
    contributions: dict[str, float]


@dataclass(frozen=True)
class Said:
    """A message. A customer's has its `turn` once it is answered; a bot's first one has the products of its turn."""

    id: int
    author: str
    at: Any
    payload: dict[str, Any]
    turn: Turn | None = None
    lesson: Lesson | None = None
    parts: Sequence[tuple[str, str]] = ()  # the text in pieces, each with the entity that it is
    products: Sequence[Shown] = ()
    thumb: bool | None = None  # up or down, of a bot's message
    consents: dict[str, bool] = field(default_factory=dict)  # what the customer had allowed when they wrote it


@dataclass(frozen=True)
class Transcript:
    """A window of a conversation, oldest first. `earlier` and `later`: whether there is more on either side."""

    thread: Conversation
    customer: Customer
    messages: list[Said]
    count: int
    earlier: bool
    later: bool
    consents: dict[str, bool] = field(default_factory=dict)
    story: Story | None = None
    surveys: Sequence[Survey] = ()


def read(
    session: Session, public_id: str, around: int | None = None, before: int | None = None, after: int | None = None
) -> Transcript | None:
    """The window that ends before `before`, begins after `after`, or holds the message `around`; by default the last one."""
    thread = conversations.by_public_id(session, public_id)
    if thread is None:
        return None
    mine = OutboxMessage.conversation_id == thread.id
    query = select(OutboxMessage).where(mine)
    if after is not None:
        rows = list(session.scalars(query.where(OutboxMessage.id > after).order_by(OutboxMessage.id).limit(WINDOW)))
    else:
        if around is not None:
            half = select(OutboxMessage.id).where(mine, OutboxMessage.id >= around).order_by(OutboxMessage.id).limit(WINDOW // 2)
            before = (session.scalar(select(func.max(half.subquery().c.id))) or 0) + 1 or None
        if before is not None:
            query = query.where(OutboxMessage.id < before)
        rows = list(session.scalars(query.order_by(OutboxMessage.id.desc()).limit(WINDOW)))[::-1]
    ends = session.execute(select(func.min(OutboxMessage.id), func.max(OutboxMessage.id), func.count()).where(mine)).one()
    said = consent.statements(session, thread.customer_id)
    return Transcript(
        thread, session.get_one(Customer, thread.customer_id), _with_facts(session, rows, said), ends[2],
        bool(rows) and rows[0].id > ends[0], bool(rows) and rows[-1].id < ends[1],
        consent.as_of(said, now()),
        session.scalars(select(Story).where(Story.conversation_id == thread.id)).one_or_none(),
        session.scalars(select(Survey).where(Survey.conversation_id == thread.id, Survey.score.is_not(None)).order_by(Survey.id)).all(),
    )  # fmt: skip


def marked(text: str, entities: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """The text in pieces: (piece, name of the entity that it is, or ""). Of overlapping entities the first counts."""
    pieces, at = [], 0
    for entity in sorted(entities, key=lambda one: (one.get("start", 0), -one.get("end", 0))):
        start, end = entity.get("start", 0), entity.get("end", 0)
        if at <= start < end <= len(text):
            name = entity["entity"] + (f" ({entity['role']})" if entity.get("role") else "")
            pieces += [(text[at:start], ""), (text[start:end], name)]
            at = end
    return [piece for piece in [*pieces, (text[at:], "")] if piece[0]]


def _with_facts(session: Session, rows: list[OutboxMessage], statements: Sequence[ConsentEvent]) -> list[Said]:
    inbox = {row.inbox_id for row in rows if row.inbox_id is not None}
    turns = {turn.inbox_id: turn for turn in session.scalars(select(Turn).where(Turn.inbox_id.in_(inbox)))}
    ids = [turn.id for turn in turns.values()]
    lessons = {lesson.turn_id: lesson for lesson in session.scalars(select(Lesson).where(Lesson.turn_id.in_(ids)))}
    shown: dict[int, list[Shown]] = {}
    query = select(Impression, Product.sku, Product.title).join(Product, Product.id == Impression.product_id)
    for impression, sku, title in session.execute(query.where(Impression.turn_id.in_(ids)).order_by(Impression.id)):
        one = Shown(sku, title, impression.position, impression.score, impression.reason, impression.contributions)
        shown.setdefault(impression.turn_id, []).append(one)
    thumbs, found = ratings.of(session, [row.id for row in rows]), []
    for row in rows:
        turn = turns.get(row.inbox_id) if row.author == "customer" else None
        if turn is not None:
            parts = marked(turn.text, turn.entities)
            found.append(
                Said(row.id, row.author, row.at, row.payload, turn, lessons.get(turn.id), parts, consents=consent.as_of(statements, row.at))
            )
        else:
            products = shown.pop(row.turn_id, ()) if row.turn_id and row.payload.get("products") else ()
            found.append(Said(row.id, row.author, row.at, row.payload, products=products, thumb=thumbs.get(row.id)))
    return found
