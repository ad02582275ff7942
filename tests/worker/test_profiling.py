"""Turns and interactions become evidence: each exactly once, soon, and only where the customer allows it."""

from __future__ import annotations

import threading
import time
from functools import partial

import numpy as np
import pytest
from sqlalchemy import func, insert, select

from shop import privacy, profiles
from shop.consent import set_consent
from shop.models import Evidence, Interaction, Turn
from worker import profiling
from worker.jobs import Job, Jobs
from worker.profiling import profile_interactions, profile_next, profile_turns

BLUE = [{"entity": "colour", "value": "blue", "start": 2, "end": 6}]


def drain(store, encode=None) -> None:
    while profile_next(store, encode):
        pass


def evidence(store) -> list[Evidence]:
    with store.read() as session:
        return list(session.scalars(select(Evidence).order_by(Evidence.id)))


def unmarked(store) -> int:
    with store.read() as session:
        return sum(session.scalar(select(func.count()).where(kind.profiled_at.is_(None))) for kind in (Turn, Interaction))


def test_a_turn_and_a_view_become_evidence_with_their_provenance(store, talk, encode):
    emma = talk()
    turn = emma.say("a blue lamp", entities=BLUE)
    (view,) = emma.do("view")
    drain(store, encode)
    said, seen = evidence(store)
    assert (said.turn_id, said.interaction_id, said.customer_id) == (turn, None, emma.customer)
    assert (seen.turn_id, seen.interaction_id, seen.customer_id) == (None, view, emma.customer)
    assert unmarked(store) == 0
    with store.read() as session:
        profile = profiles.load(session, emma.customer)
    (blue,) = profile.interests["colour"]
    assert {source.turn_id for source in blue.sources} == {turn, None}
    assert np.allclose(profile.vector, encode(["a blue lamp"])[0], atol=1e-3)


def test_doing_it_again_changes_nothing(store, talk, encode):
    emma = talk()
    emma.say("a blue lamp", entities=BLUE)
    emma.do("view", count=3)
    drain(store, encode)
    before = [(row.id, row.signals) for row in evidence(store)]
    drain(store, encode)
    assert [(row.id, row.signals) for row in evidence(store)] == before


def test_only_what_says_what_is_wanted_is_embedded(store, talk, encode):
    emma = talk()
    emma.say("I love blue", "state_preference", [{"entity": "colour", "value": "blue", "start": 7, "end": 11}])
    emma.say("where is my order, it has not arrived", "track_order")
    emma.do("search", query="a warm blanket")
    drain(store, encode)
    vectors = [row.vector for row in evidence(store)]
    assert [vector is not None for vector in vectors] == [True, False, True]
    assert len(vectors[0]) == 3 * 2  # float16


def test_small_talk_leaves_a_mark_but_no_evidence(store, talk):
    talk().say("hi", "greet")
    drain(store)
    assert (evidence(store), unmarked(store)) == ([], 0)


def test_a_customer_who_opted_out_leaves_no_evidence_and_others_do(store, talk, encode):
    emma, paul = talk(), talk()
    with store.write() as session:
        set_consent(session, emma.customer, "personalisation", False, "chat")
    for customer in (emma, paul):
        customer.say("a blue lamp", entities=BLUE)
        customer.do("purchase")
    drain(store, encode)
    assert {row.customer_id for row in evidence(store)} == {paul.customer}
    assert unmarked(store) == 0


def test_consent_counts_as_it_is_when_the_evidence_is_committed(store, talk, encode, monkeypatch):
    emma = talk()
    emma.say("a blue lamp", entities=BLUE)

    def opt_out_meanwhile(texts):
        with store.write() as session:
            set_consent(session, emma.customer, "personalisation", False, "chat")
        return encode(texts)

    drain(store, opt_out_meanwhile)
    assert evidence(store) == []


def test_deleting_a_turn_removes_what_only_it_supported(store, talk, encode):
    emma = talk()
    first = emma.say("a blue lamp", entities=BLUE)
    emma.say("a red mug", entities=[{"entity": "colour", "value": "red", "start": 2, "end": 5}])
    emma.do("view", emma.mug)  # red, too
    drain(store, encode)
    with store.write() as session:
        assert privacy.delete_turn(session, first)
    with store.read() as session:
        profile = profiles.load(session, emma.customer)
    assert [interest.key for interest in profile.interests["colour"]] == ["red"]


def test_a_row_that_vanishes_while_it_is_read_does_no_harm(store, talk, encode):
    emma, paul = talk(), talk()
    emma.say("a blue lamp", entities=BLUE)
    kept = paul.say("a blue lamp!", entities=BLUE)

    def forget_meanwhile(texts):
        with store.write() as session:
            privacy.erase(session, emma.customer)
        return encode(texts)

    profile_turns(store, forget_meanwhile)
    assert [row.turn_id for row in evidence(store)] == [kept]


