"""Tunes the encoder for the bot: `python -m bot.tuning FOLDER`. The Rasa side calls it, since torch lives in the newer Python.

FOLDER/job.json: {"texts": [str], "y": [int], "classes": int, "checks": [[row]], "layers": int, "plan": {epochs, rate, batch, seed},
"threads": int, "refit": bool, "encoder": the folder of model.onnx and tokenizer.json}. For each check the rows in it are held out and an
encoder is tuned on the others; with "refit" the one that is kept is tuned on all, else it is the first check's. Writes FOLDER/upper.onnx
and FOLDER/found.npz: `vectors` (n, d), `weights` (d + 1, classes), `frozen` (how many layers are below), and for check k `scores_k`
(rows, classes) and `near_k` (rows,), the mean cosine to the five nearest texts that the check learned.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

NEAREST = 5


def main(folder: Path) -> int:
    job = json.loads((folder / "job.json").read_text())
    import torch

    from bot.tuning.graph import CannotTune
    from recommender.encoder import EncoderMissing

    torch.set_num_threads(job["threads"])
    try:
        run(job, folder)
    except (CannotTune, EncoderMissing) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def run(job: dict, folder: Path) -> None:
    import onnx

    from bot.tuning import graph
    from bot.tuning.layers import last_layers
    from bot.tuning.tune import Plan, Top, embed, tune
    from recommender.export import source_of
    from shop.settings import Settings

    encoder, plan, y = Path(job["encoder"]), Plan(**job["plan"]), np.array(job["y"])
    layers, frozen = last_layers(source_of(Settings().encoder), job["layers"])
    states = graph.states(graph.session(graph.lower_path(encoder, frozen), job["threads"]), encoder, job["texts"])

    def tuned(rows: np.ndarray) -> Top:
        return tune(layers, [states[k] for k in rows], y[rows], job["classes"], plan)

    def served(top: Top) -> np.ndarray:
        """Writes the graph that is served and returns what it makes of all texts."""
        _, upper = graph.split(onnx.load(encoder / "model.onnx"), frozen)
        before, after = (dict(_named(part)) for part in (layers, top.layers))
        graph.save_small(graph.with_weights(upper, before, after), folder / "upper.onnx")
        return graph.vectors(graph.session(folder / "upper.onnx", job["threads"]), states)

    found: dict[str, np.ndarray] = {}
    for number, check in enumerate(job["checks"]):
        outside = np.array(check)
        inside = np.setdiff1d(np.arange(len(y)), outside)
        top = tuned(inside)
        if number == 0 and not job["refit"]:
            seen = found["vectors"] = served(top)
            found["weights"] = top.weights()
        else:
            seen = embed(top, states)
        weights = top.weights()
        found[f"scores_{number}"] = seen[outside] @ weights[:-1] + weights[-1]
        cosines = seen[outside] @ seen[inside].T
        count = min(NEAREST, cosines.shape[1])
        found[f"near_{number}"] = np.partition(cosines, -count, axis=1)[:, -count:].mean(axis=1)
    if job["refit"]:
        top = tuned(np.arange(len(y)))
        found |= {"vectors": served(top), "weights": top.weights()}
    np.savez(folder / "found.npz", frozen=np.array(frozen), **found)


def _named(layers: Iterable[Any]) -> Iterator[tuple[str, np.ndarray]]:
    return ((f"{k}.{name}", value.detach().numpy()) for k, layer in enumerate(layers) for name, value in layer.named_parameters())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
