"""Teaching in the console: groups by meaning, decisions, and what they lead to."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from sqlalchemy import select

from console.problems import Refusal
from console.review import entities_in
from console.review_clusters import clusters, profiles
from recommender.encoder import Encoder
from shop import lessons
from shop.models import AuditEntry, Conversation, InboxMessage, Lesson, Story, Turn
from shop.profiles import pack, unpack
from worker.lessons import meanings

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def queue(store, factory) -> list[int]:
    """Five messages of one cause and one of another; the ids of their lessons."""
    customer, rng = factory.customer(), np.random.default_rng(1)
    with store.write() as session:
        thread = Conversation(channel="web", address="1", customer_id=customer.id)
        session.add(thread)
        session.flush()
        for k in range(6):
            message = InboxMessage(conversation_id=thread.id, client_message_id=str(k), text=f"smashed lamp {k}")
            session.add(message)
            session.flush()
            turn = Turn(
                conversation_id=thread.id, customer_id=customer.id, inbox_id=message.id, channel="web", text=message.text,
                intent="search_product", confidence=0.4, intent_ranking=[{"name": "report_damaged", "confidence": 0.3}],
            )  # fmt: skip
            session.add(turn)
            session.flush()
            vector = np.eye(384, dtype=np.float32)[7 if k < 5 else 200] + rng.normal(0, 0.01, 384).astype(np.float32)
            session.add(Lesson(turn_id=turn.id, reasons=["low_confidence"], vector=pack(vector / np.linalg.norm(vector))))
        session.flush()
        return list(session.scalars(select(Lesson.id).order_by(Lesson.id)))


def states(store) -> list[tuple[str, str]]:
    with store.read() as session:
        return [(lesson.state, lesson.intent) for lesson in session.scalars(select(Lesson).order_by(Lesson.id))]


def test_messages_with_one_cause_are_one_task(store, queue, sign_in, hire):
    page = sign_in(hire()).get("/review").text
    assert page.count('class="card task"') == 2
    assert "6 messages worth a look, in 2 groups" in page


def test_one_decision_settles_a_group_and_can_be_taken_back(store, queue, sign_in, hire):
    teacher = sign_in(hire())
    assert (
        teacher.post("/review/decide", lessons=",".join(map(str, queue[:5])), state="corrected", intent="report_damaged").status_code == 303
    )
    assert states(store) == [("corrected", "report_damaged")] * 5 + [("open", "")]
    teacher.post("/review/decide", lessons=str(queue[5]), state="accepted")
    assert states(store)[5] == ("accepted", "search_product")
    teacher.post("/review/undo", lessons=str(queue[0]))
    assert states(store)[0] == ("open", "")
    teacher.post("/review/decide", lessons=str(queue[0]), state="ignored")
    assert states(store)[0] == ("ignored", "")
    with store.read() as session:
        done = [entry.action for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert done == ["lesson.corrected", "lesson.accepted", "lesson.reopened", "lesson.ignored"]


@pytest.mark.parametrize(
    "given",
    [
        {"lessons": "", "state": "ignored"},
        {"lessons": "1,x", "state": "corrected", "intent": "no_such_intent"},
        {"lessons": "1", "state": "burnt"},
        {"lessons": "1", "state": "corrected", "intent": "greet", "entities": "colour"},
        {"lessons": ",".join(["1"] * 500), "state": "ignored"},
    ],
)
def test_a_decision_that_cannot_be_changes_nothing(store, queue, sign_in, hire, given):
    assert sign_in(hire()).post("/review/decide", **given).status_code in (409, 422)
    assert {state for state, _ in states(store)} == {"open"}


def test_a_message_is_picked_from_a_transcript_and_a_conversation_made_a_test(store, queue, sign_in, hire):
    teacher = sign_in(hire())
    with store.read() as session:
        thread, turn = session.scalar(select(Conversation.public_id)), session.scalar(select(Turn.id))
    assert teacher.post("/review/pick", turn=str(turn)).headers["location"].endswith(f"/review?lesson={queue[0]}")
    assert teacher.get(f"/review?lesson={queue[0]}").text.count('class="card task"') == 1
    assert teacher.post("/review/story", thread=thread, name="a smashed lamp").status_code == 303
    assert teacher.post("/review/story", thread="none", name="x").status_code == 404
    for name in ("", "x" * 121):
        answer = teacher.post("/review/story", thread=thread, name=name)
        assert (answer.status_code, "What the test shows has 1 to 120 characters." in answer.text) == (422, True)
    with store.read() as session:
        assert session.scalars(select(Story.name)).all() == ["a smashed lamp"]


def test_entities_are_placed_in_the_text(store):
    assert entities_in("a Green mug", "colour=green, size=M") == [
        {"entity": "colour", "value": "green", "start": 2, "end": 7},
        {"entity": "size", "value": "M", "start": 8, "end": 9},
    ]
    with pytest.raises(Refusal):
        entities_in("x", "no entity")


def test_the_most_central_message_comes_first_and_strangers_stay_alone(store):
    near = [np.array([1, d, 0], np.float32) for d in (0.2, 0.0, -0.2)]
    far = [np.array([0, 0, 1], np.float32), None, np.array([-1, 0, 0], np.float32)]
    found = [cluster.members for cluster in clusters([*near, *far])]
    assert found[0][0] == 1
    assert sorted(found[0]) == [0, 1, 2]
    assert found[1:] == [[3], [4], [5]]
    assert clusters([]) == []
    axes = np.eye(384, dtype=np.float32)
    assert len(clusters(list(axes[:6]))) == 6, "what is not alike is not put together, however little there is"
    assert [cluster.members for cluster in clusters([axes[k % 4] for k in range(12)])] == [[k, k + 4, k + 8] for k in range(4)]
    close = [axes[k % 3] + 0.4 * axes[9] + 0.05 * axes[20 + k] for k in range(30)]  # groups that lie neither near nor far
    assert [sorted(cluster.members) for cluster in clusters(close)] == [list(range(k, 30, 3)) for k in range(3)]


CAUSES = {
    "broken": ["my [vase] came out of the box in three pieces", "two of the six [glasses] arrived smashed",
               "the [plate] was shattered when I opened the parcel"],
    "scratched": ["the [green] [lamp] is scratched all over", "there are deep scratches in the [tray]", "my [mirror] has a long scratch"],
    "classes": ["do you run [candle] making classes", "can I book a workshop for a hen party", "is there a pottery course at your place"],
}  # fmt: skip
OTHERS = {
    "what time do you open on sunday": "ask_hours", "my discount code is refused": "apply_code", "forget everything about me": "erase",
    "is the [blue] [mug] in stock": "check_stock", "which card can I pay with": "ask_payment", "where is my parcel": "track_order",
    "a present for my sister": "gift_help", "something cheaper": "ask_cheaper", "thanks a lot": "thanks",
    "change my address please": "change_address", "I was charged twice": "charged_twice", "do you ship to Norway": "ask_countries",
}  # fmt: skip
UNSURE = {"search_product": 0.4, "report_damaged": 0.3}  # how the bot read all the others


def test_wordings_of_one_cause_are_one_task_whatever_article_they_are_about(store, encoder_folder):
    said, entities = [], []
    for text in [*itertools.chain(*CAUSES.values()), *OTHERS]:
        places = [(match.start() - 2 * k, match[1]) for k, match in enumerate(re.finditer(r"\[(.+?)\]", text))]
        said.append(re.sub(r"[\[\]]", "", text))
        entities.append([{"entity": "category", "start": at, "end": at + len(word)} for at, word in places])
    assert lessons.without_things(said[3], entities[3]) == "the it it is scratched all over"
    both = {k: (text, lessons.without_things(text, found)) for k, (text, found) in enumerate(zip(said, entities, strict=True))}
    vectors = meanings(both, Encoder(encoder_folder).encode)
    readings = [UNSURE] * (len(said) - len(OTHERS)) + [{intent: 0.9} for intent in OTHERS.values()]
    groups = [set(group.members) for group in clusters([unpack(vectors[k]) for k in both], readings)]
    causes = [{k for k in group if k < 9} for group in groups]
    assert sorted(filter(None, causes), key=min) == [{0, 1, 2}, {3, 4, 5}, {6, 7, 8}]
    strangers = sum(len(group - cause) for group, cause in zip(groups, causes, strict=True) if cause)
    assert strangers <= 2, "nearly all of what has nothing to do with a cause stays out of its group"


def test_of_messages_alike_those_that_the_bot_read_alike_belong_together(store):
    axes = np.eye(384, dtype=np.float32)
    between = [axes[0] + 0.9 * axes[k % 2 + 1] + 0.3 * axes[3 + k] for k in range(8)]
    damaged, late = {"report_damaged": 0.6, "nlu_fallback": 0.4}, {"track_order": 0.7}
    told = clusters(between, [damaged if k % 2 else late for k in range(8)])
    assert [sorted(group.members) for group in told] == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert profiles([damaged, {"report_damaged": 0.1}, late, {}]).round(3).tolist() == [[1, 0], [1, 0], [0, 1], [0, 0]]


def test_what_is_only_less_far_away_than_anything_else_is_not_taken_into_a_group(store):
    axes = np.eye(384, dtype=np.float32)
    alike = [axes[0] + 0.9 * axes[9] + 0.3 * axes[20 + k] for k in range(4)]
    other = [axes[30] + 0.1 * axes[31 + k] for k in range(2)]
    told = clusters([*alike, 0.2 * axes[0] + axes[5], *other, axes[40]])
    assert [sorted(group.members) for group in told] == [[0, 1, 2, 3], [5, 6], [4], [7]]
