"""From whom the shop learns how much: profiles are invented in a minute, verified purchases over months are not.

Against profiles that push an item (shilling: Lam and Riedl, WWW 2004). They are many newcomers who do the same, and mostly buy nothing;
so newcomers are heeded for an item in the measure in which they usually join what established customers do, and who never bought anything
in the measure in which such people usually join those who did.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

DAY = 86_400  # seconds
UNVERIFIED = 0.2  # how much somebody counts who never bought anything
ESTABLISHED = 28  # days from somebody's first purchase to the newest, from which they are no newcomer
SETTLED = 50  # established customers that a shop must have to learn from them alone what is had again
PERIOD = 14  # days over which what newcomers and others do with an item is compared
LATITUDE = 2.0  # how many times as much as usual newcomers may say for an item


def established(interactions: pd.DataFrame, users: np.ndarray) -> np.ndarray:
    """(n_users,) who of the sorted `users` bought, or where nobody buys did, anything ESTABLISHED days after something else."""
    bought = interactions[interactions["kind"] == "purchase"]
    at = (bought if len(bought) else interactions).groupby("user")["at"]
    apart = at.max() - at.min()
    return np.isin(users, apart.index[apart >= pd.Timedelta(days=ESTABLISHED)])


def heeded(events: pd.DataFrame, weight: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(events,) how much each of the `events` (user, column, seconds) of this `weight` counts, in [0, 1]: 1 of who is `known` to the shop.
    The others' (newcomers', say) of an item, one of each in a period, together weigh at most LATITUDE times what they usually do in
    these days: their part beside the others', and as much as they do for an average item on top, for what sells rarely. What is usual in
    a period is at most LATITUDE times what is at all times, lest those who push an item say it. Where there are newcomers only they
    count fully: a young shop learns from whom it has."""
    time, when = np.unique(periods(events), return_inverse=True)
    _, first, cell = np.unique(events["column"].to_numpy() * len(time) + when, return_index=True, return_inverse=True)
    of_cell = when[first]
    once = ~pd.DataFrame({"user": events["user"].to_numpy(), "cell": cell}).duplicated().to_numpy()
    old, new = (np.bincount(cell, weight * (some & once)) for some in (known, ~known))
    all_old, all_new = (np.bincount(of_cell, some, minlength=len(time)) for some in (old, new))
    cells = np.bincount(of_cell, minlength=len(time))
    usual, average = (_usual(all_new, to) for to in (all_old, cells))
    allowed = LATITUDE * (usual[of_cell] * old + average[of_cell])
    share = np.where((all_old > 0)[of_cell] & (new > 0), np.minimum(allowed / np.where(new > 0, new, 1.0), 1.0), 1.0)
    return np.where(known, 1.0, share[cell])


def periods(events: pd.DataFrame) -> np.ndarray:
    return events["seconds"].to_numpy() // (PERIOD * DAY)


def _usual(new: np.ndarray, to: np.ndarray) -> np.ndarray:
    """(periods,) what newcomers did in each for one of `to`; where they did far more than at all times, not as much."""
    return np.minimum(new / np.where(to > 0, to, np.inf), LATITUDE * new.sum() / max(to.sum(), 1e-9))
