"""The sentence encoder: MiniLM as an ONNX graph, run without torch."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

MAX_TOKENS = 128
WIDTH = 384
DEFAULT_DIRECTORY = Path("var/encoder/all-MiniLM-L6-v2")


class EncoderMissing(RuntimeError):
    """The encoder's files are not where they should be."""


class Encoder:
    """Texts to vectors. `directory` holds tokenizer.json and model.onnx (input_ids and attention_mask to sentence_embedding).

    With `uppers`, graphs of tuned last layers above `frozen` others, a text's vector is the tuned ones, together of unit length, and beside
    them the untuned one; `lower-K.onnx` and `upper-K.onnx` of the directory are then the encoder (bot/tuning/graph.py makes them).
    """

    def __init__(self, directory: Path, threads: int = 1, uppers: Sequence[bytes] = (), frozen: int = 0) -> None:
        vocabulary = directory / "tokenizer.json"
        graph, *untuned = [directory / name for name in ((f"lower-{frozen}.onnx", f"upper-{frozen}.onnx") if uppers else ("model.onnx",))]
        for path in (graph, *untuned, vocabulary):
            if not path.is_file():
                raise EncoderMissing(f"The sentence encoder is missing: no {path.name} in {directory}. `make run` exports it.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # A spinning thread pool would take the second core from the other processes between two messages.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.directory, self.threads = directory, threads
        self.fingerprint = fingerprint(graph)
        self._session = _session(str(graph), options)
        self._uppers = [_session(part, options) for part in (*uppers, *map(str, untuned))]
        self._lengths = [*[max(len(uppers), 1) ** -0.5] * len(uppers), 1.0]
        self._tokenizer = Tokenizer.from_file(str(vocabulary))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    def encode(self, texts: list[str], batch: int = 32) -> np.ndarray:
        """(n texts, 384 or, tuned, 384 for each of `uppers` and 384 more) float32; texts of like length share a batch: little is padded."""
        encodings = self._tokenizer.encode_batch(texts)
        order = sorted(range(len(texts)), key=lambda k: len(encodings[k].ids))
        out = np.zeros((len(texts), WIDTH * max(len(self._uppers), 1)), np.float32)
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            width = max(len(encodings[k].ids) for k in rows)
            ids, mask = np.zeros((len(rows), width), np.int64), np.zeros((len(rows), width), np.int64)
            for row, k in enumerate(rows):
                length = len(encodings[k].ids)
                ids[row, :length], mask[row, :length] = encodings[k].ids, 1
            found = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            parts = [
                length * upper.run(None, {upper.get_inputs()[0].name: found, "attention_mask": mask})[0]
                for upper, length in zip(self._uppers, self._lengths, strict=False)
            ]
            out[rows] = np.hstack(parts) if parts else found
        return out

    def encode_distinct(self, texts: list[str]) -> np.ndarray:
        """As `encode`; each text is encoded once however often it occurs."""
        distinct = sorted(set(texts))
        place = {text: k for k, text in enumerate(distinct)}
        return self.encode(distinct)[[place[text] for text in texts]]

    def tokens(self, texts: Sequence[str]) -> int:
        """How many tokens the texts have together."""
        return sum(len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts)))

    def words(self) -> dict[str, int]:
        """The pieces of the vocabulary that are whole words of two letters or more, with their places in its order (by frequency)."""
        return {piece: place for piece, place in self._tokenizer.get_vocab().items() if len(piece) > 1 and piece.isalpha()}

    def encode_cached(self, texts: list[str], cache: Path) -> np.ndarray:
        """As `encode`, keeping what was computed in a .npz beside the model: a second training encodes only what is new."""
        known: dict[str, np.ndarray] = {}
        if cache.is_file():
            with np.load(cache) as stored:
                if str(stored["encoder"]) == self.fingerprint:
                    known = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
        fresh = sorted({text for text in texts if text not in known})
        known.update(zip(fresh, self.encode(fresh), strict=True))
        wanted = sorted(set(texts))
        if fresh or len(known) > 4 * len(wanted):
            cache.parent.mkdir(parents=True, exist_ok=True)
            partial = cache.with_suffix(".partial.npz")
            np.savez(partial, encoder=self.fingerprint, texts=np.array(wanted), vectors=np.stack([known[text] for text in wanted]))
            partial.replace(cache)
        return np.stack([known[text] for text in texts])


def _session(graph: str | bytes, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def encoder_directory() -> Path:
    return Path(os.environ.get("SHOPKEEPER_ENCODER_DIR") or DEFAULT_DIRECTORY)


def fingerprint(path: Path) -> str:
    """The file's SHA-256, as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
