"""When the bot acts on its reading, when it asks, and when it says that it cannot help: thresholds found on held-out messages.

A turn is worth something to the customer: 1 if the bot acts on the right reading, -2/3 on a wrong one (less than the right one gains: a
wrong answer is seen and put right), 0.3 if it asks between two readings and one is right (a turn lost), -2/3 if neither is, 0 if it says
that it did not understand. The thresholds are those of the highest mean worth over the held-out messages. Out of scope is told from
messages written for the purpose (out_of_scope.txt) and from those of an intent `out_of_scope`, if there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

OUT_OF_SCOPE = "out_of_scope"
RIGHT, WRONG, ASKED, UNDERSTOOD_NOT = 1.0, -2 / 3, 0.3, 0.0
FALSE_REJECTS = 0.02  # share of the shop's own messages that may be taken for out of scope
BINS = 10


@dataclass(frozen=True)
class Doubt:
    """Below a confidence of `unsure` nothing is done. Two readings are asked about when the second has at least `ratio` of the first's
    chance and both together at least `pair`. From `strange` on a message is out of scope; its chance to be is expit(slope * familiarity +
    intercept). `ece` is the expected calibration error of the held-out messages."""

    unsure: float
    ratio: float
    pair: float
    strange: float
    slope: float
    intercept: float
    ece: float


def doubt_of(ranking: Sequence[dict[str, Any]], familiar: float, named: bool, limits: Doubt) -> tuple[float, str | None]:
    """The chance that a message is out of scope, and the doubt as docs/understanding.md lists them. `ranking` holds every intent;
    `named` tells that the message names something of the catalogue."""
    out = next((guess["confidence"] for guess in ranking if guess["name"] == OUT_OF_SCOPE), 0.0)
    strange = float(strangeness(familiar, out, limits))
    first, second = ranking[0]["confidence"], ranking[1]["confidence"] if len(ranking) > 1 else 0.0
    if strange >= limits.strange and not named and ranking[0]["name"] != OUT_OF_SCOPE:
        return strange, "out_of_scope"
    if second >= limits.ratio * first and first + second >= limits.pair:
        return strange, "ambiguous"
    return strange, "unsure" if first < limits.unsure else None


def strangeness(familiar: Any, out: Any, limits: Doubt) -> Any:
    """1 less the chance that neither the intent `out_of_scope` (chance `out`) nor unfamiliarity speaks of another world."""
    return 1 - (1 - expit(limits.slope * familiar + limits.intercept)) * (1 - out)


def set_by_data(y: np.ndarray, chances: np.ndarray, familiar: np.ndarray, classes: Sequence[str], strangers: np.ndarray) -> Doubt:
    """The thresholds. `y` (m,), `chances` (m, classes) and `familiar` (m,) are of held-out messages as customers would write them,
    `strangers` (k,) the familiarity of the messages of out_of_scope.txt. Answers of one retrieval intent count as one."""
    names = [name.partition("/")[0] for name in classes]
    intents = sorted(set(names))
    of = np.array([intents.index(name) for name in names])
    summed = np.zeros((len(y), len(intents)), chances.dtype)
    np.add.at(summed.T, of, chances.T)
    y, order = of[y], np.argsort(-summed, axis=1)[:, :2]
    first, second = summed[np.arange(len(y)), order[:, 0]], summed[np.arange(len(y)), order[:, -1]]
    right, either = order[:, 0] == y, (order == y[:, None]).any(axis=1)
    unsure, ratio, pair = max(
        product(np.arange(0.2, 0.62, 0.02), np.arange(0.5, 1.05, 0.05), np.arange(0.4, 1.0, 0.1)),
        key=lambda limits: _worth(first, second, right, either, *limits),
    )
    inside = y != intents.index(OUT_OF_SCOPE) if OUT_OF_SCOPE in intents else np.ones(len(y), bool)
    slope, intercept = _logistic(np.r_[familiar[inside], familiar[~inside], strangers], inside.sum())
    limits = Doubt(float(unsure), float(ratio), float(pair), 1.0, slope, intercept, calibration_error(first, right))
    out = summed[:, intents.index(OUT_OF_SCOPE)] if OUT_OF_SCOPE in intents else np.zeros(len(y))
    strange = float(np.quantile(strangeness(familiar, out, limits)[inside], 1 - FALSE_REJECTS))
    return Doubt(**{**limits.__dict__, "strange": max(strange, 0.5)})


def _worth(first: np.ndarray, second: np.ndarray, right: np.ndarray, either: np.ndarray, unsure: float, ratio: float, pair: float) -> float:
    asks = (second >= ratio * first) & (first + second >= pair)
    acts = ~asks & (first >= unsure)
    return float((acts * np.where(right, RIGHT, WRONG) + asks * np.where(either, ASKED, WRONG) + ~(asks | acts) * UNDERSTOOD_NOT).mean())


def _logistic(values: np.ndarray, inside: int) -> tuple[float, float]:
    """Slope and intercept of the chance to be out of scope; the first `inside` values are in scope. Both kinds weigh the same."""
    truth = np.arange(len(values)) >= inside
    weight = np.where(truth, 0.5 / max(truth.sum(), 1), 0.5 / max(inside, 1))

    def loss(at: np.ndarray) -> float:
        score = at[0] * values + at[1]
        return float((weight * np.logaddexp(0, np.where(truth, -score, score))).sum()) + 1e-3 * float(at[0] ** 2)

    slope, intercept = minimize(loss, np.array([-1.0, -2.0]), method="Nelder-Mead").x
    return float(slope), float(intercept)


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error in ten bins of equal width (Naeini et al. 2015, "Obtaining Well Calibrated Probabilities")."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return float(sum(abs(confidence[bins == k].sum() - right[bins == k].sum()) for k in range(BINS)) / len(right))


@lru_cache(maxsize=1)
def strangers() -> tuple[str, ...]:
    """Messages that no shop's bot can answer, of our own writing."""
    return tuple(line for line in (Path(__file__).parent / "out_of_scope.txt").read_text(encoding="utf-8").splitlines() if line)
