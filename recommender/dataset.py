"""What a scorer is fitted on: the catalogue and the interactions, in memory. Scorers never see files or the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from recommender.heed import DAY, SETTLED, UNVERIFIED, established, heeded, periods

# How strongly each kind of event speaks for an item. A dislike is a filter, not a small preference.
KIND_WEIGHT = {"view": 0.3, "click": 0.4, "cart": 0.7, "purchase": 1.0, "rating": 1.0, "like": 1.0, "dislike": 0.0, "search": 0.0}
LOW_RATING = 3.0  # stars; fewer speak against an item


@dataclass(frozen=True, eq=False)
class Dataset:
    """`items`: one row an item, in catalogue order, columns item (int id), sku, group, title, text (title, description and attributes
    as one string), brand, category, price (minor units), stock, colour, size, material, active.
    `interactions`: columns user, item (int ids), kind, value, at (UTC); oldest first.
    `vectors`: (n_items, dim) float32 unit-length embeddings of `text`, in catalogue order.
    `baskets`: columns basket, item: what was bought together, by anonymous customers too. None: derived from the interactions.
    """

    items: pd.DataFrame
    interactions: pd.DataFrame
    vectors: np.ndarray
    baskets: pd.DataFrame | None = None

    @cached_property
    def ids(self) -> np.ndarray:
        return self.items["item"].to_numpy(np.int64)

    @cached_property
    def index(self) -> pd.Index:
        return pd.Index(self.ids)

    @cached_property
    def position(self) -> dict[int, int]:
        """Item id -> catalogue position."""
        return dict(zip(self.ids.tolist(), range(len(self.ids)), strict=True))

    @cached_property
    def centring(self) -> tuple[np.ndarray, np.ndarray]:
        """The mean of the vectors (dim,), and how long each is without it (n_items,), at least 1e-9."""
        mean = self.vectors.mean(axis=0) if len(self.vectors) > 1 else np.zeros(self.vectors.shape[1], np.float32)
        squared = np.einsum("ij,ij->i", self.vectors, self.vectors) - 2 * (self.vectors @ mean) + mean @ mean
        return mean, np.sqrt(np.maximum(squared, 1e-18)).astype(np.float32)

    @cached_property
    def users(self) -> np.ndarray:
        return np.unique(self.interactions["user"].to_numpy(np.int64))

    @cached_property
    def trust(self) -> np.ndarray:
        """(n_users,) how much each user counts: fully with a purchase, or where nobody has any."""
        buyers = np.unique(self.interactions.loc[self.interactions["kind"] == "purchase", "user"].to_numpy(np.int64))
        return np.where(np.isin(self.users, buyers) | (not len(buyers)), 1.0, UNVERIFIED).astype(np.float32)

    @cached_property
    def settled(self) -> np.ndarray:
        """(n_users,) from whom is learned what is had again: who is established (heed.py), or, where too few are, everybody."""
        known = established(self.interactions, self.users)
        return known if known.sum() >= SETTLED else np.ones(len(known), bool)

    @cached_property
    def events(self) -> pd.DataFrame:
        """The interactions that speak for a known item: columns user, column (catalogue position), own (how strongly, to the user
        themselves), heed (how much the shop learns from it: `trust`, less of newcomers and of who never bought), weight (both
        multiplied), seconds (Unix time). Of a thing done more than once on a day to an item the first counts, but for purchases."""
        rows = self.interactions
        own = rows["kind"].map(KIND_WEIGHT).fillna(0.0).to_numpy(float)
        own = np.where((rows["kind"] == "rating") & (rows["value"].astype(float) < LOW_RATING), 0.0, own)
        column = self.index.get_indexer(rows["item"].to_numpy(np.int64))
        seconds = pd.to_datetime(rows["at"], utc=True).dt.as_unit("s").astype("int64").to_numpy()
        user = rows["user"].to_numpy(np.int64)
        table = pd.DataFrame({"user": user, "column": column, "own": own, "seconds": seconds})
        once = pd.DataFrame({"user": user, "column": column, "kind": rows["kind"].to_numpy(), "day": seconds // DAY}).duplicated()
        again = once.to_numpy() & (rows["kind"] != "purchase").to_numpy()
        table = table[(table["column"] >= 0) & (table["own"] > 0) & ~again]
        who = np.searchsorted(self.users, table["user"])
        known, trust, own = established(rows, self.users)[who], self.trust[who], table["own"].to_numpy()
        heed = trust * np.minimum(heeded(table, own * trust, known), heeded(table, own * trust, trust == 1))
        return table.assign(heed=heed, weight=own * heed)

    @cached_property
    def counted(self) -> pd.DataFrame:
        """The `events` that make an item popular: of each user one for each item in a period; of who never bought, one in all."""
        events = self.events
        verified = self.trust[np.searchsorted(self.users, events["user"])] == 1
        turn = np.where(verified, periods(events), 0)
        return events[~events[["user", "column"]].assign(turn=turn).duplicated().to_numpy()]

    @cached_property
    def matrix(self) -> sp.csr_matrix:
        """(n_users, n_items) preferences in (0, 1], rows in the order of `users`: the sum of an item's event weights, scaled down where the
        user's own are more than 1 in all."""
        rows, columns = np.searchsorted(self.users, self.events["user"].to_numpy()), self.events["column"].to_numpy()
        shape = (len(self.users), len(self.items))
        summed, own = (sp.csr_matrix((self.events[name].to_numpy(np.float32), (rows, columns)), shape=shape) for name in ("weight", "own"))
        summed.data /= np.maximum(own.data, 1)  # both have an entry for each event, in the same order
        return summed

    @cached_property
    def basket_matrix(self) -> sp.csr_matrix:
        """(n_baskets, n_items) of ones."""
        table = self.baskets if self.baskets is not None else _baskets(self.interactions)
        column = self.index.get_indexer(table["item"].to_numpy(np.int64))
        row, _ = pd.factorize(table["basket"])
        known = column >= 0
        ones = np.ones(int(known.sum()), np.float32)
        matrix = sp.csr_matrix((ones, (row[known], column[known])), shape=(int(row.max(initial=-1)) + 1, len(self.items)))
        matrix.sum_duplicates()
        matrix.data[:] = 1.0
        return matrix

    @cached_property
    def support(self) -> np.ndarray:
        """(n_items,) number of users with a preference for each item, each as far as they are heeded."""
        most = self.events.groupby(["user", "column"], sort=False)["heed"].max()
        return np.bincount(most.index.get_level_values("column"), most.to_numpy(), len(self.items))


