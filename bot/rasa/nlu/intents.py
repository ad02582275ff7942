"""What the intent classifier learns, apart from Rasa: spelling, encoder and n-grams, a calibrated logistic regression, familiarity."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from bot.rasa.nlu.encoder import Encoder
from bot.rasa.nlu.ngrams import NGrams
from bot.rasa.nlu.noise import with_typos
from bot.rasa.nlu.repair import Repair
from bot.rasa.nlu.softmax import Features, Fit, Part, fit, part, probabilities, scores, stacked
from bot.rasa.nlu.tuning import Tuned, Tuning, named, tune

HEAD_TO_REGRESSION = (1.0, 0.3)  # of few texts; shares found on texts held out trust the n-grams too much, for these are alike
BESIDE_TUNED = 0.6  # the length of the n-grams, beside a tuned head: who puts things in words of his own shares few with the examples
RANK = 600
MANY = 4_000  # texts and copies above which strength, temperature and the principal space are found on a sample
MOST = 16_000  # texts and copies; of more texts fewer are copied, by chance


@dataclass(frozen=True)
class Scale:
    """Means and deviations, over held-out training texts, of the two parts of familiarity."""

    score: float
    score_deviation: float
    nearness: float
    nearness_deviation: float


@dataclass(frozen=True)
class Intents:
    """`weights` as in Fit; `known` (texts, 384) float32 of float16's precision, as it is stored: the clean training texts, of very many
    some, as the encoder sees them untuned, and `intents` (texts,) what each is. A tuned encoder has `uppers`, graphs of its last layers,
    one a member, above `frozen` others."""

    classes: list[str]
    weights: np.ndarray
    temperature: float
    ngrams: NGrams
    repair: Repair
    known: np.ndarray
    intents: np.ndarray
    scale: Scale
    encoder: Encoder
    uppers: tuple[bytes, ...] = ()
    frozen: int = 0

    def read(self, text: str) -> tuple[np.ndarray, float]:
        """`read_many` of one text."""
        chances, familiar = self.read_many([text])
        return chances[0], float(familiar[0])

    def read_many(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """(n, classes) calibrated probabilities, and (n,) how familiar: 0 is usual, -2 and less is out of scope, most likely.

        Familiarity is the highest score before the softmax plus the cosine to the nearest training text of the intent that has it, each in
        deviations from what held-out training texts have. On messages out of scope it is the better judge by far: a softmax must choose.
        """
        texts = [self.repair(text) for text in texts]
        vectors = self.encoder.encode(texts)
        found = np.stack([scores(self.weights, vector, *self.ngrams.row(text)) for vector, text in zip(vectors, texts, strict=True)])
        near = nearness(vectors[:, -self.known.shape[1] :], self.known, self.intents, found.argmax(axis=1))
        return probabilities(found, self.temperature), familiarity(found.max(axis=1), near, self.scale)

    def save(self, directory: Path) -> None:
        arrays = {"weights": self.weights, "idf": self.ngrams.idf, "known": self.known.astype(np.float16)}
        arrays["intents"] = self.intents
        np.savez(directory / "weights.npz", **arrays)
        meta = {"classes": self.classes, "temperature": self.temperature, "scale": asdict(self.scale), "words": self.repair.learned}
        meta |= {"pairs": self.repair.pairs, "frozen": self.frozen, "encoder": self.encoder.fingerprint}
        (directory / "intents.json").write_text(json.dumps(meta))
        (directory / "ngrams.json").write_text(json.dumps(self.ngrams.vocabulary))
        for number, upper in enumerate(self.uppers):
            (directory / f"upper-{number}.onnx").write_bytes(upper)

    @classmethod
    def load(cls, directory: Path, encoder_directory: Path, threads: int = 1) -> Intents:
        """Raises EncoderMissing, or WrongEncoder when the encoder's frozen part is not the one this was trained with."""
        meta = json.loads((directory / "intents.json").read_text())
        vocabulary = json.loads((directory / "ngrams.json").read_text())
        uppers = tuple(path.read_bytes() for path in sorted(directory.glob("upper*.onnx")))
        encoder = Encoder(encoder_directory, threads, uppers, meta["frozen"])
        if encoder.fingerprint != meta["encoder"]:
            raise WrongEncoder("The sentence encoder is not the one this model was trained with. Train the bot again.")
        with np.load(directory / "weights.npz", allow_pickle=False) as arrays:
            if "intents" not in arrays:
                raise WrongEncoder("The model was trained by an earlier version. Train the bot again.")
            weights, known, ngrams = arrays["weights"], arrays["known"].astype(np.float32), NGrams(vocabulary, arrays["idf"])
            of_known = arrays["intents"]
        repair, scale = Repair(meta["words"], meta["pairs"], encoder.words()), Scale(**meta["scale"])
        return cls(meta["classes"], weights, meta["temperature"], ngrams, repair, known, of_known, scale, encoder, uppers, meta["frozen"])


@dataclass(frozen=True)
class HeldOut:
    """What was read of training texts while they were held out: `y` (m,), `chances` (m, classes) calibrated, `familiarity` (m,), which
    are `written` (m,) and which mistyped copies, and the numbers (m,) of the `examples` that they are or were copied from."""

    fit: Fit
    y: np.ndarray
    chances: np.ndarray
    familiarity: np.ndarray
    written: np.ndarray
    examples: np.ndarray


class WrongEncoder(RuntimeError):
    """The model was trained with another encoder, or by an earlier version."""


