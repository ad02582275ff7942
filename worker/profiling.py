"""Turns what customers said and did into evidence of their profile, each row exactly once.

Reading what a row tells (and embedding it) happens outside any transaction, so that the write lock, which on SQLite everybody
shares, is held for milliseconds. The claim is what makes it once: in one transaction the rows still unmarked are locked, their
evidence inserted and the mark set. A row that another worker took, or that was erased meanwhile, is simply not there any more;
UNIQUE(turn_id) and UNIQUE(interaction_id) stand behind that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from shop.consent import refusing
from shop.models import Evidence, Interaction, Product, Turn, now
from shop.profile import signals_of_interaction, signals_of_turn
from shop.profiles import pack
from shop.signals import ASKING
from shop.store import Store
from worker.jobs import place

log = logging.getLogger("worker")

TURNS, INTERACTIONS = 50, 500  # rows a transaction; turns cost an embedding each

DESCRIBED = [column for column in Product.__table__.columns if column.name != "description"]  # long, and tells nothing here

Encode = Callable[[Sequence[str]], np.ndarray]  # texts to (n, dim) float32, unit length


@dataclass(frozen=True)
class Finding:
    """What one row tells: signals as in shop/profile.py, and the text to embed, if it says what the customer wants."""

    signals: list[dict[str, Any]] = field(default_factory=list)
    wish: str = ""


def profile_next(store: Store, encode: Encode | None) -> bool:
    """One batch: turns before interactions, so that a long import never delays what a customer has just said. True when there was one."""
    return profile_turns(store, encode) or profile_interactions(store, encode)


def profile_turns(store: Store, encode: Encode | None) -> bool:
    columns = (Turn.id, Turn.text, Turn.intent, Turn.entities)
    with store.read() as session:
        turns = session.execute(select(*columns).where(Turn.profiled_at.is_(None)).order_by(Turn.id).limit(TURNS)).all()
    keep(store, Turn, {turn.id: finding(of_turn, turn) for turn in turns}, encode)
    return bool(turns)


def profile_interactions(store: Store, encode: Encode | None) -> bool:
    columns = (Interaction.id, Interaction.product_id, Interaction.kind, Interaction.value, Interaction.query)
    with store.read() as session:
        rows = session.execute(select(*columns).where(Interaction.profiled_at.is_(None)).order_by(Interaction.id).limit(INTERACTIONS)).all()
        wanted = {row.product_id for row in rows if row.product_id is not None}
        products = {product.id: product for product in session.execute(select(*DESCRIBED).where(Product.id.in_(wanted)))}
    keep(store, Interaction, {row.id: finding(of_interaction, row, products.get(row.product_id)) for row in rows}, encode)
    return bool(rows)


def finding(read: Callable[..., Finding], row: Any, *more: Any) -> Finding:
    """What `read` makes of a row. One that it cannot read tells nothing and is named in the log; it must not hold up the others."""
    try:
        return read(row, *more)
    except Exception as error:
        log.error("%s %s could not be read for the profile: %s", read.__name__, row.id, place(error))
        return Finding()


def of_turn(turn: Row) -> Finding:
    signals = signals_of_turn(turn.text, turn.intent, turn.entities)
    return Finding(signals, turn.text if turn.intent in ASKING else "")


def of_interaction(row: Any, product: Any) -> Finding:
    return Finding(signals_of_interaction(row.kind, product, row.value), (row.query or "") if row.kind == "search" else "")


def keep(store: Store, kind: type[Turn] | type[Interaction], findings: Mapping[int, Finding], encode: Encode | None) -> None:
    """Commits the findings of those rows that are still unmarked, together with their marks."""
    if not findings:
        return
    vectors = embeddings([found.wish for found in findings.values() if found.wish], encode)
    with store.write() as session:
        claimed = claim(session, kind, findings)
        silent = refusing(session, {row.customer_id for row in claimed}, "personalisation")
        owner = "turn_id" if kind is Turn else "interaction_id"
        evidence = [
            {"customer_id": row.customer_id, owner: row.id, "at": row.at, "signals": found.signals, "vector": vectors.get(found.wish)}
            for row in claimed
            if row.customer_id not in silent and ((found := findings[row.id]).signals or found.wish in vectors)
        ]
        if evidence:
            session.execute(insert(Evidence.__table__), evidence)  # the table, not the class: much quicker for a long import


def claim(session: Session, kind: type[Turn] | type[Interaction], ids: Mapping[int, Any]) -> list[Any]:
    """Marks those rows that nobody has marked or is marking; returns their (id, customer_id, at) in id order. On SQLite the write
    transaction is lock enough."""
    free = select(kind.id).where(kind.id.in_(ids), kind.profiled_at.is_(None)).order_by(kind.id).with_for_update(skip_locked=True)
    marked = update(kind).where(kind.id.in_(free)).values(profiled_at=now()).returning(kind.id, kind.customer_id, kind.at)
    return sorted(session.execute(marked, execution_options={"synchronize_session": False}).all())


def embeddings(wishes: Sequence[str], encode: Encode | None) -> dict[str, bytes]:
    """Text -> its embedding, as Evidence.vector holds it. Without an encoder, or when it fails, there are none: the signals still count."""
    texts = sorted(set(wishes))
    if not texts or encode is None:
        return {}
    try:
        return {text: pack(vector) for text, vector in zip(texts, encode(texts), strict=True)}
    except Exception as error:
        log.error("%s messages could not be embedded: %s", len(texts), place(error))
        return {}
