"""Fine-tunes the last layers of the sentence encoder on labelled texts; the layers below are frozen and run once.

The head is a cosine classifier, begun at the classes' mean vectors, so that training starts from nearest-centroid and moves encoder and
prototypes together (cf. Tunstall et al. 2022, "Efficient Few-Shot Learning Without Prompts"; Snell et al. 2017, "Prototypical Networks").
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch.nn import functional

from bot.tuning.layers import Layer

SCALE = 16.0  # of the cosines before the softmax
SMOOTHING = 0.1  # of the labels
WARM_UP = 0.1  # share of the steps in which the rate rises
HEAD_FASTER = 5.0  # the head's learning rate over the layers'
BEGIN = 12  # texts of a class whose mean its prototype begins at
HALF = torch.ops.mkldnn._is_mkldnn_bf16_supported()  # elsewhere 16 bits are slower than 32


@dataclass(frozen=True)
class Plan:
    """How to train. `epochs` may be less than one; `rate` is the highest learning rate, which falls linearly to nothing.
    `dropped` is the share of the values before each layer that are left out in training, by chance."""

    epochs: float = 4.0
    rate: float = 2e-4
    batch: int = 32
    seed: int = 7
    dropped: float = 0.0


class Top(torch.nn.Module):
    """Layers, mean pooling to unit length, and a cosine classifier."""

    def __init__(self, layers: Sequence[Layer], classes: int) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(copy.deepcopy(layer) for layer in layers)
        width = next(self.layers.parameters()).shape[0]
        self.prototypes = torch.nn.Parameter(torch.zeros(classes, width))
        self.bias = torch.nn.Parameter(torch.zeros(classes))
        self.dropped = 0.0

    def embed(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, d) unit vectors of (n, length, d) states of the frozen layers; `mask` (n, length) is 1 where there is a token."""
        away = (1 - mask[:, None, None, :]) * -1e4
        for layer in self.layers:
            hidden = layer(functional.dropout(hidden, self.dropped, self.training), away)
        pooled = (hidden.float() * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        return functional.normalize(pooled, dim=-1)

    def scores(self, vectors: torch.Tensor) -> torch.Tensor:
        return SCALE * vectors @ functional.normalize(self.prototypes, dim=-1).T + self.bias

    def weights(self) -> np.ndarray:
        """(d + 1, classes): `scores` as one matrix, the bias last."""
        with torch.no_grad():
            return torch.vstack([SCALE * functional.normalize(self.prototypes, dim=-1).T, self.bias]).numpy()


def begun(layers: Sequence[Layer], states: Sequence[np.ndarray], y: np.ndarray, classes: int) -> Top:
    """A Top that has learned nothing but the classes' mean vectors. `states` and `y` as for `tune`."""
    top, truth = Top(layers, classes), torch.from_numpy(np.asarray(y))
    first = np.concatenate([np.flatnonzero(np.asarray(y) == name)[:BEGIN] for name in range(classes)])
    vectors = torch.from_numpy(embed(top, [states[k] for k in first]))
    top.prototypes.data = functional.normalize(torch.zeros_like(top.prototypes).index_add_(0, truth[first], vectors), dim=-1)
    return top


def tune(top: Top, states: Sequence[np.ndarray], y: np.ndarray, plan: Plan) -> Top:
    """`top`, trained on. `states`: of each text the frozen layers' output (length, d) float; `y` (n,) classes."""
    torch.manual_seed(plan.seed)
    truth, rng = torch.from_numpy(np.asarray(y)), random.Random(plan.seed)
    slow, fast = list(top.layers.parameters()), [top.prototypes, top.bias]
    groups = [{"params": slow, "weight_decay": 0.01}, {"params": fast, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=plan.rate, fused=True)
    steps = math.ceil(plan.epochs * len(states) / plan.batch)
    top.train()
    top.dropped = plan.dropped
    for step, rows in enumerate(islice(_batches([len(state) for state in states], plan.batch, rng), steps)):
        pace = plan.rate * min((step + 1) / (WARM_UP * steps + 1), 1 - step / steps)
        for group, times in zip(optimizer.param_groups, (1.0, HEAD_FASTER), strict=True):
            group["lr"] = pace * times
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=HALF):
            found = top.embed(*_padded([states[k] for k in rows]))
        loss = functional.cross_entropy(top.scores(found.float()), truth[rows], label_smoothing=SMOOTHING)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return top.eval()


def embed(top: Top, states: Sequence[np.ndarray], batch: int = 64, half: bool = False) -> np.ndarray:
    """(n, d) float32; with `half` reckoned in 16 bits where the processor can, as in training."""
    order = sorted(range(len(states)), key=lambda k: len(states[k]))
    out = torch.zeros(len(states), top.prototypes.shape[1])
    top.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=half and HALF):
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            out[rows] = top.embed(*_padded([states[k] for k in rows]))
    return out.numpy()


def _padded(states: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(state) for state in states)
    hidden, mask = torch.zeros(len(states), longest, states[0].shape[1]), torch.zeros(len(states), longest)
    for row, state in enumerate(states):
        hidden[row, : len(state)], mask[row, : len(state)] = torch.from_numpy(state), 1
    return hidden, mask


def _batches(lengths: Sequence[int], batch: int, rng: random.Random) -> Iterator[list[int]]:
    """Row numbers, epoch after epoch, each shuffled; texts of like length share a batch, so that little is padded."""
    order, pool = list(range(len(lengths))), 16 * batch
    while True:
        rng.shuffle(order)
        pools = (sorted(order[start : start + pool], key=lengths.__getitem__) for start in range(0, len(order), pool))
        found = [rows[start : start + batch] for rows in pools for start in range(0, len(rows), batch)]
        rng.shuffle(found)
        yield from found