def test_a_row_that_cannot_be_read_is_named_and_holds_up_no_other(store, talk, monkeypatch, caplog):
    emma = talk()
    bad, good = emma.say("my private words", entities=[{"entity": "colour"}]), emma.say("a blue lamp", entities=BLUE)

    def fragile(text, intent, entities):
        if "private" in text:
            raise ValueError
        return [{"kind": "colour", "key": "blue", "weight": 1.0}]

    monkeypatch.setattr(profiling, "signals_of_turn", fragile)
    drain(store)
    assert [row.turn_id for row in evidence(store)] == [good]
    assert str(bad) in caplog.text
    assert "private" not in caplog.text


def test_a_failing_encoder_costs_the_vector_only(store, talk):
    talk().say("a blue lamp", entities=BLUE)

    def broken(texts):
        raise RuntimeError("no model")

    drain(store, broken)
    (row,) = evidence(store)
    assert row.signals
    assert row.vector is None


def test_a_failing_transaction_leaves_rows_to_be_done_again(store, talk, monkeypatch):
    emma = talk()
    emma.do("view", count=5)
    with monkeypatch.context() as patch:
        patch.setattr(profiling, "insert", lambda _: 1 / 0)  # after the marks are set
        with pytest.raises(ZeroDivisionError):
            profile_interactions(store, None)
    assert (evidence(store), unmarked(store)) == ([], 5)
    drain(store)
    assert len(evidence(store)) == 5


def test_fresh_turns_come_before_a_long_import(store, talk):
    emma = talk()
    emma.do("view", count=profiling.INTERACTIONS + 1)
    turn = emma.say("a blue lamp", entities=BLUE)
    profile_next(store, None)
    assert [row.turn_id for row in evidence(store)] == [turn]


def test_two_workers_at_once_count_everything_once(store, talk, encode):
    emma = talk()
    for k in range(60):
        emma.say(f"a blue lamp {k}", entities=BLUE)
    emma.do("view", count=2000)
    failures = []

    def work():
        try:
            while unmarked(store):
                profile_next(store, encode)
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert failures == []
    rows = evidence(store)
    assert len(rows) == len({(row.turn_id, row.interaction_id) for row in rows}) == 2060


def test_what_is_said_reaches_the_profile_within_a_second(store, talk, encode):
    emma = talk()
    emma.do("view", count=3000)  # a backlog at the same time
    jobs = Jobs([Job("profiling", partial(profile_next, store, encode), every=0.2)])
    said, seen = {}, {}

    def watch():
        while len(seen) < 200 and not jobs.stopping.is_set():
            with store.read() as session:
                found = session.scalars(select(Evidence.turn_id).where(Evidence.turn_id.is_not(None))).all()
            seen.update((turn, time.monotonic()) for turn in found if turn not in seen)
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    jobs.start()
    watcher.start()
    for k in range(200):
        said[emma.say(f"a blue lamp {k}", entities=BLUE)] = time.monotonic()
        time.sleep(0.02)
    watcher.join(20)
    jobs.stop()
    assert len(seen) == 200
    assert np.quantile([seen[turn] - at for turn, at in said.items()], 0.95) < 1.0


def test_a_worker_that_is_killed_loses_and_repeats_nothing(store, talk, start_worker):
    emma = talk()
    emma.do("view", count=3000)
    turns = [emma.say(f"a blue lamp {k}", entities=BLUE) for k in range(100)]
    first, _second = start_worker(), start_worker()
    deadline = time.monotonic() + 60
    while unmarked(store) > 2000 and time.monotonic() < deadline:
        time.sleep(0.02)
    first.kill()
    while unmarked(store) and time.monotonic() < deadline:
        time.sleep(0.05)
    rows = evidence(store)
    assert len(rows) == len({(row.turn_id, row.interaction_id) for row in rows}) == 3100
    assert {row.turn_id for row in rows} >= set(turns)


def test_a_worker_ends_within_two_seconds_of_being_told(store, talk, start_worker, tmp_path):
    talk().do("view", count=8_000)
    worker = start_worker()
    beat = tmp_path / "worker-var" / "worker.json"
    deadline = time.monotonic() + 30
    while not beat.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    began = time.monotonic()
    worker.terminate()
    assert worker.wait(10) == 0
    assert time.monotonic() - began < 2
    assert not beat.exists()
    assert len(evidence(store)) == 8_000 - unmarked(store)


@pytest.mark.slow
def test_an_import_of_400_000_interactions_is_read_within_minutes(store, talk):
    emma = talk()
    row = {"customer_id": emma.customer, "product_id": emma.lamp, "kind": "purchase", "source": "import"}
    for _ in range(40):
        with store.write() as session:
            session.execute(insert(Interaction), [row] * 10_000)
    began = time.monotonic()
    drain(store)
    seconds = time.monotonic() - began
    print(f"{store.dialect}: {400_000 / seconds:,.0f} interactions a second")
    assert seconds < 300
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Evidence)) == 400_000
