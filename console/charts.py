"""The charts as Vega-Lite specifications: data in, a grammar of graphics out; `drawing.py` makes pictures of them.

Colours are variables of `figures.css`, so that one picture serves light and dark. A row's `link` makes its mark a link, its `name` is what
a screen reader says and a pointer shows. Axes name their labels: measuring a text costs more than anything else in a chart.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Spec = dict[str, Any]
Link = Callable[..., str | None]  # figure, value, first and last day -> address, after HOST; None where there are no pages, as in a report
WIDTH, HEIGHT, WIDEST, MOST_LABELS, SERIES = 620, 210, 64, 8, 6
HOST = "https://console.invalid"  # stands before each link: Vega-Lite leads an address without a host to one of its own
CONFIG = {
    "view": {"stroke": None},
    "axis": {"title": None, "domain": False, "ticks": False, "gridColor": "var(--line)", "labelColor": "var(--soft)", "labelFontSize": 12,
             "labelPadding": 6, "labelOverlap": False, "labelAngle": 0},
    "axisX": {"grid": False},
}  # fmt: skip
BAR = {"type": "bar", "stroke": "var(--card)", "strokeWidth": 1}


def daily(counts: Mapping[str, int], compared: Sequence[int], written: Callable[[str], str], link: Link) -> Spec:
    """A bar a day (ISO), and a dashed line of what the span before had at its place."""
    days = list(counts)
    bars = [
        {"x": day, "y": count, "name": f"{written(day)}: {count}", "link": link("conversations", "", day, day)}
        for day, count in counts.items() if count
    ]  # fmt: skip
    line = [{"x": day, "y": count} for day, count in zip(days, compared, strict=False)]
    width = min(0.72 * WIDTH / len(days), WIDEST)
    dot = {"fill": "var(--before)", "size": 60} if len(line) == 1 else False  # no line goes through one day
    labels = json.dumps({day: written(day) for day in days[:: _every(days)]})
    return _spec(
        encoding={"x": _x(days, labelExpr=f"{labels}[datum.value]"), "y": _y([*counts.values(), *compared])},
        layer=[
            {"data": {"values": bars}, "mark": {**BAR, "fill": "var(--s0)", "width": width}, "encoding": _said(bars)},
            {"data": {"values": line}, "mark": {"type": "line", "stroke": "var(--before)", "strokeDash": [5, 4], "point": dot}},
        ],
    )


def hourly(series: Mapping[str, Sequence[int]], link: Link) -> Spec:
    """A bar an hour of the day, made of one piece a series, the first lowest."""
    rows = [
        {"x": f"{hour:02}", "y": count, "of": f"{number:02}", "name": f"{hour:02} h, {plain(name)}: {count}",
         "link": link("hour", f"{hour} {name}")}
        for number, (name, counts) in enumerate(series.items()) for hour, count in enumerate(counts) if count
    ]  # fmt: skip
    sums = [sum(counts[hour] for counts in series.values()) for hour in range(24)]
    return _spec(
        data={"values": rows},
        mark=BAR,
        encoding=_said(rows)
        | {
            "x": _x([f"{hour:02}" for hour in range(24)]),
            "y": _y(sums),
            "fill": _colours({f"{number:02}": f"var(--s{number % SERIES})" for number in range(len(series))}),
            "order": {"field": "of"},
        },
    )


def shares(parts: Mapping[str, tuple[str, int]], link: Link) -> Spec:
    """One bar of all, with a piece for each of `parts`: {figure: (title, count)}."""
    total = sum(count for _, count in parts.values())
    rows = [
        {"of": figure, "y": count, "at": number, "name": f"{title}: {count}", "link": link(figure),
         "share": f"{100 * count / total:.0f} %" if count > 0.05 * total else ""}
        for number, (figure, (title, count)) in enumerate(parts.items()) if count
    ]  # fmt: skip
    x = {"field": "y", "type": "quantitative", "stack": "normalize", "axis": None, "scale": {"nice": False}}
    return _spec(
        width=900,
        height=28,
        padding=0,
        data={"values": rows},
        encoding={"order": {"field": "at"}},
        layer=[
            {"mark": BAR, "encoding": _said(rows) | {"x": x, "fill": _colours({figure: f"var(--{figure})" for figure in parts})}},
            {"mark": {"type": "text", "fontSize": 13, "fontWeight": 600, "fill": "var(--on-bar)", "aria": False},
             "encoding": {"x": {**x, "bandPosition": 0.5}, "text": {"field": "share"}}},
        ],
    )  # fmt: skip


def spark(values: Sequence[float | None]) -> Spec | None:
    """A line through the values, broken where one is missing; a lone value is a point. None where there are not two to compare."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    rows = [{"x": place, "y": value} for place, value in enumerate(values)]
    alone = [row for row in rows if row["y"] is not None and not any(near["y"] is not None for near in _neighbours(rows, row["x"]))]
    return _spec(
        width=140,
        height=26,
        padding=2,
        encoding={
            "x": {"field": "x", "type": "quantitative", "axis": None, "scale": {"domain": [0, len(values) - 1], "nice": False}},
            "y": {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [0, max(known) or 1], "nice": False}},
        },
        layer=[
            {"data": {"values": rows}, "mark": {"type": "line", "stroke": "var(--s0)", "strokeWidth": 2, "aria": False}},
            {
                "data": {"values": alone},
                "mark": {"type": "point", "fill": "var(--s0)", "strokeWidth": 0, "size": 28, "opacity": 1, "aria": False},
            },
        ],
    )


def _neighbours(rows: Sequence[Spec], place: int) -> list[Spec]:
    return [rows[near] for near in (place - 1, place + 1) if 0 <= near < len(rows)]


def plain(text: str) -> str:
    """Without the characters that no drawing may hold."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _spec(**parts: Any) -> Spec:
    drawn = {"background": None, "padding": 4, "width": WIDTH, "height": HEIGHT, "config": CONFIG}
    return {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", **drawn, **parts}


def _said(rows: Sequence[Spec]) -> Spec:
    """What a mark is called, and where it leads, if anywhere."""
    return {"description": {"field": "name"}} | ({"href": {"field": "link"}} if any(row["link"] for row in rows) else {})


def _x(places: Sequence[str], **axis: Any) -> Spec:
    shown = {"values": places[:: _every(places)], **axis}
    return {"field": "x", "type": "ordinal", "axis": shown, "scale": {"domain": places, "paddingInner": 0.28, "paddingOuter": 0.14}}


def _y(values: Sequence[int]) -> Spec:
    most = max([*values, 1])
    axis = {"tickCount": min(4, most), "format": ",d"}  # no steps of half a message
    return {"field": "y", "type": "quantitative", "axis": axis, "scale": {"domain": [0, most], "nice": 4}}


def _colours(of: Mapping[str, str]) -> Spec:
    return {"field": "of", "type": "nominal", "legend": None, "scale": {"domain": list(of), "range": list(of.values())}}


def _every(places: Sequence[str]) -> int:
    return math.ceil(len(places) / MOST_LABELS)
