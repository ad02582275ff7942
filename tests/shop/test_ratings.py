"""Thumbs: who may give them, where they are shown, and what they lead to."""

from __future__ import annotations

from sqlalchemy import select

from shop import lessons, ratings, transcripts, transcripts_export
from shop.models import OutboxMessage, Rating
from tests.harness.talk import exchange, thread
from worker.lessons import Lessons


def test_a_thumb_down_is_stored_found_exported_and_put_before_the_reviewers(store, factory):
    customer = factory.customer()
    with store.write() as session:
        mine, other = (thread(session, customer, name) for name in ("mine", "other"))
        for chat in (mine, other):
            exchange(session, chat, "where is it", "track_order", {"text": "On its way."})
        said = select(OutboxMessage.id).where(OutboxMessage.conversation_id == mine.id).order_by(OutboxMessage.id)
        asked, answered = session.scalars(said)
        assert not ratings.rate(session, mine.id, asked, up=False), "only what the bot said has a thumb"
        assert not ratings.rate(session, other.id, answered, up=False), "another's conversation"
        assert ratings.rate(session, mine.id, answered, up=True)
        assert ratings.rate(session, mine.id, answered, up=False)
    Lessons(store, None).step()
    with store.read() as session:
        assert ratings.of(session, [asked, answered]) == {answered: False}
        assert [entry.public_id for entry in transcripts.find(session, "thumb:down").entries] == [mine.public_id]
        assert transcripts.find(session, "thumb:up").entries == []
        assert [(row.Lesson.reasons, row.thread) for row in lessons.waiting(session)] == [(["thumbs_down"], mine.public_id)]
        rows, _ = transcripts_export.chunk(session, "thumb:down", "messages", None)
        assert [(row["author"], row["thumb"]) for row in rows] == [("customer", None), ("bot", "down")]
    with store.write() as session:
        session.delete(session.get_one(OutboxMessage, answered))
    with store.read() as session:
        assert session.scalars(select(Rating)).all() == []
