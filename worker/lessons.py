"""Puts the messages worth a look into the reviewers' queue, with the embeddings by which the console clusters them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from sqlalchemy import select

from shop import lessons, ratings
from shop.models import Lesson, Turn, now
from shop.profiles import pack, unpack
from shop.store import Store
from worker.profiling import Encode, embeddings

log = logging.getLogger("worker")

FIRST_LOOK, LATER = timedelta(days=14), timedelta(minutes=10)


def meanings(texts: Mapping[int, tuple[str, str]], encode: Encode | None) -> dict[int, bytes]:
    """Turn id -> the direction between the embedding of its message and that of the message without its articles, so that "my vase came
    in pieces" is near "the glasses arrived smashed"."""
    known = embeddings([text for both in texts.values() for text in both], encode)
    found = {}
    for id_, both in texts.items():
        if all(text in known for text in both):
            middle = np.sum([unpack(known[text]) for text in both], axis=0)
            found[id_] = pack(middle / max(float(np.linalg.norm(middle)), 1e-9))
    return found


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
            new = session.execute(select(Turn.id, Turn.text, Turn.entities).where(Turn.id.in_(set(reasons) - known))).all()
        vectors = meanings({id_: (text, lessons.without_things(text, entities)) for id_, text, entities in new}, self.encode)
        if reasons:
            with self.store.write() as session:
                added = lessons.add(session, reasons, vectors)
            if added:
                log.info("%s new messages are worth a look", added)
        self.back = LATER
        return False
