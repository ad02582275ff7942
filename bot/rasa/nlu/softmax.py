"""Multinomial logistic regression on dense and sparse features, its strength and its temperature chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import minimize, minimize_scalar
from scipy.sparse import csr_matrix
from scipy.special import log_softmax, softmax

SPAN = 2_000  # texts that span the principal space of `part`


@dataclass(frozen=True)
class Features:
    """One row a text. `dense` (n, d), `sparse` (n, s), both float32."""

    dense: np.ndarray
    sparse: csr_matrix

    def principal(self, most: int, sample: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, r) coordinates of the texts in their own principal space (uncentred), and the (d + s, r) map into it; r <= `most`.

        A penalised fit lives in the span of its texts, so that nothing is lost by fitting here while r is n; on the shop's data the
        held-out loss is the same down to r = 400. It is far faster, because there are fewer texts than n-grams. The space is spanned by
        the texts in `sample`, row numbers.
        """
        dense, sparse = self.dense[sample], self.sparse[sample]
        kernel = dense @ dense.T + (sparse @ sparse.T).toarray()
        n = len(kernel)
        values, vectors = eigh(kernel.astype(np.float64 if n < 500 else np.float32), subset_by_index=(max(0, n - most), n - 1))
        kept = values > 1e-4 * values[-1]
        values, vectors = values[kept], vectors[:, kept]
        back = (vectors / np.sqrt(values)).astype(np.float32)
        into = np.vstack([dense.T @ back, sparse.T @ back])
        d = dense.shape[1]
        return (self.dense @ into[:d] + self.sparse @ into[d:]).astype(np.float32), into


@dataclass(frozen=True)
class Fit:
    weights: np.ndarray  # (d + s + 1, classes), the last row is the intercept
    strength: float  # C, the inverse of the L2 penalty
    temperature: float  # scores are divided by it before the softmax
    log_loss: float  # of the held-out folds, after calibration
    accuracy: float  # of the held-out texts as written
    typo_accuracy: float  # of their mistyped copies; as `accuracy` if there are none
    rows: np.ndarray  # (m,) the rows that were held out
    held_out: np.ndarray  # (m, classes) their scores, before calibration


