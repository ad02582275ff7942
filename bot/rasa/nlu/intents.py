"""What the intent classifier learns, apart from Rasa: spelling, encoder and n-grams, a calibrated logistic regression, familiarity."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bot.rasa.nlu.encoder import Encoder
from bot.rasa.nlu.ngrams import NGrams
from bot.rasa.nlu.noise import with_typos
from bot.rasa.nlu.repair import Repair
from bot.rasa.nlu.softmax import Features, Fit, fit, probabilities, scores

NEAREST = 5  # training texts that say how familiar a message is
RANK = 600
MANY = 4_000  # texts and copies above which strength, temperature and the principal space are found on a sample


@dataclass(frozen=True)
class Scale:
    """Means and deviations, over held-out training texts, of the two parts of familiarity."""

    score: float
    score_deviation: float
    nearness: float
    nearness_deviation: float


@dataclass(frozen=True)
class Intents:
    """`weights` as in Fit; `known` (texts, 384) float32 of float16's precision, as it is stored: the clean training texts as the
    encoder sees them."""

    classes: list[str]
    weights: np.ndarray
    temperature: float
    ngrams: NGrams
    repair: Repair
    known: np.ndarray
    scale: Scale

    def read(self, text: str, encoder: Encoder) -> tuple[np.ndarray, float]:
        """(classes,) calibrated probabilities, and how familiar the text is: 0 is usual, -2 and less is out of scope, most likely.

        Familiarity is the highest score before the softmax plus the mean cosine to the nearest training texts, each in deviations
        from what held-out training texts have. On messages out of scope it is the better judge by far: a softmax must choose.
        """
        text = self.repair(text)
        columns, values = self.ngrams.row(text)
        vector = encoder.encode([text])[0]
        found = scores(self.weights, vector, columns, values)
        return probabilities(found, self.temperature), familiarity(found.max(), nearness(vector[None], self.known)[0], self.scale)

    def save(self, directory: Path) -> None:
        arrays = {"weights": self.weights, "idf": self.ngrams.idf, "known": self.known.astype(np.float16)}
        np.savez(directory / "weights.npz", **arrays)
        meta = {"classes": self.classes, "temperature": self.temperature, "scale": asdict(self.scale), "words": self.repair.learned}
        (directory / "intents.json").write_text(json.dumps(meta))
        (directory / "ngrams.json").write_text(json.dumps(self.ngrams.vocabulary))

    @classmethod
    def load(cls, directory: Path, encoder: Encoder) -> Intents:
        meta = json.loads((directory / "intents.json").read_text())
        vocabulary = json.loads((directory / "ngrams.json").read_text())
        with np.load(directory / "weights.npz", allow_pickle=False) as arrays:
            weights, known, ngrams = arrays["weights"], arrays["known"].astype(np.float32), NGrams(vocabulary, arrays["idf"])
        repair = Repair(meta["words"], encoder.words())
        return cls(meta["classes"], weights, meta["temperature"], ngrams, repair, known, Scale(**meta["scale"]))


def learn(
    examples: Sequence[tuple[str, str]],
    encoder: Encoder,
    strengths: Sequence[float] = (3.0, 10.0, 30.0),
    folds: int = 3,
    typo_copies: int = 1,
    seed: int = 7,
    cache: Path | None = None,
) -> tuple[Intents, Fit]:
    """From (text, intent) pairs; each intent needs as many as there are folds.

    Mistyped copies of every text are learned too. `cache` keeps the encoder's vectors for the next training.
    """
    rng = random.Random(seed)
    clean = [text for text, _ in examples]
    repair = Repair.learn(clean, encoder.words())
    copies = [[with_typos(text, rng) for text in clean] for _ in range(typo_copies)]
    texts = [repair(text) for part in (clean, *copies) for text in part]
    dense = encoder.encode_cached(texts, cache) if cache else encoder.encode_distinct(texts)
    ngrams = NGrams.learn(texts)
    classes = sorted({intent for _, intent in examples})
    place = {name: k for k, name in enumerate(classes)}
    y = np.array([place[intent] for _, intent in examples] * (1 + typo_copies))
    groups = np.arange(len(texts)) % len(clean)
    found = fit(Features(dense, ngrams.transform(texts)), y, groups, len(classes), tuple(sorted(strengths)), folds, RANK, seed, MANY)
    known = dense[: len(clean)].astype(np.float16).astype(np.float32)
    own = found.held_out[found.rows < len(clean)].max(axis=1)
    near = nearness(dense[found.rows[found.rows < len(clean)]], known, itself=True)
    scale = Scale(float(own.mean()), float(own.std()) or 1.0, float(near.mean()), float(near.std()) or 1.0)
    return Intents(classes, found.weights, found.temperature, ngrams, repair, known, scale), found


def nearness(vectors: np.ndarray, known: np.ndarray, itself: bool = False) -> np.ndarray:
    """(n,) mean cosine of each vector (n, d) to the nearest of `known`; with `itself` the very nearest, the text itself, does not count."""
    cosines = vectors @ known.T
    skip = int(itself)
    count = min(NEAREST + skip, cosines.shape[1])
    nearest = np.sort(np.partition(cosines, -count, axis=1)[:, -count:], axis=1)
    return (nearest[:, : count - skip] if skip and count > 1 else nearest).mean(axis=1)


def familiarity(score: float, near: float, scale: Scale) -> float:
    return float((score - scale.score) / scale.score_deviation + (near - scale.nearness) / scale.nearness_deviation)
