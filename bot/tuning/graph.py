"""The sentence encoder's ONNX graph in two parts: the frozen layers below, which never change, and the last layers, whose weights do."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime import InferenceSession, SessionOptions
from tokenizers import Tokenizer

MAX_TOKENS = 128


class CannotTune(RuntimeError):
    """The encoder is not of the kind that can be tuned; the message says why."""


def split(model: onnx.ModelProto, frozen: int) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """(lower, upper): ids and mask to the states (n, length, d) after `frozen` layers; states and mask to the sentence's vector.

    Raises:
        CannotTune: the graph has no layer of that number with a LayerNorm at its end, as BERT's have.
    """
    ending = f"layer.{frozen - 1}.output.LayerNorm.weight"
    borders = [node.output[0] for node in model.graph.node if any(name.endswith(ending) for name in node.input)]
    if len(borders) != 1:
        raise CannotTune(f"the encoder's graph has no BERT layer {frozen}")
    inputs, outputs = [[value.name for value in part] for part in (model.graph.input, model.graph.output)]
    inferred = onnx.shape_inference.infer_shapes(model)
    extractor = onnx.utils.Extractor(inferred)
    return extractor.extract_model(inputs, borders), extractor.extract_model([*borders, "attention_mask"], outputs)


def with_weights(upper: onnx.ModelProto, before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    """The graph with each weight of `before`, found by its values (transposed or not), replaced by the one of that name in `after`.

    Raises:
        CannotTune: a weight is not in the graph, or twice.
    """
    tuned = onnx.ModelProto()
    tuned.CopyFrom(upper)
    places = {name: [] for name in before}
    for tensor in tuned.graph.initializer:
        values = numpy_helper.to_array(tensor)
        for name, old in before.items():
            for turned in (False, True) if old.ndim == 2 else (False,):
                if values.shape == (old.T if turned else old).shape and np.array_equal(values, old.T if turned else old):
                    places[name].append((tensor, turned))
    for name, found in places.items():
        if len(found) != 1:
            raise CannotTune(f"the weight {name} is {len(found)} times in the encoder's graph")
        tensor, turned = found[0]
        new = after[name].T if turned else after[name]
        tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(new, np.float32), tensor.name))
    return tuned


def save_small(model: onnx.ModelProto, path: Path) -> None:
    """Its weights in 8 bits: a quarter of the size and half of the time. `path` appears when it is complete."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".graph-") as folder:
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        onnx.save(model, whole)
        quantize_dynamic(whole, small, weight_type=QuantType.QInt8, per_channel=True)
        small.replace(path)


def lower_path(encoder: Path, frozen: int) -> Path:
    """The frozen part beside the encoder's files; made when missing."""
    return _part(encoder, frozen, 0)


def upper_path(encoder: Path, frozen: int) -> Path:
    """The layers above the frozen part as they are, beside the encoder's files; made when missing."""
    return _part(encoder, frozen, 1)


def _part(encoder: Path, frozen: int, which: int) -> Path:
    path = encoder / f"{('lower', 'upper')[which]}-{frozen}.onnx"
    if not path.exists():
        save_small(split(onnx.load(encoder / "model.onnx"), frozen)[which], path)
    return path


def session(path: Path, threads: int) -> InferenceSession:
    options = SessionOptions()
    options.intra_op_num_threads = threads
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def states(lower: InferenceSession, encoder: Path, texts: Sequence[str]) -> list[np.ndarray]:
    """Of each text its (length, d) states after the frozen layers, in float16: there may be hundreds of thousands of tokens."""
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    ids = [np.array(encoding.ids, np.int64) for encoding in tokenizer.encode_batch(list(texts))]
    found = {k: state.astype(np.float16) for k, state in _run(lower, "input_ids", ids, np.int64)}
    return [found[k] for k in range(len(texts))]


def vectors(upper: InferenceSession, states: Sequence[np.ndarray]) -> np.ndarray:
    """(n, d) float32 from the states."""
    found = dict(_run(upper, upper.get_inputs()[0].name, states, np.float32))
    return np.stack([found[k] for k in range(len(states))])


def _run(graph: InferenceSession, name: str, given: Sequence[np.ndarray], kind: type, batch: int = 32) -> Iterator[tuple[int, np.ndarray]]:
    """(number, the graph's output) of each text, in any order; those of one length go together, so that nothing is padded."""
    order = sorted(range(len(given)), key=lambda k: len(given[k]))
    for length, group in groupby(order, key=lambda k: len(given[k])):
        rows = list(group)
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            inputs = {name: np.stack([given[k] for k in part]).astype(kind, copy=False)}
            inputs["attention_mask"] = np.ones((len(part), length), np.int64)
            yield from zip(part, graph.run(None, inputs)[0], strict=True)
