"""Tunes the encoder for the bot: `python -m bot.tuning FOLDER`. The Rasa side calls it, since torch lives in the newer Python.

FOLDER/job.json: {"texts": [str], "y": [int], "classes": int, "learned": [row], "kept": [row], ascending, "checks": [[row]], all of them
kept, "layers": int, "plan": the fields of tune.Plan,
"threads": int, "members": int, "refit": bool, "encoder": the folder of model.onnx and tokenizer.json}. For each check the rows in it are
held out and an encoder is tuned on the others of "learned". Served are as many members as are wanted, each tuned on all of "learned" from
another seed; without "refit" the first of them is the first check's, which learns the rows held out afterwards. Writes FOLDER/upper-K.onnx,
one a member, and FOLDER/found.npz: `vectors` (kept, members * d + d), those of the members, together of unit length, and those of the
encoder as it is, of unit length; `weights` (members * d + 1, classes), the mean of the members' heads; `frozen` (how many layers are
below); and for check k `scores_k` (rows, classes).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

LATER_EPOCHS, LATER_RATE = 2.0, 0.3  # of learning what was held out in a check; the rate is a share of the plan's


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
    from bot.tuning.tune import Plan, Top, begun, embed, tune
    from recommender.export import source_of
    from shop.settings import Settings

    encoder, plan, y = Path(job["encoder"]), Plan(**job["plan"]), np.array(job["y"])
    layers, frozen = last_layers(source_of(Settings().encoder), job["layers"])
    wanted = np.array(job["kept"])
    needed, lower = np.union1d(job["learned"], wanted), graph.session(graph.lower_path(encoder, frozen), job["threads"])
    states = dict(zip(needed.tolist(), graph.states(lower, encoder, [job["texts"][k] for k in needed]), strict=True))
    untuned = graph.vectors(graph.session(graph.upper_path(encoder, frozen), job["threads"]), [states[k] for k in wanted])

    def tuned(rows: np.ndarray, number: int = 0) -> Top:
        some = [states[k] for k in rows]
        return tune(begun(layers, some, y[rows], job["classes"]), some, y[rows], replace(plan, seed=plan.seed + number))

    def with_more(top: Top, rows: np.ndarray, learned: np.ndarray) -> Top:
        """Learns `rows` too, among as many of those that were learned before, so that these are not forgotten."""
        rows = np.concatenate([rows, np.random.default_rng(plan.seed).choice(learned, min(len(rows), len(learned)), replace=False)])
        return tune(top, [states[k] for k in rows], y[rows], replace(plan, epochs=LATER_EPOCHS, rate=plan.rate * LATER_RATE))

    found: dict[str, np.ndarray] = {}
    served: list[Top] = []
    for number, check in enumerate(job["checks"]):
        outside = np.array(check)
        inside = np.setdiff1d(job["learned"], outside)
        top = tuned(inside)
        weights = top.weights()
        found[f"scores_{number}"] = embed(top, [states[k] for k in outside], half=True) @ weights[:-1] + weights[-1]
        if not number and not job["refit"]:
            served.append(with_more(top, outside, inside))
    served += [tuned(np.array(job["learned"]), number) for number in range(len(served), job["members"])]
    _, upper = graph.split(onnx.load(encoder / "model.onnx"), frozen)
    before, vectors = dict(_named(layers)), []
    for number, top in enumerate(served):
        path = folder / f"upper-{number}.onnx"
        graph.save_small(graph.with_weights(upper, before, dict(_named(top.layers))), path)
        vectors.append(graph.vectors(graph.session(path, job["threads"]), [states[k] for k in wanted]))
    vectors = np.hstack([*(own / len(served) ** 0.5 for own in vectors), untuned])
    np.savez(folder / "found.npz", frozen=np.array(frozen), vectors=vectors, weights=mean_head([top.weights() for top in served]), **found)


def mean_head(heads: Sequence[np.ndarray]) -> np.ndarray:
    """(m * d + 1, classes), the mean of m heads (d + 1, classes), for vectors that together are of unit length."""
    return np.vstack([*(head[:-1] / len(heads) ** 0.5 for head in heads), np.mean([head[-1] for head in heads], axis=0)])


def _named(layers: Iterable[Any]) -> Iterator[tuple[str, np.ndarray]]:
    return ((f"{k}.{name}", value.detach().numpy()) for k, layer in enumerate(layers) for name, value in layer.named_parameters())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