def learn(
    examples: Sequence[tuple[str, str]],
    encoder: Encoder,
    strengths: Sequence[float] = (3.0, 10.0, 30.0),
    folds: int = 3,
    typo_copies: int = 1,
    seed: int = 7,
    cache: Path | None = None,
    tuning: Tuning | None = None,
    many: int = MANY,
) -> tuple[Intents, HeldOut]:
    """From (text, intent) pairs.

    Mistyped copies of every text are learned too, and with `tuning` the names of the intents, as texts. `cache` keeps the encoder's
    vectors for the next training, where nothing is tuned.

    Raises:
        NotTuned: with `tuning`, when the encoder cannot be tuned.
    """
    rng = random.Random(seed)
    classes = sorted({intent for _, intent in examples})
    told = [*examples, *(named(classes) if tuning else ())]
    clean = [text for text, _ in told]
    repair = Repair.learn(clean, encoder.words())
    room = max(MOST - len(clean), 0) // max(typo_copies, 1)
    copied = [*range(len(clean))] if room >= len(clean) else sorted(rng.sample(range(len(clean)), room))
    groups = np.array([*range(len(clean)), *copied * typo_copies])
    texts = [repair(text) for text in (*clean, *(with_typos(clean[k], rng) for k in copied * typo_copies))]
    place = {name: k for k, name in enumerate(classes)}
    y = np.array([place[intent] for _, intent in told])[groups]
    most = (len(classes), tuple(sorted(strengths)), folds, RANK, seed, many)
    if tuning:
        tuned = tune(texts, y, groups, len(classes), encoder, tuning, seed, many)
        some = [texts[k] for k in tuned.kept]
        ngrams, ratio = NGrams.learn(some), HEAD_TO_REGRESSION if len(texts) <= many else None
        found = stacked([*tuned_parts(tuned, ngrams.transform(some), y[tuned.kept], groups[tuned.kept], most)], y, groups, ratio)
        vectors = tuned.vectors[:, len(tuned.weights) - 1 :]
        rows, held_out = tuned.kept[tuned.kept < len(clean)], vectors[np.searchsorted(tuned.kept, found.rows)]
        encoder = Encoder(encoder.directory, encoder.threads, tuned.uppers, tuned.frozen)
        more = {"uppers": tuned.uppers, "frozen": tuned.frozen}
    else:
        vectors = encoder.encode_cached(texts, cache) if cache else encoder.encode_distinct(texts)
        ngrams = NGrams.learn(texts)
        found = fit(Features(vectors, ngrams.transform(texts)), y, groups, *most)
        rows, held_out = np.arange(len(clean)), vectors[found.rows]
        more = {}
    known = vectors[: len(rows)].astype(np.float16).astype(np.float32)  # those of the texts as written come first
    near = nearness(held_out, known, y[rows], found.held_out.argmax(axis=1), np.searchsorted(rows, groups[found.rows]))
    written, own, highest = found.rows < len(examples), groups[found.rows] < len(examples), found.held_out.max(axis=1)
    scale = Scale(*(float(value) for values in (highest[written], near[written]) for value in (values.mean(), values.std() or 1.0)))
    intents = Intents(classes, found.weights, found.temperature, ngrams, repair, known, y[rows], scale, encoder, **more)
    chances = probabilities(found.held_out, found.temperature)
    parts = (y[found.rows], chances, familiarity(highest, near, scale), written, groups[found.rows])
    return intents, HeldOut(found, *(values[own] for values in parts))


def tuned_parts(tuned: Tuned, sparse: csr_matrix, y: np.ndarray, groups: np.ndarray, most: tuple) -> Iterator[Part]:
    """The tuned encoder's own head, and a regression on the encoder as it is and the n-grams, which errs elsewhere; of the kept texts
    `sparse`, `y` and `groups`."""
    own, classes = len(tuned.weights) - 1, tuned.weights.shape[1]
    plain = Features(tuned.vectors[:, own:], BESIDE_TUNED * sparse)
    nothing = np.zeros((plain.dense.shape[1] + sparse.shape[1], classes), np.float32)
    yield Part(np.vstack([tuned.weights[:-1], nothing, tuned.weights[-1:]]), tuned.rows, tuned.scores)
    count, strengths, _, rank, seed, many = most
    if len(y) > many:
        outside = np.searchsorted(tuned.kept, tuned.rows)
        beside = part(plain, y, outside, count, strengths[len(strengths) // 2], rank, seed)
    else:
        found = fit(plain, y, groups, *most)
        beside = Part(found.weights, found.rows, found.held_out)
    beside.weights[plain.dense.shape[1] : -1] *= BESIDE_TUNED  # the messages' n-grams keep their length
    yield Part(np.vstack([np.zeros((own, classes), np.float32), beside.weights]), tuned.kept[beside.rows], beside.scores)


def nearness(
    vectors: np.ndarray, known: np.ndarray, intents: np.ndarray, chosen: np.ndarray, itself: np.ndarray | None = None
) -> np.ndarray:
    """(n,) cosine of each vector (n, d) to the nearest of `known` (k, d), all of one length, whose intent, among `intents` (k,), is the
    `chosen` (n,); 0 where there is none. The rows `itself` (n,) of `known`, one a vector, do not count: they are the texts themselves."""
    cosines = vectors @ known.T / float(vectors[0] @ vectors[0])
    cosines[intents != chosen[:, None]] = 0
    if itself is not None:
        cosines[np.arange(len(cosines)), itself] = 0
    return cosines.max(axis=1)


def familiarity(score: np.ndarray, near: np.ndarray, scale: Scale) -> np.ndarray:
    return (score - scale.score) / scale.score_deviation + (near - scale.nearness) / scale.nearness_deviation
