"""The sentence encoder: text to unit vectors with onnxruntime. Nothing here imports torch; `recommender/export.py` made the files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from recommender.vector_cache import VectorCache

if TYPE_CHECKING:
    from recommender.data import Settings

MAX_TOKENS = 128
BATCH = 32
FILES = ("model.onnx", "tokenizer.json")


class EncoderMissing(RuntimeError):
    """The exported encoder is not there, or is not what its manifest says."""


def directory(settings: Settings) -> Path:
    """Where the exported encoder of these settings lies. A model given by its path goes by its folder's name."""
    return settings.var_dir / "encoder" / Path(settings.encoder).name


class Encoder:
    """Sentence embeddings of an exported model: unit length, `dim` wide, the same for a text whatever batch it is in.

    `threads` is onnxruntime's; one is best when several processes share few cores. With `cache`, a file, `encode` keeps the
    vectors of long-lived texts (a catalogue) by content hash. Raises EncoderMissing when the files are missing or altered.
    """

    def __init__(self, folder: Path, threads: int = 1, cache: Path | None = None) -> None:
        self.manifest = checked_manifest(folder)
        self.dim: int = self.manifest["dim"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        # Blocks of every batch shape ever seen would otherwise stay allocated: hundreds of megabytes after a catalogue.
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        self._cache = VectorCache(cache, self.manifest["sha256"]["model.onnx"], self.dim) if cache else None
        self._recent = lru_cache(maxsize=2048)(lambda text: self._run([text])[0])

    @classmethod
    def open(cls, settings: Settings, threads: int = 1) -> Encoder:
        return cls(directory(settings), threads, settings.var_dir / "cache" / "vectors.db")

    def encode(self, texts: Sequence[str], *, keep: bool = False) -> np.ndarray:
        """(len(texts), dim) float32. `keep`: look up and store in the cache file."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        if not (keep and self._cache):
            return self._run(list(texts))
        known = self._cache.get(texts)
        missing = sorted({text for text in texts if text not in known})
        if missing:
            new = dict(zip(missing, self._run(missing), strict=True))
            self._cache.put(new)
            known |= new
        return np.stack([known[text] for text in texts])

    def encode_one(self, text: str) -> np.ndarray:
        """(dim,) float32; the last 2,048 texts are remembered."""
        return self._recent(text)

    def is_word(self, word: str) -> bool:
        """Whether the encoder knows the word as one piece: it is common English then, and no slip of the keys."""
        return self._tokenizer.token_to_id(word) is not None

    def _run(self, texts: list[str]) -> np.ndarray:
        encoded = self._tokenizer.encode_batch(texts)
        order = sorted(range(len(texts)), key=lambda k: len(encoded[k].ids))  # like lengths together: little padding
        vectors = np.empty((len(texts), self.dim), np.float32)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            width = len(encoded[rows[-1]].ids)
            ids = np.zeros((len(rows), width), np.int64)
            mask = np.zeros_like(ids)
            for row, k in enumerate(rows):
                length = len(encoded[k].ids)
                ids[row, :length] = encoded[k].ids
                mask[row, :length] = 1
            vectors[rows] = self._session.run(["sentence_embedding"], {"input_ids": ids, "attention_mask": mask})[0]
        return vectors


def export(settings: Settings, progress: Callable[[str], None] = lambda line: None) -> Path:
    """Makes the encoder's files unless they are there; see `recommender/export.py`, which is imported only now because it needs torch."""
    from recommender.export import export

    return export(settings, progress)


def checked_manifest(folder: Path) -> dict:
    """The manifest of an exported encoder, its files' hashes verified."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        for name in FILES:
            if file_hash(folder / name) != manifest["sha256"][name]:
                raise EncoderMissing(
                    f"{folder / name} is not the file that was exported; export the encoder again: shopkeeper train --force"
                )
    except (OSError, ValueError, KeyError) as error:
        raise EncoderMissing(f"no exported encoder in {folder}; export it first: shopkeeper train") from error
    return manifest


def file_hash(path: Path) -> str:
    """SHA-256 of the file's bytes, in hex."""
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
