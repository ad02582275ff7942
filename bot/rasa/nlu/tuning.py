"""Asks the newer Python, where torch lives, to fine-tune the encoder's last layers (`python -m bot.tuning`)."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.rasa.nlu.encoder import Encoder
from bot.rasa.nlu.softmax import assigned, sampled

PROJECT = Path(__file__).resolve().parents[3]
THREADS = int(os.environ.get("OMP_NUM_THREADS") or 2)
BESIDE = 8_000  # texts and copies that are enough for what stands beside the tuned head: a regression, familiarity


class NotTuned(RuntimeError):
    """Tuning failed; the message says why."""


@dataclass(frozen=True)
class Tuning:
    """How much to tune. `layers`: how many of the encoder's last; `tokens`: how many are read in training, over all epochs and
    checks, at most. Where they do not suffice the epochs are fewer."""

    layers: int = 2
    epochs: float = 4.0
    rate: float = 2e-4
    batch: int = 32
    tokens: int = 220_000
    thorough: bool = False  # hold out every text once, for a report; what comes out is no model to serve


DEFAULT = Tuning()
LONG = Tuning(layers=4, epochs=6.0, tokens=6_000_000)  # some minutes for ten thousand texts


@dataclass(frozen=True)
class Tuned:
    """`upper` is the ONNX graph of the tuned layers, above `frozen` others; `vectors` (k, 2 * d) are theirs and those of the encoder as
    it is, of the rows in `kept` (k,), ascending: of very many texts some; `weights` (d + 1, classes) the tuned head. `rows` (m,) were held
    out in a check and are among the kept, with `scores` (m, classes) and `near` (m,), the mean cosine to the nearest kept ones learned."""

    upper: bytes
    frozen: int
    kept: np.ndarray
    vectors: np.ndarray
    weights: np.ndarray
    rows: np.ndarray
    scores: np.ndarray
    near: np.ndarray


def tune(
    texts: Sequence[str], y: np.ndarray, groups: np.ndarray, classes: int, encoder: Encoder, how: Tuning, seed: int, many: int
) -> Tuned:
    """Tunes on all texts; rows of one group are held out together, of more than `many` rows some of those that `fit` samples.

    Raises:
        NotTuned: there is no Python with torch, or tuning fails in it.
    """
    length = encoder.tokens(texts) / len(texts)
    checks, refit = held_out_parts(y, groups, how, length, seed, many)
    reads = length * sum(len(texts) - len(check) for check in checks) + refit * length * len(texts)
    if how.thorough:
        fold, refit = assigned(y, groups, 4, seed), False
        checks = [np.flatnonzero(fold == k) for k in range(4)]
    epochs, learned = how.tokens / reads, np.arange(len(texts))
    if epochs < 1:  # rather every text once than some of them twice
        learned = one_of_each(groups, seed)
        epochs *= len(texts) / len(learned)
    kept = np.union1d(np.concatenate(checks), np.arange(len(texts)) if how.thorough else sampled(groups, BESIDE, seed))
    batch, rate = (2 * how.batch, 1.5 * how.rate) if len(texts) > BESIDE else (how.batch, how.rate)  # large batches are faster
    plan = {"epochs": min(how.epochs, epochs), "rate": rate, "batch": batch, "seed": seed}
    job = {
        **{"texts": list(texts), "written": len(np.unique(groups)), "y": y.tolist(), "classes": classes},
        **{"checks": [check.tolist() for check in checks], "learned": learned.tolist(), "kept": kept.tolist()},
        **{"layers": how.layers, "plan": plan, "threads": THREADS, "refit": refit},
        "encoder": str(encoder.directory.resolve()),
    }
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "job.json").write_text(json.dumps(job))
        # Threads that spin while they wait would take the cores from the other processes.
        environment = {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_WAIT_POLICY": "PASSIVE"}
        run = subprocess.run([python(), "-m", "bot.tuning", scratch], cwd=PROJECT, env=environment, capture_output=True, text=True)
        if run.returncode:
            raise NotTuned(f"The encoder was not tuned: {(run.stderr.strip().splitlines() or [f'exit code {run.returncode}'])[-1]}")
        with np.load(folder / "found.npz", allow_pickle=False) as found:
            parts = range(len(checks))
            scores, near = (np.concatenate([found[f"{name}_{k}"] for k in parts]) for name in ("scores", "near"))
            upper = (folder / "upper.onnx").read_bytes()
            return Tuned(upper, int(found["frozen"]), kept, found["vectors"], found["weights"], np.concatenate(checks), scores, near)


def held_out_parts(y: np.ndarray, groups: np.ndarray, how: Tuning, length: float, seed: int, many: int) -> tuple[list[np.ndarray], bool]:
    """The rows that each check holds out, and whether the whole is learned afterwards. `length` is the mean number of tokens.

    Few texts: three quarters in turn. More: one quarter. So many that all epochs of that are too dear: a tenth or less, learned at the end.
    """
    fold, epoch = assigned(y, groups, 4, seed), len(y) * length
    if len(y) <= many and how.tokens >= how.epochs * epoch * (1 + 3 * 3 / 4):
        return [np.flatnonzero(fold == k) for k in range(3)], True
    if how.tokens >= how.epochs * epoch * (1 + 3 / 4):
        return [np.flatnonzero(fold == 0)], True
    rows = sampled(groups, many, seed)
    return [rows[assigned(y[rows], groups[rows], 10 if len(rows) == len(y) else 5, seed) == 0]], False


def one_of_each(groups: np.ndarray, seed: int) -> np.ndarray:
    """A row of each group, by chance: a text as it was written or its mistyped copy."""
    order = np.random.default_rng(seed).permutation(len(groups))
    return np.sort(order[np.unique(groups[order], return_index=True)[1]])


def python() -> str:
    """The interpreter of the application's environment. Raises NotTuned when there is none."""
    path = Path(os.environ.get("SHOPKEEPER_PYTHON") or PROJECT / ".venv" / "bin" / "python")
    if not path.exists():
        raise NotTuned(f"The encoder was not tuned: there is no {path}. Run: make setup")
    return str(path)