def _baskets(interactions: pd.DataFrame) -> pd.DataFrame:
    """Purchases of one customer at one moment are one basket."""
    bought = interactions[interactions["kind"] == "purchase"]
    return pd.DataFrame({"basket": bought.groupby(["user", "at"]).ngroup().to_numpy(), "item": bought["item"].to_numpy(np.int64)})


class Alignment:
    """Carries scores from the items a model was fitted on to the live catalogue, where items may be new, gone or reordered."""

    def __init__(self, fitted: np.ndarray, live: np.ndarray) -> None:
        self.size = len(live)
        self.identical = len(fitted) == len(live) and bool((fitted == live).all())
        self._live = pd.Index(live).get_indexer(fitted)  # fitted position -> live position, -1 when gone
        self._fitted = pd.Index(fitted).get_indexer(live)  # live position -> fitted position, -1 when new

    def fitted(self, positions: Sequence[int] | np.ndarray) -> np.ndarray:
        """Fitted positions of live ones, -1 where the model does not know the item."""
        at = np.asarray(positions, np.int64)
        return at if self.identical else self._fitted[at]

    def live(self, scores: np.ndarray) -> np.ndarray:
        """Scores in fitted order -> scores in catalogue order, 0 for items the model does not know."""
        return scores if self.identical else self.live_at(scores, slice(None))

    def live_at(self, scores: np.ndarray, at: np.ndarray | slice) -> np.ndarray:
        """As `live`, at some catalogue positions only."""
        return scores[at] if self.identical else np.append(scores, np.float32(0))[self._fitted[at]]  # -1, a new item, is the last: 0

    def live_many(self, scores: np.ndarray) -> np.ndarray:
        """As `live`, for each row."""
        return scores if self.identical else np.pad(scores, ((0, 0), (0, 1)))[:, self._fitted]

    def places(self, fitted: np.ndarray) -> np.ndarray:
        """Catalogue positions of fitted ones, -1 where the item is gone."""
        return fitted if self.identical else self._live[fitted]
