"""Asks the newer Python, where torch lives, to fine-tune the encoder's last layers (`python -m bot.tuning`)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bot.rasa.nlu.encoder import Encoder
from bot.rasa.nlu.softmax import assigned, sampled

PROJECT = Path(__file__).resolve().parents[3]
THREADS = int(os.environ.get("OMP_NUM_THREADS") or 2)
BESIDE = 8_000  # texts and copies that are enough for what stands beside the tuned head: a regression, familiarity
DROPPED = 0.1  # of the values before each layer, in learning that sees every text often; else it costs more than it brings
ENOUGH = 4.0  # epochs; with less, fewer texts are held out
WELL = 8.0  # epochs that come before more layers and more members
BRIEF = 6.0  # epochs with `deep` layers, at most: more are no better on messages unlike the texts, and out of scope is seen less often


class NotTuned(RuntimeError):
    """Tuning failed; the message says why."""


@dataclass(frozen=True)
class Tuning:
    """How much to tune. `layers`: how many of the encoder's last, `deep` if the texts are few; `members`: encoders tuned from different
    seeds, whose mean is served; `tokens`: how many are read in training, over all epochs, checks and members, at most; with `deep` layers
    each counts for more. Where they do not suffice, first the epochs are fewer, down to WELL, then the members, then the epochs again."""

    layers: int = 2
    deep: int = 4
    epochs: float = 10.0
    rate: float = 2e-4
    batch: int = 32
    tokens: int = 220_000
    members: int = 3
    thorough: bool = False  # hold out every text once, for a report; what comes out is no model to serve


DEFAULT = Tuning()
LONG = Tuning(layers=4, tokens=600_000)  # some minutes for ten thousand texts


@dataclass(frozen=True)
class Tuned:
    """`uppers` are the ONNX graphs of the tuned layers, one a member, above `frozen` others; `vectors` (k, members * d + d) are theirs and
    those of the encoder as it is, of the rows in `kept` (k,), ascending: of very many texts some; `weights` (members * d + 1, classes) the
    mean of the tuned heads. `rows` (m,) were held out in a check and are among the kept, with `scores` (m, classes)."""

    uppers: tuple[bytes, ...]
    frozen: int
    kept: np.ndarray
    vectors: np.ndarray
    weights: np.ndarray
    rows: np.ndarray
    scores: np.ndarray


def tune(
    texts: Sequence[str], y: np.ndarray, groups: np.ndarray, classes: int, encoder: Encoder, how: Tuning, seed: int, many: int
) -> Tuned:
    """Tunes on all texts; rows of one group are held out together, of more than `many` rows some of those that `fit` samples.

    Raises:
        NotTuned: there is no Python with torch, or tuning fails in it.
    """
    length = encoder.tokens(texts) / len(texts)
    asked, how = how, within(how, length * len(texts))
    checks, refit = held_out_parts(y, groups, how, length, seed, many)
    once, tested = length * len(texts), length * sum(len(texts) - len(check) for check in checks)
    members = members_within(how, once, tested, refit)
    reads = tested + (members - (not refit)) * once
    if how.thorough:
        fold, refit, members = assigned(y, groups, 4, seed), False, 1
        checks = [np.flatnonzero(fold == k) for k in range(4)]
    epochs, learned = how.tokens / reads, np.arange(len(texts))
    if epochs < 1:  # rather every text once than some of them twice
        learned = one_of_each(groups, seed)
        epochs *= len(texts) / len(learned)
    kept = np.union1d(np.concatenate(checks), learned if how.thorough else learned[sampled(groups[learned], BESIDE, seed)])
    batch, rate = (2 * how.batch, 1.5 * how.rate) if len(texts) > BESIDE else (how.batch, how.rate)  # large batches are faster
    epochs = min(longest(asked, how), epochs)
    plan = {"epochs": epochs, "rate": rate, "batch": batch, "seed": seed, "dropped": DROPPED * (epochs >= ENOUGH)}
    job = {
        **{"texts": list(texts), "y": y.tolist(), "classes": classes},
        **{"checks": [check.tolist() for check in checks], "learned": learned.tolist(), "kept": kept.tolist()},
        **{"layers": how.layers, "plan": plan, "threads": THREADS, "refit": refit, "members": members},
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
            scores = np.concatenate([found[f"scores_{k}"] for k in range(len(checks))])
            uppers = tuple((folder / f"upper-{k}.onnx").read_bytes() for k in range(job["members"]))
            return Tuned(uppers, int(found["frozen"]), kept, found["vectors"], found["weights"], np.concatenate(checks), scores)


def held_out_parts(y: np.ndarray, groups: np.ndarray, how: Tuning, length: float, seed: int, many: int) -> tuple[list[np.ndarray], bool]:
    """The rows that each check holds out, and whether the whole is learned afterwards. `length` is the mean number of tokens.

    Few texts: a quarter. So many that this is too dear: a tenth or less, learned at the end.
    """
    fold, least = assigned(y, groups, 4, seed), min(how.epochs, ENOUGH) * len(y) * length
    if len(y) <= BESIDE and how.tokens >= least * (1 + 3 / 4):
        return [np.flatnonzero(fold == 0)], True
    rows = sampled(groups, many, seed)
    return [rows[assigned(y[rows], groups[rows], 10 if len(rows) == len(y) else 5, seed) == 0]], False


def named(classes: Sequence[str]) -> list[tuple[str, str]]:
    """(name in words, class) of each class whose name has words that no other's has: one text more to learn it from."""
    names = list(map(in_words, classes))
    return [(name, label) for name, label in zip(names, classes, strict=True) if name and names.count(name) == 1]


def in_words(name: str) -> str:
    """The name of an intent as a text: "check_RefundPolicy" is "check refund policy", "faq/opening_hours" is "opening hours"."""
    return " ".join(re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.rpartition("/")[2]))).lower()


def within(how: Tuning, once: float) -> Tuning:
    """With `deep` layers if the tokens suffice for a member and a check of them, where an epoch reads `once`."""
    tokens = how.tokens * how.layers // max(how.deep, how.layers)
    enough = how.deep > how.layers and tokens >= min(how.epochs, WELL) * once * (1 + 3 / 4)
    return replace(how, layers=how.deep, tokens=tokens) if enough else how


def longest(asked: Tuning, how: Tuning) -> float:
    """The most epochs, where `how` may have more layers than were asked for."""
    return min(asked.epochs, BRIEF) if how.layers > asked.layers else asked.epochs


def members_within(how: Tuning, once: float, tested: float, refit: bool) -> int:
    """How many members the tokens suffice for, one at least, if an epoch reads `once` tokens and all checks together `tested`; without
    `refit` the first check leaves one of them."""
    trained = how.tokens / min(how.epochs, WELL) - tested
    return max(1, min(how.members, int(trained / once) + (not refit)))


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
