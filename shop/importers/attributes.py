"""What a product's title says about it: colour, material, size, category, and the title itself in readable case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

SMALL = frozenset("a an and as at by de des du en et for from in into la le of off on or the to with".split())  # noqa: SIM905
UPPER = frozenset("UK USA TV CD DVD USB LED 3D 2D DIY II III IV VIP A4 A5 A6 RSA EU".split())  # noqa: SIM905
SEASONS = ("Seasonal > Christmas",)  # a Christmas mug is looked for among Christmas things


@dataclass(frozen=True)
class Attributes:
    """Each "" where the title does not say."""

    colour: str
    material: str
    size: str
    category: str


@cache
def _words() -> dict[str, dict[str, str]]:
    data = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
    data["categories"] = {word: path for path, words in data["categories"].items() for word in words}
    data["not_colours"] = dict.fromkeys(data["not_colours"], "")
    return data


@cache
def _finder(kind: str) -> re.Pattern[str]:
    phrases = sorted(_words()[kind], key=len, reverse=True)
    return re.compile(r"(?<![\w-])(?:" + "|".join(re.escape(str(p)) for p in phrases) + r")(?![\w-])")


def attributes(title: str) -> Attributes:
    low = " ".join(title.casefold().replace(",", " ").replace("/", " ").split())
    seasonal = next((path for word in _finder("categories").findall(low) if (path := _words()["categories"][word]) in SEASONS), "")
    colours = _finder("not_colours").sub(" ", low)
    named = dict.fromkeys(_words()["colours"][word] for word in _finder("colours").findall(colours))
    return Attributes(
        colour=next(iter(named), ""),
        material=_best("materials", low),
        size=_best("sizes", low),
        category=seasonal or _best("categories", low),
    )


def _best(kind: str, low: str) -> str:
    matches = list(_finder(kind).finditer(low))
    if not matches:
        return ""
    best = max(matches, key=lambda match: (" " in match[0] or "-" in match[0], match.start()))
    return _words()[kind][best[0]]


def without_colour(title: str) -> str:
    """The title less its colour and size words, lower-cased: what the variants of one article have in common."""
    low = re.sub(r"[^\w&' -]+", " ", title.casefold())
    for kind in ("colours", "sizes"):
        low = _finder(kind).sub(" ", low)
    return " ".join(low.split())


def readable(title: str) -> str:
    """ "WHITE HANGING HEART T-LIGHT HOLDER" -> "White Hanging Heart T-Light Holder". Only shouted titles are changed."""
    title = re.sub(r"\s*,\s*", ", ", " ".join(title.split())).strip(" ,.*")
    letters = [c for c in title if c.isalpha()]
    if sum(c.isupper() for c in letters) < 0.6 * len(letters):
        return title
    words = title.split()
    return " ".join(_word(word, first=k == 0) for k, word in enumerate(words))


def _word(word: str, first: bool) -> str:
    bare = word.strip("(),.!?\"'")
    if bare.upper() in UPPER:
        return word.upper()
    if not first and bare.casefold() in SMALL:
        return word.casefold()
    return re.sub(r"(\d?)([^\W\d_]+(?:['’][^\W\d_]+)*)", _capital, word)


def _capital(part: re.Match[str]) -> str:
    """A capital for each run of letters, save units and endings that follow a figure ("30cm", "50's")."""
    digit, letters = part.groups()
    return digit + (letters.casefold() if digit else letters[0].upper() + letters[1:].casefold())
