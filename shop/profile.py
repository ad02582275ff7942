"""The profile: a pure fold over a customer's evidence. Nothing is stored twice, and each fact names what it came from."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np

from shop.signals import ATTRIBUTES, Signal, price_band, signals_of_interaction, signals_of_turn

__all__ = [
    "EvidenceItem", "Interest", "Issue", "PriceBand", "Profile", "Rfm", "Source", "Stated",
    "decay", "fold", "price_band", "rfm", "signals_of_interaction", "signals_of_turn",
]  # fmt: skip


class EvidenceItem(NamedTuple):
    """One evidence row. `vector`: (dim,) embedding of what was asked for. `text`: what was said or done, for showing."""

    id: int
    at: datetime
    signals: Sequence[Signal]
    turn_id: int | None = None
    interaction_id: int | None = None
    vector: np.ndarray | None = None
    text: str = ""


class Source(NamedTuple):
    """Where a fact came from, and with what weight it counts now. (A tuple: a busy customer has tens of thousands.)"""

    evidence_id: int
    turn_id: int | None
    interaction_id: int | None
    at: datetime
    weight: float
    text: str


@dataclass(frozen=True)
class Interest:
    """`weight` is the sum of its sources'; `share` is its part of all positive weight of the same kind, 0 to 1."""

    key: str
    weight: float
    share: float
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Stated:
    """Something the customer said about themselves: `attribute` is category, brand, colour, material or size."""

    attribute: str
    value: str
    source: Source


@dataclass(frozen=True)
class Issue:
    key: str
    opened_at: datetime
    source: Source


@dataclass(frozen=True)
class PriceBand:
    """Minor units. The middle four fifths of the weight lie between `low` and `high`."""

    low: int
    typical: int
    high: int


@dataclass(frozen=True)
class Profile:
    """`interests`: kind (category, brand, colour, material, size, price) -> strongest first, positive ones only.
    `vector`: unit length or None. `sentiment`: -1 to 1, None when nothing was said either way."""

    interests: dict[str, tuple[Interest, ...]] = field(default_factory=dict)
    aversions: tuple[Stated, ...] = ()
    preferences: tuple[Stated, ...] = ()
    price: PriceBand | None = None
    vector: np.ndarray | None = None
    sentiment: float | None = None
    issues: tuple[Issue, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.interests or self.aversions or self.preferences or self.issues) and self.vector is None and self.sentiment is None


@dataclass(frozen=True)
class Rfm:
    """Recency (days since the newest order, or None), frequency (orders) and monetary value (minor units), cancelled orders left out."""

    recency_days: float | None
    frequency: int
    monetary_minor: int
    currency: str


def decay(at: datetime, now: datetime, half_life_days: float) -> float:
    """1 for the present, a half after each half-life. What is dated in the future counts as present."""
    return 0.5 ** (max((now - at).total_seconds(), 0.0) / 86400 / half_life_days)


def fold(evidence: Iterable[EvidenceItem], now: datetime, half_life_days: float) -> Profile:
    """The profile that the evidence, in whatever order, adds up to at the moment `now`.

    Interests, prices, sentiment and the vector decay with the half-life. Statements do not: of those about the same attribute and value
    the newest counts. Removing a row removes exactly what it added.
    """
    rows = sorted(evidence, key=lambda row: (row.at, row.id))
    found: dict[tuple[str, str], list[Source]] = defaultdict(list)
    for row in rows:
        factor = decay(row.at, now, half_life_days)
        for signal in row.signals:
            lasting = signal["kind"] in _LASTING
            weight = float(signal["weight"]) * (1.0 if lasting else factor)
            source = Source(row.id, row.turn_id, row.interaction_id, row.at, weight, row.text)
            found[signal["kind"], str(signal["key"])].append(source)
    _take_back(found)
    interests = {kind: _interests(kind, found) for kind in (*ATTRIBUTES, "price")}
    return Profile(
        interests={kind: some for kind, some in interests.items() if some},
        aversions=_stated("aversion", "preference", found),
        preferences=_stated("preference", "aversion", found),
        price=_price(interests["price"]),
        vector=_vector(rows, now, half_life_days),
        sentiment=_sentiment(found.get(("sentiment", ""), ()), now, half_life_days),
        issues=_issues(found),
    )


