"""One system of the understanding benchmark on one data set, in Rasa's environment: python -m benchmarks.bench_nlu_systems SYSTEM DATA OUT.

SYSTEM is `ours`, `ours_long` (the same, tuned deeper and longer), `ours_untuned` (its encoder as it is), `minilm` (the encoder and
scikit-learn's logistic regression, C = 10), `ngrams` (the same on encoder and tf-idf n-grams) or `stock` (Rasa's pipeline given by
--pipeline as JSON). Learns from train.csv alone, reads every test message one by one, and writes what was measured to OUT as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score, roc_auc_score

from benchmarks.bench_nlu_data import Rows, rows
from bot.rasa.nlu.encoder import Encoder, encoder_directory
from bot.rasa.nlu.intents import Intents, learn
from bot.rasa.nlu.tuning import DEFAULT, LONG, Tuning

Reader = Callable[[str], tuple[str, float]]  # text to intent and a score that is low out of scope
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def ours(train: Rows, folder: Path, tuning: Tuning | None = DEFAULT) -> tuple[Reader, int]:
    model, _ = learn(train, Encoder(encoder_directory(), threads=2), tuning=tuning)
    model.save(folder)
    model = Intents.load(folder, encoder_directory())

    def read(text: str) -> tuple[str, float]:
        chances, familiarity = model.read(text)
        return model.classes[int(chances.argmax())], familiarity

    return read, sum(path.stat().st_size for path in folder.iterdir())


def ngrams(train: Rows, folder: Path) -> tuple[Reader, int]:
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    encoder, single = Encoder(encoder_directory(), threads=2), Encoder(encoder_directory())
    texts = [text for text, _ in train]
    counted = [
        TfidfVectorizer(analyzer=kind, ngram_range=span, min_df=least, sublinear_tf=True, dtype=np.float32).fit(texts)
        for kind, span, least in (("word", (1, 2), 1), ("char_wb", (2, 5), min(2, len(texts))))
    ]

    def features(some: list[str], vectors: np.ndarray) -> csr_matrix:
        return hstack([csr_matrix(vectors), *(part.transform(some) for part in counted)], format="csr")

    model = LogisticRegression(C=10, max_iter=200).fit(features(texts, encoder.encode_distinct(texts)), [intent for _, intent in train])

    def read(text: str) -> tuple[str, float]:
        chances = model.predict_proba(features([text], single.encode([text])))[0]
        return str(model.classes_[chances.argmax()]), float(chances.max())

    return read, model.coef_.astype(np.float32).nbytes


def minilm(train: Rows, folder: Path) -> tuple[Reader, int]:
    from sklearn.linear_model import LogisticRegression

    encoder, single = Encoder(encoder_directory(), threads=2), Encoder(encoder_directory())
    model = LogisticRegression(C=10, max_iter=500).fit(
        encoder.encode_distinct([text for text, _ in train]), [intent for _, intent in train]
    )

    def read(text: str) -> tuple[str, float]:
        chances = model.predict_proba(single.encode([text]))[0]
        return str(model.classes_[chances.argmax()]), float(chances.max())

    return read, model.coef_.astype(np.float32).nbytes


def stock(train: Rows, folder: Path, pipeline: list[dict]) -> tuple[Reader, int]:
    import yaml

    by_intent: dict[str, list[str]] = {}
    for text, intent in train:
        by_intent.setdefault(intent, []).append(" ".join(text.split()).replace("[", "(").replace("]", ")"))
    entries = [{"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)} for intent, texts in by_intent.items()]
    (folder / "nlu.yml").write_text(yaml.safe_dump({"version": "3.1", "nlu": entries}, width=10_000))
    (folder / "config.yml").write_text(yaml.safe_dump({"recipe": "default.v1", "language": "en", "pipeline": pipeline}))
    command = [str(Path(sys.executable).with_name("rasa")), "train", "nlu", "--config", "config.yml", "--nlu", "nlu.yml", "--out", "."]
    with (folder / "train.log").open("w") as log:
        subprocess.run([*command, "--fixed-model-name", "stock"], cwd=folder, stdout=log, stderr=log, check=True)
    from rasa.core.agent import Agent

    agent = Agent.load(str(folder / "stock.tar.gz"))
    loop = asyncio.new_event_loop()

    def read(text: str) -> tuple[str, float]:
        best = next(
            guess for guess in loop.run_until_complete(agent.parse_message(text))["intent_ranking"] if guess["name"] != "nlu_fallback"
        )
        return best["name"], float(best["confidence"])

    return read, (folder / "stock.tar.gz").stat().st_size


def measure(data: Path, make: Callable[[Rows, Path], tuple[Reader, int]], seed: int) -> dict[str, float]:
    train, test, strange = rows(data / "train.csv"), rows(data / "test.csv"), rows(data / "oos_test.csv")
    if len({intent for _, intent in train}) < 2 or not test:
        raise SystemExit(f"{data}: train.csv has fewer than two intents, or test.csv is empty")
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        began, spent = time.perf_counter(), cpu()
        read, size = make(train, Path(folder))
        found = {"train_s": time.perf_counter() - began, "train_cpu_s": cpu() - spent, "size_mb": size / 1e6}
        read("warm up")
        truth, times, guesses = [intent for _, intent in test], [], []
        for text, _ in test:
            began = time.perf_counter()
            guesses.append(read(text))
            times.append(1000 * (time.perf_counter() - began))
        named, scores = [intent for intent, _ in guesses], [score for _, score in guesses]
        found |= {"accuracy": share(named, truth), "macro_f1": f1_score(truth, named, average="macro", labels=sorted(set(truth)))}
        found["typos"] = share([read(mistyped(text, rng))[0] for text, _ in test], truth)
        found["lower"] = share([read(text.lower())[0] for text, _ in test], truth)
        found |= {"parse_p50_ms": float(np.quantile(times, 0.5)), "parse_p95_ms": float(np.quantile(times, 0.95))}
        if strange:
            outside = [read(text)[1] for text, _ in strange]
            found["oos_recall"] = float((np.array(outside) < np.quantile(scores, 0.1)).mean())
            found["auroc"] = float(roc_auc_score([1] * len(scores) + [0] * len(outside), scores + outside))
    # Kibibytes on Linux, bytes on macOS; the peak over training and reading, of the largest process.
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    found["peak_mb"] = peak / (1e6 if sys.platform == "darwin" else 1024)
    return {name: round(float(value), 4) for name, value in found.items()}


def mistyped(text: str, rng: random.Random, rate: float = 0.2) -> str:
    """One edit (a letter left out, put in, replaced, or two swapped) in about `rate` of the words. Not the noise that ours learns from."""
    return " ".join(_edited(word, rng) if len(word) > 1 and rng.random() < rate else word for word in text.split())


def _edited(word: str, rng: random.Random) -> str:
    k, kind, letter = rng.randrange(len(word)), rng.randrange(4), rng.choice(LETTERS)
    if kind == 3:
        k = min(k, len(word) - 2)
        return word[:k] + word[k + 1] + word[k] + word[k + 2 :]
    return word[:k] + ("", letter + word[k], letter)[kind] + word[k + 1 :]


def share(found: list[str], truth: list[str]) -> float:
    return sum(a == b for a, b in zip(found, truth, strict=True)) / len(truth)


def cpu() -> float:
    """Seconds of processor time, of child processes too."""
    return sum(os.times()[:4])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=("ours", "ours_long", "ours_untuned", "minilm", "ngrams", "stock"))
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pipeline", type=json.loads, default=[])
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    makers = {
        **{"ours": ours, "minilm": minilm, "ngrams": ngrams},
        "ours_untuned": lambda train, folder: ours(train, folder, None),
        "ours_long": lambda train, folder: ours(train, folder, LONG),
        "stock": lambda train, folder: stock(train, folder, arguments.pipeline),
    }
    arguments.out.write_text(json.dumps(measure(arguments.data, makers[arguments.system], arguments.seed)))


if __name__ == "__main__":
    main()
