"""Messages worth a look: why they are, and what a colleague decides about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from rapidfuzz.fuzz import token_sort_ratio
from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.orm import Session

from shop.errors import ShopError
from shop.models import Conversation, Customer, Handover, Lesson, Story, Turn, now
from shop.transcripts_reading import marked

UNSURE = 0.6  # a reading below this confidence is worth a look
SOON = timedelta(minutes=3)  # whoever says much the same again within this time was not understood the first time
ALIKE = 75  # of 100, rapidfuzz's token sort ratio
REASONS = {
    "fallback": "not understood",
    "low_confidence": "unsure",
    "out_of_scope": "out of scope",
    "repeated": "said again",
    "rephrased": "said again in other words",
    "person": "a person took over",
    "thumbs_down": "thumbs down",
}
DECISIONS = ("accepted", "corrected", "ignored")
THINGS = frozenset({"category", "product", "brand", "colour", "material", "size"})  # entities that say of which article somebody speaks
COLUMNS = (Turn.id, Turn.conversation_id, Turn.text, Turn.intent, Turn.confidence, Turn.actions, Turn.at)


def turns_since(session: Session, since: datetime, limit: int = 20_000) -> list[Row]:
    """Typed messages since then, by conversation, in their order. A pressed button needs no understanding."""
    query = select(*COLUMNS).where(Turn.at >= since, Turn.text != "")
    return list(session.execute(query.order_by(Turn.conversation_id, Turn.id).limit(limit)))


def reasons_for(turns: Sequence[Row]) -> dict[int, list[str]]:
    """Turn id -> why it is worth a look; `turns` by conversation, in their order."""
    found: dict[int, list[str]] = {}
    for turn, after in zip_longest(turns, turns[1:]):
        same = after is not None and after.conversation_id == turn.conversation_id and after.at - turn.at <= SOON
        reasons = [*_of_reading(turn), *([_again(turn.text, after.text)] if same else [])]
        if kept := [reason for reason in reasons if reason]:
            found[turn.id] = kept
    return found


def without_things(text: str, entities: Sequence[dict[str, Any]]) -> str:
    """The message with "it" for what the catalogue has words for: what is wrong, rather than with which article."""
    return "".join("it" if entity.partition(" ")[0] in THINGS else piece for piece, entity in marked(text, entities))


def taken_over(session: Session, since: datetime) -> list[int]:
    """The messages before which a person was needed: the last one of each stay with people that did not itself ask for a person."""
    last = (
        select(func.max(Turn.id))
        .where(
            Turn.conversation_id == Handover.conversation_id, Turn.at <= Handover.requested_at, Turn.text != "",
            Turn.intent != "talk_to_person", or_(Handover.inbox_id.is_(None), Turn.inbox_id != Handover.inbox_id),
        )
        .correlate(Handover)
        .scalar_subquery()
    )  # fmt: skip
    return [id_ for id_ in session.scalars(select(last).where(Handover.requested_at >= since)) if id_ is not None]


def add(session: Session, reasons: dict[int, list[str]], vectors: dict[int, bytes]) -> int:
    """Puts the turns into the queue, or adds a reason to those that are there and still open. Returns how many are new."""
    known = {lesson.turn_id: lesson for lesson in session.scalars(select(Lesson).where(Lesson.turn_id.in_(reasons)))}
    alive = set(session.scalars(select(Turn.id).where(Turn.id.in_(reasons))))
    for turn_id, why in reasons.items():
        if turn_id in known:
            lesson = known[turn_id]
            if lesson.state == "open":
                lesson.reasons = list(dict.fromkeys([*lesson.reasons, *why]))
        elif turn_id in alive:
            session.add(Lesson(turn_id=turn_id, reasons=why, vector=vectors.get(turn_id)))
    return len(alive - set(known))


def waiting(session: Session, limit: int = 1000) -> list[Row]:
    """(Lesson, Turn, public id of the conversation) of the open ones, newest first."""
    query = select(Lesson, Turn, Conversation.public_id.label("thread")).join(Turn, Turn.id == Lesson.turn_id)
    query = query.join(Conversation, Conversation.id == Turn.conversation_id).where(Lesson.state == "open")
    return list(session.execute(query.order_by(Lesson.id.desc()).limit(limit)))


def decide(
    session: Session, lesson_ids: Sequence[int], state: str, staff_id: int | None, intent: str = "", entities: Sequence[dict[str, Any]] = ()
) -> int:
    """Settles lessons, again if need be until they are exported. `accepted`: each was read rightly; `corrected`: all mean `intent`;
    `ignored` for good. Entities belong to one message, however often it was said. Returns how many were settled. Raises ShopError
    bad_lesson."""
    if state not in DECISIONS or (state == "corrected" and not intent):
        raise ShopError("bad_lesson")
    query = select(Lesson, Turn).join(Turn, Turn.id == Lesson.turn_id).where(Lesson.id.in_(lesson_ids), Lesson.exported_at.is_(None))
    rows = session.execute(query).all()
    if entities and len({" ".join(turn.text.casefold().split()) for _, turn in rows}) > 1:
        raise ShopError("bad_lesson")
    for lesson, turn in rows:
        if state == "accepted" and turn.intent == "nlu_fallback":
            raise ShopError("bad_lesson")  # "not understood" is no reading that could be right
        lesson.state, lesson.staff_id, lesson.decided_at = state, staff_id, now()
        lesson.intent = {"accepted": turn.intent, "corrected": intent}.get(state, "")
        lesson.entities = list(entities) if entities else (list(turn.entities) if state == "accepted" else [])
    return len(rows)


def reopen(session: Session, lesson_ids: Sequence[int]) -> None:
    """Takes decisions back that are not exported yet."""
    undone = update(Lesson).where(Lesson.id.in_(lesson_ids), Lesson.exported_at.is_(None))
    session.execute(undone.values(state="open", intent="", entities=[], staff_id=None, decided_at=None))


def lesson_of(session: Session, turn_id: int) -> Lesson:
    """The lesson of a turn, made when a colleague picks a message that nobody had put into the queue. Raises ShopError no_such_turn."""
    lesson = session.scalars(select(Lesson).where(Lesson.turn_id == turn_id)).one_or_none()
    if lesson is None:
        if session.get(Turn, turn_id) is None:
            raise ShopError("no_such_turn")
        lesson = Lesson(turn_id=turn_id, reasons=[])
        session.add(lesson)
        session.flush()
    return lesson


def want_story(session: Session, conversation_id: int, name: str, staff_id: int | None) -> Story:
    """The conversation is to become a test, under this name."""
    story = session.scalars(select(Story).where(Story.conversation_id == conversation_id)).one_or_none()
    if story is None:
        story = Story(conversation_id=conversation_id, name=name)
        session.add(story)
    story.name, story.staff_id, story.exported_at = name, staff_id, None
    session.flush()
    return story


def _of_reading(turn: Row) -> list[str]:
    if turn.intent == "nlu_fallback" or "action_fallback" in turn.actions:
        return ["fallback"]
    if turn.intent == "out_of_scope":
        return ["out_of_scope"]
    return ["low_confidence"] if turn.confidence < UNSURE else []


def _again(first: str, second: str) -> str:
    one, other = first.casefold().strip(), second.casefold().strip()
    if one == other:
        return "repeated"
    return "rephrased" if min(len(one.split()), len(other.split())) >= 3 and token_sort_ratio(one, other) >= ALIKE else ""


def to_export(session: Session) -> list[Row]:
    """(Lesson, Turn, Customer) of what was accepted or corrected and is not exported yet, oldest decision first."""
    query = select(Lesson, Turn, Customer).join(Turn, Turn.id == Lesson.turn_id).join(Customer, Customer.id == Turn.customer_id)
    query = query.where(Lesson.state.in_(("accepted", "corrected")), Lesson.exported_at.is_(None))
    return list(session.execute(query.order_by(Lesson.decided_at, Lesson.id)))


def stories_to_export(session: Session) -> list[tuple[Story, Customer, list[Row]]]:
    """Stories not exported yet, each with its customer and its typed (Turn, Lesson or None), in their order."""
    query = select(Story, Customer).join(Conversation, Conversation.id == Story.conversation_id)
    stories = session.execute(query.join(Customer, Customer.id == Conversation.customer_id).where(Story.exported_at.is_(None))).all()
    turns = select(Turn, Lesson).outerjoin(Lesson, Lesson.turn_id == Turn.id).where(Turn.text != "").order_by(Turn.id)
    return [
        (story, customer, list(session.execute(turns.where(Turn.conversation_id == story.conversation_id)))) for story, customer in stories
    ]


def mark_exported(session: Session, lesson_ids: Sequence[int], story_ids: Sequence[int]) -> None:
    session.execute(update(Lesson).where(Lesson.id.in_(lesson_ids)).values(exported_at=now()))
    session.execute(update(Story).where(Story.id.in_(story_ids)).values(exported_at=now()))
