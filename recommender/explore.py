"""Trying out what the ranking leaves at the bottom, by Thompson sampling with known propensities.

Each exploring position has candidates of its own. Their appeal is a Beta posterior over the clicks they had when they were shown
(Chapelle and Li, "An Empirical Evaluation of Thompson Sampling", NIPS 2011). The probability that a draw of one exceeds the draws of all
others is integrated numerically, and the candidate is drawn from just these probabilities: the same policy, and its propensities are
exact, so that what is logged can be weighted by their inverse.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

POOL = 12  # candidates of one exploring position
PRIOR = (1.0, 19.0)  # clicks and passes that a product nobody saw is given: one in twenty
GRID = 400  # points of the integral


def chances(clicks: np.ndarray, passes: np.ndarray) -> np.ndarray:
    """(k,) the probability of each candidate that its draw from Beta(clicks, passes) is the largest."""
    if len(clicks) == 1:
        return np.ones(1)
    mean = clicks / (clicks + passes)
    spread = np.sqrt(mean * (1 - mean) / (clicks + passes + 1))
    low, high = max(float((mean - 6 * spread).min()), 1e-6), min(float((mean + 8 * spread).max()), 1 - 1e-6)
    x = np.linspace(low, high, GRID)
    log_density = (clicks[:, None] - 1) * np.log(x) + (passes[:, None] - 1) * np.log1p(-x)
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    density /= density.sum(axis=1, keepdims=True)
    below = np.log(np.clip(np.cumsum(density, axis=1) - density / 2, 1e-12, 1.0))
    largest = (density * np.exp(below.sum(axis=0) - below)).sum(axis=1)
    return largest / largest.sum()


def draw(
    candidates: Sequence[int], slots: int, clicks: np.ndarray, passes: np.ndarray, rng: np.random.Generator
) -> list[tuple[int, float]]:
    """For each of `slots` positions one candidate and its propensity. Candidates, best first, are dealt to the positions in turn; at most
    POOL compete for one. `clicks`, `passes` (n_items,): what was seen of each item, without the prior."""
    drawn = []
    for slot in range(slots):
        mine = np.array(candidates[slot::slots][:POOL], np.int64)
        if len(mine):
            probabilities = chances(clicks[mine] + PRIOR[0], passes[mine] + PRIOR[1])
            k = int(rng.choice(len(mine), p=probabilities))
            drawn.append((int(mine[k]), float(probabilities[k])))
    return drawn
