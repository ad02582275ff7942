"""Tuning the encoder: the graph in two parts says what the whole says, and what was tuned is what is served."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors.numpy import save_file

from bot.tuning import graph
from bot.tuning.__main__ import mean_head
from bot.tuning.layers import last_layers
from bot.tuning.tune import Plan, Top, begun, embed, tune
from recommender.export import source_of

TEXTS = ["where is my parcel", "track my order please", "i want my money back", "refund me now", "when are you open", "opening hours"]
Y = np.array([0, 0, 1, 1, 2, 2])


@pytest.fixture(scope="module")
def encoder(encoder_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    for name in ("model.onnx", "tokenizer.json"):
        (folder / name).symlink_to(encoder_folder / name)
    return folder


@pytest.fixture(scope="module")
def layers():
    return last_layers(source_of("all-MiniLM-L6-v2"), 2)[0]


@pytest.fixture(scope="module")
def states(encoder: Path) -> list[np.ndarray]:
    return graph.states(graph.session(graph.lower_path(encoder, 4), 1), encoder, TEXTS)


def test_both_parts_together_say_what_the_whole_says(encoder: Path, tmp_path: Path):
    lower, upper = graph.split(onnx.load(encoder / "model.onnx"), 4)
    onnx.save(lower, tmp_path / "lower.onnx")
    onnx.save(upper, tmp_path / "upper.onnx")
    states = graph.states(graph.session(tmp_path / "lower.onnx", 1), encoder, TEXTS)
    apart = graph.vectors(graph.session(tmp_path / "upper.onnx", 1), states)
    whole = graph.session(encoder / "model.onnx", 1)
    ids = np.array([[101, 2073, 2003, 2026, 20463, 102]])
    together = whole.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
    assert np.allclose(apart[0], together[0], atol=1e-4)  # the states are kept in 16 bits


def test_the_layers_in_torch_say_what_the_graph_says(encoder: Path, layers, states, tmp_path: Path):
    onnx.save(graph.split(onnx.load(encoder / "model.onnx"), 4)[1], tmp_path / "upper.onnx")
    assert np.allclose(embed(Top(layers, 3).eval(), states), graph.vectors(graph.session(tmp_path / "upper.onnx", 1), states), atol=1e-5)


def test_a_model_of_another_kind_is_refused(tmp_path: Path):
    with pytest.raises(graph.CannotTune, match="no model.safetensors"):
        last_layers(tmp_path, 2)
    save_file({"weight": np.zeros(1, np.float32)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"model_type": "roberta"}')
    with pytest.raises(graph.CannotTune, match="no layers as BERT has them"):
        last_layers(tmp_path, 2)


def test_weights_in_8_bits_change_little(encoder: Path, states, tmp_path: Path):
    whole = graph.session(encoder / "model.onnx", 1)
    graph.save_small(graph.split(onnx.load(encoder / "model.onnx"), 4)[1], tmp_path / "upper.onnx")
    small = graph.vectors(graph.session(tmp_path / "upper.onnx", 1), states)
    ids = np.array([[101, 2073, 2003, 2026, 20463, 102]])
    exact = whole.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
    assert float(small[0] @ exact[0]) > 0.97


def test_tuning_parts_the_intents_and_the_served_graph_has_its_weights(encoder: Path, layers, states, tmp_path: Path):
    top = tune(begun(layers, states, Y, 3), states, Y, Plan(epochs=8, batch=2))
    vectors, weights = embed(top, states), top.weights()
    assert ((vectors @ weights[:-1] + weights[-1]).argmax(axis=1) == Y).all()
    names = [[(f"{k}.{name}", value.detach().numpy()) for name, value in layer.named_parameters()] for k, layer in enumerate(layers)]
    after = [[(f"{k}.{name}", value.detach().numpy()) for name, value in layer.named_parameters()] for k, layer in enumerate(top.layers)]
    upper = graph.split(onnx.load(encoder / "model.onnx"), 4)[1]
    onnx.save(graph.with_weights(upper, dict(sum(names, [])), dict(sum(after, []))), tmp_path / "tuned.onnx")
    served = graph.vectors(graph.session(tmp_path / "tuned.onnx", 1), states)
    assert np.allclose(served, vectors, atol=1e-4)


def test_the_same_seed_tunes_the_same(layers, states):
    one, two = (tune(begun(layers, states, Y, 3), states, Y, Plan(epochs=1, batch=4)).weights() for _ in range(2))
    assert np.array_equal(one, two)


def test_less_than_an_epoch_is_less_work(layers, states):
    before, after = (tune(begun(layers, states, Y, 3), states, Y, Plan(epochs=epochs, batch=2)).weights() for epochs in (0.3, 3))
    assert not np.allclose(before, after)


def test_several_members_are_served_as_their_mean(layers, states):
    tops = [tune(begun(layers, states, Y, 3), states, Y, Plan(epochs=2, batch=2, seed=seed)) for seed in (1, 2, 3)]
    each, heads = [embed(top, states) for top in tops], [top.weights() for top in tops]
    together, head = np.hstack(each) / 3**0.5, mean_head(heads)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    mean = np.mean([vectors @ own[:-1] + own[-1] for vectors, own in zip(each, heads, strict=True)], axis=0)
    assert np.allclose(together @ head[:-1] + head[-1], mean, atol=1e-4)


def test_a_graph_without_such_a_layer_is_refused(encoder: Path):
    with pytest.raises(graph.CannotTune, match="no BERT layer 9"):
        graph.split(onnx.load(encoder / "model.onnx"), 9)
