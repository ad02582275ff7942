"""A small neural model: two towers over the encoder's vectors, one for what the customer liked, one for an item.

Covington, Adams and Sargin, RecSys 2016; Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations",
RecSys 2019: the loss is a softmax over the items of the batch, corrected by how often an item is drawn. It sees items only by their
texts, and so knows a new item at once. Trained with torch (in the worker or the command line); served with two small matrix products.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recommender.contract import Query
from recommender.dataset import Dataset
from recommender.nextvisit import visits
from recommender.query import decay

WIDTH = 128  # of both layers
EPOCHS = 12
BATCH = 256
RATE = 2e-3
TEMPERATURE = 0.1
MOST = 60_000  # pairs of a past and an item chosen after it, learned from
LEAST = 64
HALF_LIFE = 120.0  # days


class Towers:
    name = "towers"

    def fit(self, data: Dataset) -> Towers:
        self._weights = _train(data) if len(data.users) else None
        return self._placed(data)

    def score(self, query: Query) -> np.ndarray:
        if self._weights is None or not len(query.positions):
            return np.zeros(self._size, np.float32)
        liking = query.weights * decay(query.ages, HALF_LIFE)
        wish = _tower(_unit(liking @ self._vectors[query.positions]), *self._weights[:4])
        return np.maximum(self._placed_items @ wish, 0.0).astype(np.float32)

    def evidence(self, query: Query, position: int) -> int | None:
        """The item without which the score falls most; None where it does not fall."""
        if self._weights is None or len(query.positions) < 2:
            return int(query.positions[0]) if len(query.positions) and self.score(query)[position] > 0 else None
        liking = query.weights * decay(query.ages, HALF_LIFE)
        parts = liking[:, None] * self._vectors[query.positions]
        wishes = _tower(_unit(parts.sum(axis=0) - np.vstack([np.zeros_like(parts[:1]), parts])), *self._weights[:4])
        scores = np.maximum(wishes @ self._placed_items[position], 0.0)
        best = int(scores[1:].argmin())
        return int(query.positions[best]) if scores[1 + best] < scores[0] else None

    def state(self) -> dict[str, np.ndarray]:
        return {} if self._weights is None else {f"w{k}": weight for k, weight in enumerate(self._weights)}

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Towers:
        self._weights = [state[f"w{k}"] for k in range(8)] if "w0" in state else None
        return self._placed(data)

    def _placed(self, data: Dataset) -> Towers:
        self._size, self._vectors = len(data.items), data.vectors
        if self._weights is not None:
            self._placed_items = _tower(data.vectors, *self._weights[4:]).astype(np.float32)
        return self


def _tower(rows: np.ndarray, first: np.ndarray, bias: np.ndarray, second: np.ndarray, last: np.ndarray) -> np.ndarray:
    return _unit(np.maximum(rows @ first + bias, 0.0) @ second + last)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)


def _train(data: Dataset) -> list[np.ndarray] | None:
    """The weights of both towers, or None where there is too little to learn from."""
    import torch
    from torch import nn

    past, chosen = visits(data, repeats=False)
    rows, columns = chosen.nonzero()
    if len(rows) < LEAST:
        return None
    picked = np.random.default_rng(0).permutation(len(rows))[:MOST]
    rows, columns = rows[picked], columns[picked]
    torch.manual_seed(0)
    vectors = torch.from_numpy(np.ascontiguousarray(data.vectors, np.float32))
    wishes = torch.from_numpy(_unit(past @ data.vectors).astype(np.float32))
    drawn = torch.from_numpy(np.log(np.bincount(columns, minlength=len(data.items)) / len(columns) + 1e-9).astype(np.float32))
    dim = vectors.shape[1]
    towers = [nn.Sequential(nn.Linear(dim, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH)) for _ in range(2)]
    optimiser = torch.optim.AdamW([weight for tower in towers for weight in tower.parameters()], lr=RATE, weight_decay=1e-3)
    left, right = torch.from_numpy(rows), torch.from_numpy(columns.astype(np.int64))
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(left)).split(BATCH):
            customers = nn.functional.normalize(towers[0](wishes[left[batch]]), dim=1)
            items = nn.functional.normalize(towers[1](vectors[right[batch]]), dim=1)
            logits = customers @ items.T / TEMPERATURE - drawn[right[batch]]
            same = right[batch][:, None] == right[batch][None, :]
            same.fill_diagonal_(False)
            loss = nn.functional.cross_entropy(logits.masked_fill(same, -1e9), torch.arange(len(batch)))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    layers = [layer for tower in towers for layer in (tower[0], tower[2])]
    return [array.detach().numpy().copy() for layer in layers for array in (layer.weight.T, layer.bias)]
