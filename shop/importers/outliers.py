"""Which of many numbers lie far from the rest. Such rows are flagged for a person to look at, never dropped."""

from __future__ import annotations

import numpy as np


def iqr_outliers(values: np.ndarray, reach: float = 3.0) -> np.ndarray:
    """(n,) bool: beyond `reach` interquartile ranges from the quartiles (Tukey 1977; 3 is his "far out").

    Positive values are taken as logarithms, since prices and quantities spread by factors, not by differences.
    """
    spread = _spread(values)
    if not len(spread):
        return np.zeros(0, dtype=bool)
    low, high = np.percentile(spread, [25, 75])
    return (spread < low - reach * (high - low)) | (spread > high + reach * (high - low))


def z_outliers(values: np.ndarray, limit: float = 4.0) -> np.ndarray:
    """(n,) bool: more than `limit` standard deviations from the mean, on the same scale."""
    spread = _spread(values)
    deviation = spread.std() if len(spread) else 0.0
    return np.abs(spread - spread.mean()) > limit * deviation if deviation else np.zeros(len(spread), dtype=bool)


def _spread(values: np.ndarray) -> np.ndarray:
    numbers = np.asarray(values, dtype=float)
    return np.log(numbers) if len(numbers) and (numbers > 0).all() else numbers
