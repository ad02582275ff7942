"""Tunes the encoder for the bot: `python -m bot.tuning FOLDER`. The Rasa side calls it, since torch lives in the newer Python.

FOLDER/job.json: {"texts": [str], "y": [int], "classes": int, "checks": [[row]], "layers": int, "plan": {epochs, rate, batch, seed},
"threads": int, "refit": bool, "encoder": the folder of model.onnx and tokenizer.json}. For each check the rows in it are held out and an
encoder is tuned on the others; with "refit" the one that is kept is tuned on all, else it is the first check's. Writes FOLDER/upper.onnx
and FOLDER/found.npz: `vectors` (n, d), `weights` (d + 1, classes), `frozen` (how many layers are below), and for check k `scores_k`
(rows, classes) and `near_k` (rows,), the mean cosine to the five nearest texts that the check learned.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

NEAREST = 5


def main(folder: Path) -> int:
    os.environ["HF_HUB_OFFLINE"] = "1"  # the weights are here; nothing is fetched
    job = json.loads((folder / "job.json").read_text())
    import torch
    import transformers

    from bot.tuning.graph import CannotTune
    from recommender.encoder import EncoderMissing

    torch.set_num_threads(job["threads"])
    transformers.utils.logging.disable_progress_bar()
    for noisy in ("sentence_transformers", "transformers"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        run(job, folder)
    except (CannotTune, EncoderMissing) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def run(job: dict, folder: Path) -> None:
    import onnx
    from sentence_transformers import SentenceTransformer

    from bot.tuning import graph
    from bot.tuning.tune import Plan, embed, tune
    from recommender.export import source_of
    from shop.settings import Settings

    encoder, plan, y = Path(job["encoder"]), Plan(**job["plan"]), np.array(job["y"])
    layers = _layers(SentenceTransformer(str(source_of(Settings().encoder)), device="cpu"))
    frozen = len(layers) - job["layers"]
    _, upper = graph.split(onnx.load(encoder / "model.onnx"), frozen)
    states = graph.states(graph.session(graph.lower_path(encoder, frozen), job["threads"]), encoder, job["texts"])

    def tuned(rows: np.ndarray):
        return tune(layers[frozen:], [states[k] for k in rows], y[rows], job["classes"], plan)

    found, kept = {}, None
    for number, check in enumerate(job["checks"]):
        outside = np.array(check)
        inside = np.setdiff1d(np.arange(len(y)), outside)
        top = tuned(inside)
        kept = kept or top
        vectors = embed(top, [states[k] for k in outside])
        weights = top.weights()
        found[f"scores_{number}"] = vectors @ weights[:-1] + weights[-1]
        cosines = vectors @ embed(top, [states[k] for k in inside]).T
        count = min(NEAREST, cosines.shape[1])
        found[f"near_{number}"] = np.partition(cosines, -count, axis=1)[:, -count:].mean(axis=1)
    top = tuned(np.arange(len(y))) if job["refit"] else kept
    before = dict(named for k, layer in enumerate(layers[frozen:]) for named in _named(layer, k))
    after = dict(named for k, layer in enumerate(top.layers) for named in _named(layer, k))
    graph.save_small(graph.with_weights(upper, before, after), folder / "upper.onnx")
    vectors = graph.vectors(graph.session(folder / "upper.onnx", job["threads"]), states)
    np.savez(folder / "found.npz", vectors=vectors, weights=top.weights(), frozen=np.array(frozen), **found)


def _layers(model: Any) -> list[Any]:
    """The transformer's layers. Raises CannotTune when there are none where BERT has them."""
    from bot.tuning.graph import CannotTune

    layers = getattr(getattr(getattr(model[0], "auto_model", None), "encoder", None), "layer", None)
    if layers is None:
        raise CannotTune("the encoder has no layers as BERT has them")
    return [layer.eval() for layer in layers]


def _named(layer: Any, number: int) -> list[tuple[str, np.ndarray]]:
    return [(f"{number}.{name}", value.detach().numpy()) for name, value in layer.named_parameters()]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
