"""Draws a product: one plain SVG from its title and colour, with no text, script or outside reference in it."""

from __future__ import annotations

import colorsys
import hashlib
import re
from functools import cache
from typing import Protocol

from shop.demo.shapes import HANGING, KINDS, SHAPES

COLOURS = {
    "amber": "#b8742a",
    "aqua": "#8fc9cc",
    "beige": "#dccbb0",
    "black": "#3a3a3d",
    "blue": "#5b86b4",
    "blush": "#e9bdb5",
    "brass": "#c9a24a",
    "bronze": "#9c6b3f",
    "brown": "#8f6344",
    "burgundy": "#7d2f40",
    "charcoal": "#54585e",
    "clear": "#cfe0e2",
    "copper": "#c07a50",
    "coral": "#ea8b76",
    "cream": "#f0e4c8",
    "fuchsia": "#c94f8d",
    "gold": "#d3ab4f",
    "green": "#6d9a6b",
    "grey": "#a3a6a8",
    "ivory": "#f1e9d8",
    "khaki": "#a39a6c",
    "lavender": "#b7a6d6",
    "lilac": "#c3aedb",
    "magenta": "#b8478a",
    "mint": "#a9d3bf",
    "multicolour": "#e08e6d",
    "mustard": "#d5a63c",
    "natural": "#d2b48a",
    "navy": "#34496b",
    "olive": "#84854a",
    "orange": "#e08a45",
    "peach": "#f1b896",
    "pink": "#e29aac",
    "purple": "#83669f",
    "red": "#bf4a43",
    "sage green": "#a3b496",
    "silver": "#bcc3c8",
    "tan": "#b8844f",
    "taupe": "#a59282",
    "teal": "#3f8585",
    "terracotta": "#c4704c",
    "turquoise": "#52b0ae",
    "violet": "#8a6bb0",
    "white": "#f6f4ef",
    "yellow": "#ecc85c",
}
BACKGROUNDS = ("#f1ece2", "#e6ecea", "#ece6ea", "#e9ebe0", "#f0e6dd", "#e4e9ef")
FLOOR = '<path d="M0 300h400v100H0z" fill="#000" opacity=".035"/><ellipse cx="200" cy="321" rx="125" ry="13" fill="#4a4036" opacity=".2"/>'
SHADOW = (
    '<filter id="s" x="-20%" y="-20%" width="140%" height="140%">'
    '<feDropShadow dx="0" dy="5" stdDeviation="6" flood-color="#4a4036" flood-opacity=".22"/></filter>'
)


class Drawable(Protocol):
    title: str
    colour: str
    category_path: str
    group_key: str


def draw(product: Drawable) -> str:
    """An SVG document, 400 by 400. Nothing of the product's text is put into it: text only chooses shape and colours."""
    kind = kind_of(product.title) or kind_of(product.category_path) or "gift"
    colour = colour_of(product.colour, product.title, product.group_key)
    paint = {"c": colour, "d": _shade(colour, 0.82), "e": _shade(colour, 0.6), "l": _shade(colour, 1.22), "w": "#fbf8f1", "m": "#a9b0b4"}
    number = int.from_bytes(hashlib.sha256(product.group_key.encode()).digest()[:4])
    background = BACKGROUNDS[number % len(BACKGROUNDS)]
    floor = "" if kind in HANGING else FLOOR
    shape = re.sub(r"\{([cdelwm])\}", lambda found: paint[found[1]], SHAPES[kind])
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400"><defs>'
        '<radialGradient id="b" cx=".4" cy=".3" r=".9"><stop offset="0" stop-color="#fff" stop-opacity=".75"/>'
        f'<stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>{SHADOW}</defs>'
        f'<rect width="400" height="400" fill="{background}"/><rect width="400" height="400" fill="url(#b)"/>'
        f'{floor}<g filter="url(#s)">{shape}</g></svg>'
    )


def kind_of(text: str) -> str:
    """The kind of thing a title or category names, "" when it names none: the longest phrase, then the last."""
    found = list(_phrases().finditer(text.casefold()))
    if not found:
        return ""
    best = max(found, key=lambda match: (match[0].count(" ") + match[0].count("-"), match.start()))
    return KINDS[best[0]]


@cache
def _phrases() -> re.Pattern[str]:
    words = sorted(KINDS, key=len, reverse=True)
    return re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, words)) + r")(?![\w-])")


def colour_of(named: str, title: str, key: str) -> str:
    """As #rrggbb: the product's colour, else one its title names, else one of the palette chosen by the key."""
    for text in (named.casefold(), title.casefold()):
        if text in COLOURS:
            return COLOURS[text]
        for word in re.findall(r"[a-z]+", text):
            if word in COLOURS:
                return COLOURS[word]
    quiet = ("blush", "sage green", "teal", "mustard", "terracotta", "blue", "lavender", "natural")
    return COLOURS[quiet[int.from_bytes(hashlib.sha256(key.encode()).digest()[4:8]) % len(quiet)]]


def _shade(colour: str, factor: float) -> str:
    hue, light, depth = colorsys.rgb_to_hls(*(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)))
    lighter = light * factor if factor < 1 else light + (1 - light) * (factor - 1) * 1.6
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, min(lighter, 1.0), depth))
