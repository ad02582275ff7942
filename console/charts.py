"""The geometry of charts: plain numbers for the templates, which draw SVG. Units are those of the view box."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 220, 40, 26, 12


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str
    value: int
    series: int = 0
    name: str = ""


@dataclass(frozen=True)
class Chart:
    """`ticks`: (y, value) of the lines across; `labels`: (x, text) below; `line`: points of what it is compared with."""

    bars: list[Bar]
    ticks: list[tuple[float, int]]
    labels: list[tuple[float, str]]
    line: str = ""
    names: list[str] = field(default_factory=list)
    width: int = WIDTH
    height: int = HEIGHT


def bars(values: Sequence[int], labels: Sequence[str], compared: Sequence[int] = ()) -> Chart:
    """A bar a value, and a line for the values that it is compared with."""
    top, step = scale(max([*values, *compared, 1])), (WIDTH - LEFT) / max(len(values), 1)
    wide = min(step * 0.72, 54)
    found = [
        Bar(LEFT + step * k + (step - wide) / 2, height_of(value, top), wide, floor() - height_of(value, top), label, value)
        for k, (value, label) in enumerate(zip(values, labels, strict=True))
    ]
    line = " ".join(f"{LEFT + step * (k + 0.5):.1f},{height_of(value, top):.1f}" for k, value in enumerate(compared[: len(values)]))
    every = math.ceil(len(labels) / 8)
    shown = [(LEFT + step * (k + 0.5), label) for k, label in enumerate(labels) if k % every == 0]
    return Chart(found, ticks(top), shown, line)


def stacked(series: Mapping[str, Sequence[int]], labels: Sequence[str]) -> Chart:
    """A bar a label, made of one piece a series, the first lowest."""
    sums = [sum(values[k] for values in series.values()) for k in range(len(labels))]
    top, step, found = scale(max([*sums, 1])), (WIDTH - LEFT) / len(labels), []
    for k, label in enumerate(labels):
        below = 0
        for number, (name, values) in enumerate(series.items()):
            if values[k]:
                upper = height_of(below + values[k], top)
                height = height_of(below, top) - upper
                found.append(Bar(LEFT + step * k + step * 0.14, upper, step * 0.72, height, label, values[k], number, name))
            below += values[k]
    shown = [(LEFT + step * (k + 0.5), label) for k, label in enumerate(labels) if k % 3 == 0]
    return Chart(found, ticks(top), shown, names=list(series))


def spark(values: Sequence[float | None], width: int = 120, height: int = 26) -> list[str]:
    """Points of a line through the values, in pieces where one is missing; a lone value is a point. The largest is at the top. Nothing
    where there are not two values to compare."""
    if sum(value is not None for value in values) < 2:
        return []
    top, step = max([value for value in values if value is not None], default=0) or 1, width / max(len(values) - 1, 1)
    pieces: list[list[str]] = [[]]
    for k, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{step * k:.1f},{2 + (height - 4) * (1 - value / top):.1f}")
    return [" ".join(piece if len(piece) > 1 else piece * 2) for piece in pieces if piece]


def scale(largest: int) -> int:
    """The next round number: 1, 2, 5 times a power of ten, in four steps."""
    for power in range(12):
        for step in (1, 2, 5):
            if 4 * step * 10**power >= largest:
                return 4 * step * 10**power
    return largest


def ticks(top: int) -> list[tuple[float, int]]:
    return [(height_of(top * k // 4, top), top * k // 4) for k in range(5)]


def height_of(value: float, top: int) -> float:
    return floor() - (floor() - TOP) * value / top


def floor() -> int:
    return HEIGHT - BOTTOM
