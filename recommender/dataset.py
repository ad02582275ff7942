"""What a scorer is fitted on: the catalogue and the interactions, in memory. Scorers never see files or the store."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp


@dataclass(frozen=True, eq=False)
class Dataset:
    """`items`: one row an item, in catalogue order, columns item (int id), sku, group, title, text (title, description and attributes
    as one string), brand, category, price (minor units), stock, colour, size, material, created_at.
    `interactions`: columns user, item (int ids), kind, value, at; oldest first.
    `vectors`: (n_items, dim) float32 unit-length embeddings of `text`, in catalogue order.
    """

    items: pd.DataFrame
    interactions: pd.DataFrame
    vectors: np.ndarray

    @cached_property
    def position(self) -> dict[int, int]:
        """Item id -> catalogue position."""
        return {int(item): k for k, item in enumerate(self.items["item"])}

    @cached_property
    def users(self) -> np.ndarray:
        return np.unique(self.interactions["user"].to_numpy())

    @cached_property
    def matrix(self) -> sp.csr_matrix:
        """(n_users, n_items) summed preference weights, rows in the order of `users`."""
        known = self.interactions[self.interactions["item"].isin(self.position)]
        rows = np.searchsorted(self.users, known["user"].to_numpy())
        columns = known["item"].map(self.position).to_numpy()
        weights = known["kind"].map(KIND_WEIGHT).fillna(0.0).to_numpy()
        shape = (len(self.users), len(self.items))
        return sp.csr_matrix((weights, (rows, columns)), shape=shape, dtype=np.float32)


# How strongly each kind of event speaks for an item. A dislike is a filter, not a small preference.
KIND_WEIGHT = {"view": 0.3, "click": 0.4, "cart": 0.7, "purchase": 1.0, "rating": 1.0, "like": 1.0, "dislike": 0.0, "search": 0.0}
