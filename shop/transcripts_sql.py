"""Filters as SQL over `conversations`, for SQLite's FTS5 and PostgreSQL's tsvector alike.

Each test can be put in two ways. `near`: asked of one conversation after the other (EXISTS), which is quick when most conversations
are hits, because the first page is full soon. Otherwise its hits are gathered first (IN), which is quick when they are not too many.
`scarcest` tells which it will be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, intersect, literal_column, not_, or_, select, table
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from shop.models import Conversation, OutboxMessage, Turn
from shop.transcripts_fields import Fact, Number, Test, Whole, Words, test_of, within
from shop.transcripts_language import And, BadFilter, Condition, Message, Not, Or, Term

SHIFT = 31  # bits of a message's or turn's id in the row number of SQLite's full text
MASK = (1 << SHIFT) - 1


@dataclass(frozen=True)
class Way:
    """How to ask: of which database, and of one conversation after the other or of all at once. `among`: conversations (ids) outside of
    which nothing can be found."""

    dialect: str
    near: bool
    among: Select | None = None


def clause(term: Term, way: Way) -> ColumnElement[bool]:
    """The condition on a row of `conversations`. Raises BadFilter."""
    match term:
        case And(terms):
            return and_(*(clause(one, way) for one in terms))
        case Or(terms):
            return or_(*(clause(one, way) for one in terms))
        case Not(inner):
            return not_(clause(inner, way))
        case Message(inner):
            way = replace(way, among=_candidates(inner, way))
            rows = select(Turn.conversation_id).where(_of_turn(inner, way))
            # For the sake of the list's order PostgreSQL would go through the conversations one by one all the same; the offset forbids it.
            return _some(Turn.conversation_id, rows if way.near else rows.offset(0), way)
        case Condition():
            return _of_conversation(test_of(term), way)


def scarcest(session: Session, term: Term, dialect: str, many: int) -> Select | None:
    """The hits (conversation ids, one for each message) of that full-text test which all results must pass and which has the fewest,
    when there are less than `many`; else None. Counting stops at `many`."""
    least, fewest = None, many
    for hits in _must_hits(term, Way(dialect, near=False)):
        count = session.scalar(select(func.count()).select_from(hits.limit(fewest).subquery())) or 0
        if count < fewest:
            least, fewest = hits, count
    return least


def _musts(term: Term) -> Iterator[Condition]:
    """The conditions without which nothing passes."""
    match term:
        case And(terms):
            for one in terms:
                yield from _musts(one)
        case Message(inner):
            yield from _musts(inner)
        case Condition():
            yield term


def _must_hits(term: Term, way: Way) -> Iterator[Select]:
    """The hits (conversation ids) of each full-text test that nothing passes without."""
    for test in map(test_of, _musts(term)):
        if isinstance(test, Words):
            yield _hits("message_words", _words(test, way), way)
        elif isinstance(test, Fact) and test.present:
            yield _hits("turn_facts", _facts(test, way), way)


def _candidates(term: Term, way: Way) -> Select | None:
    """Where one message is to pass several full-text tests, its conversation has hits of them all. On SQLite the row numbers alone tell
    which those are, without a look at any message."""
    hits = list(_must_hits(term, way))
    if way.near or way.dialect != "sqlite" or len(hits) < 2:
        return None
    return select(intersect(*hits).cte())


def _hits(name: str, hit: ColumnElement[bool], way: Way) -> Select:
    conversation = literal_column(f"{name}.rowid").op(">>")(SHIFT) if way.dialect == "sqlite" else literal_column(f"{name}.conversation_id")
    return select(conversation.label("id")).select_from(table(name)).where(hit)


def _of_conversation(test: Test, way: Way) -> ColumnElement[bool]:
    match test:
        case Whole(found):
            return found
        case Number():
            return _some(Turn.conversation_id, select(Turn.conversation_id).where(_number(test)), way)
        case Fact(_, present):
            there = _indexed("turn_facts", _facts(test, way), way, "conversation")
            return there if present else not_(there)
        case Words():
            return _indexed("message_words", _words(test, way), way, "conversation")


def _of_turn(term: Term, way: Way) -> ColumnElement[bool]:
    """The condition on a row of `turns`: what one message, with its answer, fulfils."""
    match term:
        case And(terms):
            return and_(*(_of_turn(one, way) for one in terms))
        case Or(terms):
            return or_(*(_of_turn(one, way) for one in terms))
        case Not(inner):
            return not_(_of_turn(inner, way))
        case Message(inner):
            return _of_turn(inner, way)
    test = test_of(term)
    match test:
        case Whole():
            raise BadFilter(f"{term.field} belongs to the whole conversation: write it outside message(...)")
        case Number():
            return _number(test)
        case Fact(_, present):
            there = _indexed("turn_facts", _facts(test, way), way, "turn")
            return there if present else not_(there)
        case Words():
            said = select(OutboxMessage.inbox_id).where(_indexed("message_words", _words(test, way), way, "message"))
            if way.near:
                return exists(said.where(OutboxMessage.inbox_id == Turn.inbox_id).correlate(Turn))
            return Turn.inbox_id.in_(said.where(OutboxMessage.inbox_id.is_not(None)))


def _number(test: Number) -> ColumnElement[bool]:
    return within(test.column, test.low, test.high, test.low_open, test.high_open)


def _some(conversation: ColumnElement, rows: Select, way: Way) -> ColumnElement[bool]:
    """Some row of those belongs to the conversation."""
    if way.near:
        return exists(rows.where(conversation == Conversation.id).correlate(Conversation))
    return Conversation.id.in_(rows)


def _indexed(name: str, hit: ColumnElement[bool], way: Way, of: str) -> ColumnElement[bool]:
    """Some hit of a search table belongs to the conversation, or is this turn's or this message's."""
    found = table(name)
    owner = {"turn": Turn, "message": OutboxMessage}.get(of)
    if way.dialect == "sqlite":
        number = literal_column(f"{name}.rowid")
        if owner is not None and way.near:
            this = owner.conversation_id.op("<<")(SHIFT).op("|")(owner.id)
            return exists(select(1).select_from(found).where(hit, number == this).correlate(owner))
        if owner is not None:
            among = [number.op(">>")(SHIFT).in_(way.among)] if way.among is not None else []
            return owner.id.in_(select(number.op("&")(MASK)).select_from(found).where(hit, *among))
        if way.near:
            first = Conversation.id.op("<<")(SHIFT)
            here = select(1).select_from(found).where(hit, number >= first, number <= first.op("|")(MASK))
            return exists(here.correlate(Conversation))
        return Conversation.id.in_(_hits(name, hit, way))
    if owner is not None:
        number = literal_column(f"{name}.id")
        if way.near:
            return exists(select(1).select_from(found).where(hit, number == owner.id).correlate(owner))
        return owner.id.in_(select(number).select_from(found).where(hit))
    conversation = literal_column(f"{name}.conversation_id")
    return _some(conversation, select(conversation).select_from(found).where(hit), way)


def _facts(test: Fact, way: Way) -> ColumnElement[bool]:
    if way.dialect == "sqlite":
        return literal_column("turn_facts").op("MATCH")(bindparam(None, test.text.encode().hex()))
    return literal_column("turn_facts.facts", ARRAY(Text)).contains([test.text])


def _words(test: Words, way: Way) -> ColumnElement[bool]:
    if way.dialect == "sqlite":
        phrase = f'"{" ".join(test.words)}"{" *" if test.prefix else ""}'
        return literal_column("message_words").op("MATCH")(bindparam(None, phrase if test.cards else f"said : {phrase}"))
    query = func.to_tsquery("simple", " <-> ".join(f"'{word}'" for word in test.words) + (":*" if test.prefix else ""))
    # Not by a weight in the query (said:A): the index knows of no weights, so each product card with the word would be looked at.
    said = literal_column("ts_filter(message_words.words, '{a}')").op("@@")(query)
    if not test.cards:
        return said
    hit = literal_column("message_words.words").op("@@")(query)
    # A phrase does not begin in what was said and end on a card, though the one stands behind the other.
    of_cards = literal_column("ts_filter(message_words.words, '{b}')").op("@@")(query)
    return hit if len(test.words) == 1 else and_(hit, or_(said, of_cards))
