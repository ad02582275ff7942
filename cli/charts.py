"""Lines and bars as SVG, for pages that need nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 24, 14, 42
COLOURS = ("#1f6f78", "#c8743c", "#8a9a5b", "#7a5c8e", "#b0aca4", "#3d4f5c")

Series = Mapping[str, Sequence[float | None]]


def lines(series: Series, ticks: Sequence[str], x_title: str, y_title: str) -> str:
    """One line a series over the same ticks; a missing value is a gap."""
    top = _ceiling(series)
    step = _inner_width() / max(len(ticks) - 1, 1)
    body = [_axes(top, [(LEFT + k * step, tick) for k, tick in enumerate(ticks)], x_title, y_title)]
    for (name, values), colour in zip(series.items(), COLOURS, strict=False):
        points = [(LEFT + k * step, _y(value, top)) for k, value in enumerate(values) if value is not None]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        shown = [(k, value) for k, value in enumerate(values) if value is not None]
        for (x, y), (k, value) in zip(points, shown, strict=True):
            label = escape(f"{name}, {ticks[k]}: {value:.3f}")
            body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>{label}</title></circle>')
    return _svg(body, list(series))


def bars(series: Series, ticks: Sequence[str], x_title: str, y_title: str) -> str:
    """Groups of bars, one group a tick, one bar a series."""
    top = _ceiling(series)
    group = _inner_width() / max(len(ticks), 1)
    width = 0.8 * group / max(len(series), 1)
    body = [_axes(top, [(LEFT + (k + 0.5) * group, tick) for k, tick in enumerate(ticks)], x_title, y_title)]
    for j, ((name, values), colour) in enumerate(zip(series.items(), COLOURS, strict=False)):
        for k, value in enumerate(values):
            if value is None:
                continue
            x, y = LEFT + k * group + 0.1 * group + j * width, _y(value, top)
            label = escape(f"{name}, {ticks[k]}: {value:.3f}")
            body.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width - 1, 1):.1f}" height="{HEIGHT - BOTTOM - y:.1f}" fill="{colour}">'
                f"<title>{label}</title></rect>"
            )
    return _svg(body, list(series))


def scatter(points: Sequence[tuple[float, float]], x_title: str, y_title: str) -> str:
    """Points against the diagonal on which both axes are equal; both axes have the same scale."""
    top = _nice(max((max(point) for point in points), default=1.0))
    marks = [(LEFT + _inner_width() * share, f"{top * share:.3g}") for share in (0, 0.25, 0.5, 0.75, 1)]
    body = [_axes(top, marks, x_title, y_title)]
    body.append(f'<line x1="{LEFT}" y1="{_y(0, top)}" x2="{WIDTH - RIGHT}" y2="{_y(top, top)}" stroke="#b0aca4" stroke-dasharray="5 5"/>')
    for x, y in points:
        across = LEFT + _inner_width() * x / top
        body.append(f'<circle cx="{across:.1f}" cy="{_y(y, top):.1f}" r="5" fill="{COLOURS[0]}"><title>{x:.3f}, {y:.3f}</title></circle>')
    return _svg(body, [])


def _svg(body: Sequence[str], names: Sequence[str]) -> str:
    legend, x = [], LEFT
    for name, colour in zip(names, COLOURS, strict=False):
        legend.append(f'<rect x="{x}" y="{HEIGHT + 4}" width="12" height="12" rx="2" fill="{colour}"/>')
        legend.append(f'<text x="{x + 17}" y="{HEIGHT + 14}">{escape(name)}</text>')
        x += 34 + 7 * len(name)
    height = HEIGHT + (24 if names else 0)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join([*body, *legend])}</svg>'


def _axes(top: float, ticks: Sequence[tuple[float, str]], x_title: str, y_title: str) -> str:
    floor = HEIGHT - BOTTOM
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = _y(top * share, top)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e2ded6"/>')
        parts.append(f'<text x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{top * share:.3g}</text>')
    parts += [f'<text x="{x:.1f}" y="{floor + 17}" text-anchor="middle">{escape(tick)}</text>' for x, tick in ticks]
    middle = LEFT + _inner_width() / 2
    parts.append(f'<text x="{middle:.0f}" y="{floor + 35}" text-anchor="middle" class="axis">{escape(x_title)}</text>')
    turned = f'transform="translate(13 {floor / 2 + TOP:.0f}) rotate(-90)"'
    parts.append(f'<text {turned} text-anchor="middle" class="axis">{escape(y_title)}</text>')
    return "".join(parts)


def _ceiling(series: Series) -> float:
    return _nice(max((value for values in series.values() for value in values if value is not None), default=1.0))


def _nice(value: float) -> float:
    """The next round number above."""
    if value <= 0:
        return 1.0
    power = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 10.0 ** -next(k for k in range(1, 12) if value * 10**k >= 1)
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * power >= value)


def _y(value: float, top: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)


def _inner_width() -> float:
    return WIDTH - LEFT - RIGHT
