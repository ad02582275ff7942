"""The heartbeat tells how the worker fares; expired browser sessions go."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta

from sqlalchemy import null, select

from shop.models import ErasureRequest, OutboxMessage, VisitorSession, now
from worker import heartbeat
from worker.jobs import Health
from worker.sessions import remove_expired


def test_the_heartbeat_tells_process_backlog_and_failing_jobs(store, talk, tmp_path):
    emma = talk()
    emma.say("a blue lamp")
    emma.do("view", count=3)
    with store.write() as session:
        session.add(ErasureRequest(customer_id=emma.customer))
        session.add(OutboxMessage(conversation_id=emma.conversation, payload={"text": "waits"}))
        session.add(OutboxMessage(conversation_id=emma.conversation, payload={"text": "given up"}, next_attempt_at=null()))
    heartbeat.write(
        tmp_path / "var", store, now(), {"delivery": Health(failures=2, error="OSError"), "profiling": Health(last_success=now())}
    )
    beat = json.loads(heartbeat.path(tmp_path / "var").read_text())
    assert beat["pid"] == os.getpid()
    assert now() - datetime.fromisoformat(beat["at"]) < timedelta(seconds=10)
    assert beat["backlog"] == {"turns": 1, "interactions": 3, "erasures": 1, "messages": 1}
    assert beat["jobs"]["delivery"] == {"last_success": None, "failures": 2, "error": "OSError"}
    assert beat["jobs"]["profiling"]["last_success"] is not None


def test_expired_sessions_are_removed_and_living_ones_stay(store, talk):
    emma = talk()
    with store.write() as session:
        for name, age in (("old", timedelta(seconds=-1)), ("young", timedelta(days=1))):
            session.add(VisitorSession(token_hash=name, customer_id=emma.customer, expires_at=now() + age))
    remove_expired(store)
    with store.read() as session:
        assert session.scalars(select(VisitorSession.token_hash)).all() == ["young"]
