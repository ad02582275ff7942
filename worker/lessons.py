"""Puts the messages worth a look into the reviewers' queue, with the embeddings by which the console clusters them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from shop import lessons, ratings
from shop.models import Lesson, Turn, now
from shop.store import Store
from worker.profiling import Encode, embeddings

log = logging.getLogger("worker")

FIRST_LOOK, LATER = timedelta(days=14), timedelta(minutes=10)


@dataclass
class Lessons:
    """Looks at the last minutes again and again, after a start at the last days: a turn has one lesson, so looking twice does no harm."""

    store: Store
    encode: Encode | None
    back: timedelta = FIRST_LOOK

    def step(self) -> bool:
        """One look. Never more at once: returns False."""
        since = now() - self.back
        with self.store.read() as session:
            turns = lessons.turns_since(session, since)
            reasons = lessons.reasons_for(turns)
            for turn_id in lessons.taken_over(session, since):
                reasons.setdefault(turn_id, []).append("person")
            for turn_id in ratings.thumbs_down(session, since):
                reasons.setdefault(turn_id, []).append("thumbs_down")
            known = set(session.scalars(select(Lesson.turn_id).where(Lesson.turn_id.in_(reasons))))
            texts = dict(session.execute(select(Turn.id, Turn.text).where(Turn.id.in_(set(reasons) - known))).all())
        vectors = embeddings(list(texts.values()), self.encode)
        if reasons:
            with self.store.write() as session:
                new = lessons.add(session, reasons, {id_: vectors[text] for id_, text in texts.items() if text in vectors})
            if new:
                log.info("%s new messages are worth a look", new)
        self.back = LATER
        return False