def rfm(orders: Iterable, now: datetime) -> Rfm:
    """Of `shop.models.Order`s, or anything with placed_at, status, total_minor and currency. Money of the newest order's currency only."""
    counted = sorted((order for order in orders if order.status != "cancelled"), key=lambda order: order.placed_at)
    if not counted:
        return Rfm(None, 0, 0, "")
    newest = counted[-1]
    spent = sum(order.total_minor for order in counted if order.currency == newest.currency)
    return Rfm((now - newest.placed_at).total_seconds() / 86400, len(counted), spent, newest.currency)


_LASTING = frozenset({"aversion", "preference", "issue", "correction"})
_Found = dict[tuple[str, str], list[Source]]


def _take_back(found: _Found) -> None:
    """Drops what was known of an attribute's value before the customer said that it is wrong."""
    for (of, stated), corrections in list(found.items()):
        if of != "correction":
            continue
        attribute, _, value = stated.partition(":")
        since = _moment(corrections[-1])
        for key in ((attribute, value), ("aversion", stated), ("preference", stated)):
            if key in found:
                found[key] = [source for source in found[key] if _moment(source) > since]
                if not found[key]:
                    del found[key]


def _interests(kind: str, found: _Found) -> tuple[Interest, ...]:
    sums = {key: math.fsum(s.weight for s in sources) for (of, key), sources in found.items() if of == kind}
    positive = {key: weight for key, weight in sums.items() if weight > 0}
    total = math.fsum(positive.values())
    ranked = sorted(positive.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Interest(key, weight, weight / total, tuple(found[kind, key])) for key, weight in ranked)


def _stated(kind: str, opposite: str, found: _Found) -> tuple[Stated, ...]:
    """Those whose newest statement, of either kind, is a standing one of this kind. Newest first. At a tie the aversion counts."""
    standing = []
    for (of, key), sources in found.items():
        last = sources[-1]
        rival = found.get((opposite, key))
        if rival is not None and (_moment(rival[-1]), opposite == "aversion") > (_moment(last), kind == "aversion"):
            continue
        if of == kind and last.weight > 0:
            attribute, _, value = key.partition(":")
            standing.append(Stated(attribute, value, last))
    return tuple(sorted(standing, key=lambda s: (_moment(s.source), s.attribute, s.value), reverse=True))


def _issues(found: _Found) -> tuple[Issue, ...]:
    """Those opened and not closed since, newest first. `opened_at` is the first complaint since it was last closed."""
    ended = found.get(("issue", "*"), [])
    still = []
    for (kind, key), sources in found.items():
        if kind != "issue" or key == "*":
            continue
        closed = max((_moment(s) for s in (*sources, *ended) if s.weight < 0), default=None)
        since = [s for s in sources if s.weight > 0 and (closed is None or _moment(s) > closed)]
        if since:
            still.append(Issue(key, since[0].at, since[-1]))
    return tuple(sorted(still, key=lambda issue: (issue.opened_at, issue.key), reverse=True))


def _moment(source: Source) -> tuple[datetime, int]:
    return source.at, source.evidence_id


def _price(bands: Sequence[Interest]) -> PriceBand | None:
    if not bands:
        return None
    rising = sorted((int(band.key), band.share) for band in bands)
    below, low, high = 0.0, rising[0][0], rising[-1][0]
    for band, share in rising:
        if below <= 0.1 < below + share:
            low = band
        if below < 0.9 <= below + share:
            high = band
        below += share
    middle = math.fsum((band + 0.5) * share for band, share in rising)
    return PriceBand(2**low, round(2**middle), 2 ** (high + 1) - 1)


def _vector(rows: Iterable[EvidenceItem], now: datetime, half_life_days: float) -> np.ndarray | None:
    parts = [row.vector.astype(np.float64) * decay(row.at, now, half_life_days) for row in rows if row.vector is not None]
    if not parts:
        return None
    total = np.sum(parts, axis=0)
    length = float(np.linalg.norm(total))
    return (total / length).astype(np.float32) if length > 0 else None


def _sentiment(sources: Sequence[Source], now: datetime, half_life_days: float) -> float | None:
    if not sources:
        return None
    return math.fsum(s.weight for s in sources) / math.fsum(decay(s.at, now, half_life_days) for s in sources)
