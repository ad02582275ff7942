"""Jobs run side by side: one that fails or hangs holds up nobody."""

from __future__ import annotations

import logging
import threading
import time

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from worker.jobs import LONGEST_PAUSE, Job, Jobs, backoff, describe


def until(condition, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_a_failing_job_is_tried_again_and_the_others_go_on():
    good, tries = [], []

    def bad() -> bool:
        tries.append(time.monotonic())
        if len(tries) < 3:
            raise OSError("no such device")
        return False

    jobs = Jobs([Job("bad", bad, every=60), Job("good", lambda: bool(good.append(1)), every=0.01)])
    jobs.start()
    assert until(lambda: jobs.health["bad"].failures == 2)
    assert jobs.health["bad"].error == "OSError: no such device"
    done_meanwhile = len(good)
    assert until(lambda: len(tries) == 3 and jobs.health["bad"].failures == 0)
    assert len(good) > done_meanwhile
    assert tries[2] - tries[1] > tries[1] - tries[0] > 0.4  # each pause longer than the last
    assert jobs.stop()


def test_a_job_with_more_to_do_does_not_wait_in_between():
    left = list(range(1000))
    jobs = Jobs([Job("busy", lambda: bool(left) and left.pop() >= 0, every=60)])
    jobs.start()
    assert until(lambda: not left)
    assert jobs.stop()


def test_stopping_waits_for_the_step_under_way_but_not_for_ever():
    entered, release, ended = threading.Event(), threading.Event(), []

    def slow() -> bool:
        entered.set()
        time.sleep(0.2)
        ended.append(1)
        return True

    jobs = Jobs([Job("slow", slow, every=1)])
    jobs.start()
    entered.wait(5)
    assert jobs.stop()
    assert ended
    hanging = Jobs([Job("hanging", lambda: release.wait(30), every=1)])
    hanging.start()
    began = time.monotonic()
    assert not hanging.stop(seconds=0.3)
    assert time.monotonic() - began < 1
    release.set()


def test_the_log_of_a_failure_holds_no_customers_words(store, caplog):
    def secret() -> bool:
        with store.read() as session:
            session.execute(text("SELECT * FROM nowhere WHERE said = :said"), {"said": "my private words"})
        return False

    jobs = Jobs([Job("leaky", secret, every=60)])
    with caplog.at_level(logging.ERROR):
        jobs.start()
        assert until(lambda: jobs.health["leaky"].failures == 1)
        jobs.stop()
    assert "leaky" in caplog.text
    assert "private" not in caplog.text + jobs.health["leaky"].error


def test_a_database_error_is_described_without_its_parameters():
    error = DBAPIError("INSERT INTO turns VALUES (?)", ("my private words",), Exception("disk is full"))
    assert describe(error) == "Exception: disk is full"


@given(st.integers(min_value=1, max_value=10_000))
def test_pauses_grow_and_never_exceed_the_longest(failures):
    assert 0 < backoff(failures) <= backoff(failures + 1) <= LONGEST_PAUSE