def fit_weights(
    x: np.ndarray, y: np.ndarray, n_classes: int, strength: float, start: np.ndarray | None = None, steps: int = 50
) -> np.ndarray:
    """(d + 1, classes) for `x` (n, d): minimises strength * cross-entropy + |w|^2 / 2 (intercept, the last row, free) with L-BFGS."""
    shape = (x.shape[1] + 1, n_classes)
    truth = np.eye(n_classes, dtype=np.float32)[y]

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape).astype(np.float32)
        log_p = log_softmax(x @ weights[:-1] + weights[-1], axis=1)
        penalty = weights.copy()
        penalty[-1] = 0
        loss = -strength * float((log_p * truth).sum(dtype=np.float64)) + 0.5 * float((penalty * penalty).sum(dtype=np.float64))
        residual = np.exp(log_p) - truth
        gradient = strength * np.vstack([x.T @ residual, residual.sum(axis=0, keepdims=True)]) + penalty
        return loss, gradient.ravel().astype(np.float64)

    begin = np.zeros(shape) if start is None else start
    best = minimize(objective, begin.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": steps, "ftol": 1e-6, "gtol": 1e-2})
    return best.x.reshape(shape).astype(np.float32)


def fit(
    features: Features,
    y: np.ndarray,
    groups: np.ndarray,
    n_classes: int,
    strengths: tuple[float, ...],
    folds: int = 3,
    rank: int = 600,
    seed: int = 0,
    many: int = 4_000,
) -> Fit:
    """Chooses the strength of least held-out log loss and the temperature that calibrates it, then fits on everything.

    `strengths` ascend. Rows of one group (a text and its mistyped copy) are never parted between training and held-out folds; the first
    row of a group is the text as written. Of more than `many` rows, a sample of whole groups is cross-validated.
    """
    rows = sampled(groups, many, seed)
    x, into = features.principal(rank, rows)
    fold = assigned(y[rows], groups[rows], folds, seed)
    held_out = {strength: np.zeros((len(rows), n_classes), np.float32) for strength in strengths}
    for k in range(folds):
        inside, outside = rows[fold != k], rows[fold == k]
        for strength, weights in _path(x[inside], y[inside], n_classes, strengths):
            held_out[strength][fold == k] = x[outside] @ weights[:-1] + weights[-1]
    calibrated = {strength: _temperature(scores, y[rows]) for strength, scores in held_out.items()}
    best = min(calibrated, key=lambda strength: calibrated[strength][1])
    temperature, loss = calibrated[best]
    right = held_out[best].argmax(axis=1) == y[rows]
    written = rows == groups[rows]
    accuracy = float(right[written].mean())
    typos = accuracy if written.all() else float(right[~written].mean())
    weights = dict(_path(x, y, n_classes, tuple(s for s in strengths if s <= best)))[best]
    return Fit(np.vstack([into @ weights[:-1], weights[-1:]]), best, temperature, loss, accuracy, typos, rows, held_out[best])


@dataclass(frozen=True)
class Part:
    """A linear model (`weights` as in Fit) and its scores (m, classes) of the `rows` (m,) that it has not learned."""

    weights: np.ndarray
    rows: np.ndarray
    scores: np.ndarray


def part(features: Features, y: np.ndarray, outside: np.ndarray, n_classes: int, strength: float, rank: int, seed: int) -> Part:
    """A regression on everything, with the scores that one on the other rows gives those in `outside`, row numbers."""
    x, into = features.principal(rank, sampled(np.arange(len(y)), SPAN, seed))
    inside = np.setdiff1d(np.arange(len(y)), outside)
    weights = fit_weights(x[inside], y[inside], n_classes, strength)
    held_out = x[outside] @ weights[:-1] + weights[-1]
    weights = fit_weights(x, y, n_classes, strength, weights, steps=15)
    return Part(np.vstack([into @ weights[:-1], weights[-1:]]), outside, held_out)


def stacked(parts: Sequence[Part], y: np.ndarray, groups: np.ndarray, ratio: Sequence[float] | None = None) -> Fit:
    """The weighted sum of linear models, as one: its scores come out calibrated, so that the temperature is 1.

    The share of each is what gives the least log loss on the rows that none has learned (Wolpert 1992, "Stacked Generalization"); with a
    `ratio` of the shares only their common factor is.
    """
    rows = reduce(np.intersect1d, (part.rows for part in parts))
    scores = [part.scores[np.argsort(part.rows)][np.isin(np.sort(part.rows), rows)] for part in parts]
    truth = y[rows]

    def loss(logs: np.ndarray) -> float:
        together = sum(np.exp(log) * own for log, own in zip(logs, scores, strict=True))
        return -float(log_softmax(together, axis=1)[np.arange(len(truth)), truth].mean())

    if ratio is None:
        begin, limits = np.full(len(parts), -np.log(len(parts))), [(-5.0, 3.0)] * len(parts)
        share = np.exp(minimize(loss, begin, method="Nelder-Mead", bounds=limits, options={"xatol": 0.01, "fatol": 1e-4}).x)
    else:
        share = np.array(ratio) / _temperature(sum(k * own for k, own in zip(ratio, scores, strict=True)), truth)[0]
    held_out, weights = (
        np.asarray(sum(k * own for k, own in zip(share, some, strict=True)), np.float32)
        for some in (scores, [part.weights for part in parts])
    )
    right, written = held_out.argmax(axis=1) == truth, rows == groups[rows]
    accuracy = float(right[written].mean())
    typos = accuracy if written.all() else float(right[~written].mean())
    return Fit(weights, 1.0, 1.0, loss(np.log(share)), accuracy, typos, rows, held_out)


def sampled(groups: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Row numbers, ascending: all, or those of a random choice of groups that has about `most` rows."""
    if len(groups) <= most:
        return np.arange(len(groups))
    distinct = np.unique(groups)
    chosen = np.random.default_rng(seed).choice(distinct, max(1, len(distinct) * most // len(groups)), replace=False)
    return np.flatnonzero(np.isin(groups, chosen))


def _path(x: np.ndarray, y: np.ndarray, n_classes: int, strengths: tuple[float, ...]) -> Iterator[tuple[float, np.ndarray]]:
    """The fit of each strength, from weak to strong, each starting where the last one ended: so the folds and the final fit stop alike,
    and the temperature found on the folds holds for it."""
    weights = None
    for strength in strengths:
        weights = fit_weights(x, y, n_classes, strength, weights)
        yield strength, weights


def scores(weights: np.ndarray, dense: np.ndarray, columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(classes,) of one text: `dense` (d,) and its sparse features' columns and values; `weights` as in Fit."""
    d = len(dense)
    return dense @ weights[:d] + values @ weights[d + columns] + weights[-1]


def probabilities(scores: np.ndarray, temperature: float) -> np.ndarray:
    return softmax(scores / temperature, axis=-1)


def assigned(y: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """(n,) fold of each row: groups are dealt out class by class, so that every fold sees every class it can."""
    rng = np.random.default_rng(seed)
    first = {int(group): row for row, group in reversed(list(enumerate(groups)))}
    order = sorted(first, key=lambda group: (y[first[group]], rng.random()))
    of_group = {group: position % folds for position, group in enumerate(order)}
    return np.array([of_group[int(group)] for group in groups])


def _temperature(scores: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The temperature of least mean log loss, and that loss (Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2)."""

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(scores / np.exp(log_temperature), axis=1)[np.arange(len(y)), y].mean())

    best = minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded")
    return float(np.exp(best.x)), float(best.fun)
