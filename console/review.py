"""Teaching: messages worth a look, grouped by meaning, and what a colleague decides about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import Row, select
from sqlalchemy.orm import Session
from wtforms import Form, StringField, ValidationError
from wtforms.validators import AnyOf, InputRequired, Length

from console import knowledge
from console.access import person_of
from console.context import console
from console.forms import IdField, IdsField, checked, form, required
from console.pages import Pages, address_of, back_to, render
from console.problems import Refusal, say
from console.review_clusters import clusters
from shop import audit, conversations, lessons
from shop.errors import ShopError
from shop.models import Conversation, Lesson, Staff, Turn
from shop.profiles import unpack
from shop.settings import PROJECT
from shop.transcripts_reading import marked

router = Pages()
MOST_AT_ONCE = 200  # messages of one decision
TASKS = 20  # on a page
CHOOSE, NO_TURN = f"Choose 1 to {MOST_AT_ONCE} messages.", "There is no such message."


class Chosen(Form):
    """Messages of the queue."""

    lessons = IdsField(wrong=CHOOSE, validators=[Length(1, MOST_AT_ONCE, CHOOSE)])


class Decision(Chosen):
    """Intent and entities belong to a correction; the entities stand as `colour=green, size=M`."""

    state = StringField(validators=[AnyOf(lessons.DECISIONS, say(ShopError("bad_lesson")))])
    intent = StringField()
    entities = StringField()

    def validate_intent(self, field: StringField) -> None:
        if self.state.data == "corrected" and field.data not in knowledge.intents(PROJECT):
            raise ValidationError(f"There is no intent {field.data or ''!r}. Nothing was changed.")


class Picked(Form):
    turn = IdField(wrong=NO_TURN, validators=[InputRequired(NO_TURN)])


class WantedStory(Form):
    """A conversation that becomes a test."""

    name = StringField(validators=required("What the test shows", 120))
    thread = StringField()


@dataclass(frozen=True)
class Item:
    """A message to decide on, or the same words said several times: `ids` of their lessons, the newest first, whose `turn` it is."""

    ids: list[int]
    turn: Turn
    thread: str
    reasons: list[str]
    parts: list[tuple[str, str]]


@dataclass(frozen=True)
class Task:
    """Messages with one cause. `guesses`: intents by how often the bot weighed them, for the keys 1 to 4."""

    items: list[Item]
    guesses: list[str]
    reasons: list[str]

    @property
    def ids(self) -> list[int]:
        return [id_ for item in self.items for id_ in item.ids]


@router.page("/review", "bot.teach")
async def show(request: Request) -> Response:
    only = request.query_params.get("lesson", "")
    wanted = int(only) if only.isascii() and only.isdigit() and len(only) < 19 else None
    tasks, settled = await console(request).database.read(_tasks, wanted)
    count = sum(len(task.ids) for task in tasks)
    content = {
        "tasks": tasks[:TASKS],
        "more": len(tasks) - TASKS,
        "count": count,
        "settled": settled,
        "why": lessons.REASONS,
        "only": wanted,
    }
    return render(request, "review.html", content | {"intents": knowledge.intents(PROJECT), "entities": knowledge.entities(PROJECT)})


@router.act("/review/decide", "bot.teach")
async def decide(request: Request) -> Response:
    given = checked(await form(request), Decision)
    await console(request).database.write(_decide, person_of(request).id, given.data, address_of(request))
    return back_to(request, "/review?said=saved")


@router.act("/review/undo", "bot.teach")
async def undo(request: Request) -> Response:
    given = checked(await form(request), Chosen)
    await console(request).database.write(_undo, person_of(request).id, given.lessons.data, address_of(request))
    return back_to(request, "/review?said=saved")


@router.act("/review/pick", "bot.teach")
async def pick(request: Request) -> Response:
    """A message of a transcript, to be decided on whether or not it was in the queue."""
    given = checked(await form(request), Picked)
    lesson_id = await console(request).database.write(_pick, person_of(request).id, given.turn.data, address_of(request))
    return back_to(request, f"/review?lesson={lesson_id}")


@router.act("/review/story", "bot.teach")
async def story(request: Request) -> Response:
    given = checked(await form(request), WantedStory)
    name, thread = given.name.data, given.thread.data or ""
    if not await console(request).database.write(_story, person_of(request).id, thread, name, address_of(request)):
        raise Refusal(404, "There is no such conversation, or its customer was erased.")
    return back_to(request, f"/transcripts/{thread}?said=saved")


def entities_in(text: str, given: str) -> list[dict[str, Any]]:
    """`colour=green, size=M` as entities of the text, with their places where they stand in it literally. Raises Refusal."""
    found = []
    for part in filter(None, (part.strip() for part in given.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (equals and value):
            raise Refusal(422, f"{part!r} is no entity: write them as colour=green, size=M.")
        if name not in knowledge.entities(PROJECT):
            raise Refusal(422, f"There is no entity {name!r}; there are {', '.join(knowledge.entities(PROJECT))}.")
        start = text.casefold().find(value.casefold())
        place = {"start": start, "end": start + len(value)} if start >= 0 else {"start": 0, "end": 0}
        found.append({"entity": name, "value": value, **place})
    return found


def _tasks(session: Session, only: int | None) -> tuple[list[Task], list[tuple[Lesson, Turn]]]:
    rows = lessons.waiting(session)
    if only is not None:
        rows = [row for row in rows if row.Lesson.id == only] or rows
    said: dict[str, list[Row]] = {}  # the same words count once: many copies would be a dense group of their own, apart from their like
    for row in rows:
        said.setdefault(" ".join(row.Turn.text.casefold().split()), []).append(row)
    first = [same[0] for same in said.values()]
    readings = [{guess["name"]: guess["confidence"] for guess in row.Turn.intent_ranking} for row in first]
    groups = clusters([unpack(row.Lesson.vector) for row in first], readings)
    items = [_item(same) for same in said.values()]
    tasks = [_task([items[k] for k in group.members]) for group in groups]
    tasks.sort(key=lambda task: -len(task.ids))  # stable: of equally many the newest first
    query = select(Lesson, Turn).join(Turn, Turn.id == Lesson.turn_id).where(Lesson.state != "open", Lesson.exported_at.is_(None))
    settled = session.execute(query.order_by(Lesson.decided_at.desc()).limit(30)).all()
    return tasks, [(row.Lesson, row.Turn) for row in settled]


def _item(same: list[Row]) -> Item:
    turn, reasons = same[0].Turn, dict.fromkeys(reason for row in same for reason in row.Lesson.reasons)
    return Item([row.Lesson.id for row in same], turn, same[0].thread, list(reasons), marked(turn.text, turn.entities))


def _task(items: list[Item]) -> Task:
    weights: dict[str, float] = {}
    for item in items:
        for guess in item.turn.intent_ranking[:4]:
            weights[guess["name"]] = weights.get(guess["name"], 0) + guess["confidence"] * len(item.ids)
    guesses = [name for name in sorted(weights, key=lambda name: -weights[name]) if name != "nlu_fallback"][:4]
    return Task(items, guesses, list(dict.fromkeys(reason for item in items for reason in item.reasons)))


def _decide(session: Session, by: int, given: dict[str, Any], address: str) -> None:
    """`given`: a Decision."""
    ids, state, corrected = given["lessons"], given["state"], given["state"] == "corrected"
    intent, entities = (given["intent"] or "") if corrected else "", []
    if corrected and given["entities"]:
        text = session.scalar(select(Turn.text).join(Lesson, Lesson.turn_id == Turn.id).where(Lesson.id == ids[0])) or ""
        entities = entities_in(text, given["entities"])
    count = lessons.decide(session, ids, state, by, intent, entities)
    audit.record(session, session.get(Staff, by), "lesson." + state, "lesson", ids[0], address, count=count, intent=intent)


def _undo(session: Session, by: int, ids: list[int], address: str) -> None:
    lessons.reopen(session, ids)
    audit.record(session, session.get(Staff, by), "lesson.reopened", "lesson", ids[0], address, count=len(ids))


def _pick(session: Session, by: int, turn_id: int, address: str) -> int:
    lesson = lessons.lesson_of(session, turn_id)
    lessons.reopen(session, [lesson.id])
    audit.record(session, session.get(Staff, by), "lesson.picked", "lesson", lesson.id, address)
    return lesson.id


def _story(session: Session, by: int, thread: str, name: str, address: str) -> bool:
    found: Conversation | None = conversations.by_public_id(session, thread)
    if found is None:
        return False
    lessons.want_story(session, found.id, name, by)
    audit.record(session, session.get(Staff, by), "story.wanted", "conversation", found.public_id, address)
    return True
