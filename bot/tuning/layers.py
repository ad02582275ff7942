"""The encoder's last layers in torch, from the weights that its ONNX graph was exported from; no other library is loaded for them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from torch.nn import LayerNorm, Linear, functional

from bot.tuning.graph import CannotTune

NAMES = {  # ours: BERT's
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "joined": "attention.output.dense",
    "attended": "attention.output.LayerNorm",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
    "normed": "output.LayerNorm",
}


class Layer(torch.nn.Module):
    """One layer of BERT (Devlin et al. 2019): attention, then two dense steps, each added to what came in and normalised."""

    def __init__(self, width: int, inner: int, heads: int, epsilon: float) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.joined = (Linear(width, width) for _ in range(4))
        self.wide, self.narrow = Linear(width, inner), Linear(inner, width)
        self.attended, self.normed = (LayerNorm(width, eps=epsilon) for _ in range(2))

    def forward(self, hidden: torch.Tensor, away: torch.Tensor) -> torch.Tensor:
        """(n, length, d) from the same; `away` (n, 1, 1, length) is added to the attention's scores: 0 for a token, very low for none."""
        n, length, width = hidden.shape
        parts = (part(hidden).view(n, length, self.heads, -1).transpose(1, 2) for part in (self.query, self.key, self.value))
        query, key, value = parts
        # Written out: for sentences so short, torch's own attention takes up to seven times as long in 16 bits.
        shares = (query * query.shape[-1] ** -0.5 @ key.transpose(2, 3) + away.to(query.dtype)).softmax(-1)
        hidden = self.attended(hidden + self.joined((shares @ value).transpose(1, 2).reshape(n, length, width)))
        return self.normed(hidden + self.narrow(functional.gelu(self.wide(hidden))))


def last_layers(source: Path, count: int) -> tuple[list[Layer], int]:
    """The last `count` layers of the model in `source`, and how many lie below them.

    Raises:
        CannotTune: the model is no BERT, has not so many layers, or its weights are in another form.
    """
    weights = next(iter(sorted(source.rglob("model.safetensors"))), None)
    if weights is None:
        raise CannotTune("the encoder has no model.safetensors")
    config = json.loads((weights.parent / "config.json").read_text())
    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu" or config["num_hidden_layers"] < count:
        raise CannotTune("the encoder has no layers as BERT has them")
    frozen = config["num_hidden_layers"] - count
    sizes = (config["hidden_size"], config["intermediate_size"], config["num_attention_heads"], config["layer_norm_eps"])
    layers = [Layer(*sizes).eval() for _ in range(count)]
    with safe_open(weights, "pt") as stored:
        names: list[str] = stored.keys()
        begin = next(name for name in names if "encoder.layer." in name).partition("encoder.layer.")[0]
        for number, layer in enumerate(layers, frozen):
            layer.load_state_dict(
                {
                    f"{ours}.{kind}": stored.get_tensor(f"{begin}encoder.layer.{number}.{theirs}.{kind}").float()
                    for ours, theirs in NAMES.items()
                    for kind in ("weight", "bias")
                }
            )
    return layers, frozen
