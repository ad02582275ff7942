"""Suggested answers: the nearest past ones, with where they come from."""

from __future__ import annotations

import numpy as np
import pytest

from console import suggesting
from shop import conversations, outbox
from shop.settings import Settings

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
TOPICS = {"late": 0, "parcel": 0, "refund": 1, "money": 1, "candle": 2}


class Encoder:
    """Texts about the same topic point the same way."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts):
        self.asked += texts
        rows = [np.sum([np.eye(3)[TOPICS[word]] for word in text.lower().split() if word in TOPICS], axis=0) for text in texts]
        return [row / np.linalg.norm(row) for row in rows]


@pytest.fixture
def encoder(monkeypatch) -> Encoder:
    one = Encoder()
    monkeypatch.setattr(suggesting.Encoder, "open", lambda settings: one)
    return one


def talk(store, factory, place: str, *said: tuple[str, str], **columns):
    customer = factory.customer(**columns)
    with store.write() as session:
        thread = conversations.open_conversation(session, "web", place, customer.id)
        for author, text in said:
            payload = {"text": text, "agent": "Ann"} if author == "agent" else {"text": text}
            outbox.append(session, thread.id, [payload], author)
        return thread


def test_an_answer_is_paired_with_what_the_customer_had_just_written(store, factory):
    thread = talk(
        store,
        factory,
        "1",
        ("customer", "my parcel is late"),
        ("bot", "hm"),
        ("agent", "It comes tomorrow"),
        ("agent", "Promised"),
        ("customer", "ok"),
    )
    talk(store, factory, "2", ("agent", "nobody asked"))
    with store.read() as session:
        past = suggesting.past_answers(session)
    assert [(one.asked, one.answer, one.who, one.chat) for one in past] == [
        ("my parcel is late", "Promised", "Ann", thread.public_id),
        ("my parcel is late", "It comes tomorrow", "Ann", thread.public_id),
    ]


def test_the_nearest_come_first_each_once_and_what_is_not_alike_is_left_out(store, factory, encoder, settings: Settings):
    talk(store, factory, "1", ("customer", "late parcel"), ("agent", "It comes tomorrow"))
    talk(store, factory, "2", ("customer", "parcel money"), ("agent", "It comes tomorrow"))
    talk(store, factory, "3", ("customer", "late money"), ("agent", "Half of it"))
    talk(store, factory, "4", ("customer", "candle"), ("agent", "Green ones"))
    with store.read() as session:
        past = suggesting.past_answers(session)
    nearest = suggesting.Nearest()
    found = nearest.of(settings, "where is my parcel", past)
    assert [(one.answer, one.asked, round(score, 2)) for one, score in found] == [
        ("It comes tomorrow", "late parcel", 1.0), ("Half of it", "late money", 0.71),
    ]  # fmt: skip
    before = len(encoder.asked)
    nearest.of(settings, "where is my parcel", past)
    assert len(encoder.asked) == before, "a text is embedded once"


def test_the_agent_sees_them_in_the_chat_and_nobody_else_may_ask(store, factory, encoder, sign_in, hire):
    past = talk(store, factory, "1", ("customer", "late parcel"), ("agent", "It comes <b>tomorrow</b>"))
    thread = talk(store, factory, "2", ("customer", "parcel parcel"))
    ann, ben = sign_in(hire()), sign_in(hire())
    ann.post(f"/inbox/{thread.public_id}/take")
    page = ann.get(f"/inbox/{thread.public_id}/suggestions").text
    assert 'data-text="It comes &lt;b&gt;tomorrow&lt;/b&gt;"' in page
    assert "Ann, to &ldquo;late parcel&rdquo; (100% alike)" in page
    assert f"/transcripts/{past.public_id}?message=" in page, "where it was said is one click away"
    assert ben.get(f"/inbox/{thread.public_id}/suggestions").status_code == 403


def test_what_belongs_to_another_customer_is_not_suggested(store, factory, encoder, sign_in, hire):
    said = ("customer", "late parcel"), ("agent", "Sorry Dora, SK-7Q2M-X9KD comes tomorrow. Yours, Ann")
    talk(store, factory, "1", *said, name="Dora Pine")
    talk(store, factory, "2", ("customer", "late parcel"), ("agent", "It goes to 9 Oak Hill"), address={"line1": "9 Oak Hill"})
    thread = talk(store, factory, "3", ("customer", "late parcel"), name="Emma Hughes")
    ben = sign_in(hire(name="Ben Moss"))
    ben.post(f"/inbox/{thread.public_id}/take")
    page = ben.get(f"/inbox/{thread.public_id}/suggestions").text
    assert 'data-text="Sorry Emma, {order} comes tomorrow. Yours, Ben Moss"' in page
    assert "Oak Hill" not in page
