"""Entities of messages held out: reading them, and strict span F1."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

PROJECT = Path(__file__).resolve().parents[3]
HELD_OUT = Path(__file__).with_name("entities_heldout.yml")
_MARKED = re.compile(r"\[([^\]]+)\]\((\w+)(?:/(\w+))?\)")

Span = tuple[int, int, str, str]  # start, end, entity, role ("" for none)


def held_out() -> dict[str, list[tuple[str, set[Span]]]]:
    """The messages of entities_heldout.yml, `tuned` and `fresh`, as (text, spans)."""
    return {name: [marked(line) for line in lines] for name, lines in YAML(typ="safe").load(HELD_OUT.read_text(encoding="utf-8")).items()}


def marked(line: str) -> tuple[str, set[Span]]:
    """ "[red](colour/not) mugs" -> ("red mugs", {(0, 3, "colour", "not")})."""
    text, spans, end = "", set(), 0
    for match in _MARKED.finditer(line):
        text += line[end : match.start()]
        spans.add((len(text), len(text) + len(match[1]), match[2], match[3] or ""))
        text, end = text + match[1], match.end()
    return text + line[end:], spans


def spans_of(entities: list[dict[str, Any]]) -> set[Span]:
    return {(entity["start"], entity["end"], entity["entity"], entity.get("role") or "") for entity in entities}


def f1(pairs: list[tuple[set[Span], set[Span]]]) -> tuple[float, dict[str, tuple[int, int, int]]]:
    """Micro-averaged F1 of (expected, found): a span counts when start, end, entity and role are right; and for each entity how many
    were found rightly, how many found, how many expected."""
    right: Counter[str] = Counter(span[2] for expected, found in pairs for span in expected & found)
    got: Counter[str] = Counter(span[2] for _, found in pairs for span in found)
    wanted: Counter[str] = Counter(span[2] for expected, _ in pairs for span in expected)
    table = {name: (right[name], got[name], wanted[name]) for name in sorted({*got, *wanted})}
    return 2 * right.total() / max(got.total() + wanted.total(), 1), table


def demo_vocabulary() -> dict[str, Any]:
    """The demo shop's words as its vocabulary file lists them, read from its catalogue's texts."""
    lists: dict[str, set[str]] = {name: set() for name in ("categories", "brands", "colours", "sizes", "materials", "titles")}
    for path in sorted((PROJECT / "shop/demo/catalogue").glob("*.yml")):
        for category, rows in YAML(typ="safe").load(path.read_text(encoding="utf-8")).items():
            lists["categories"].update(part.strip() for part in category.split(">"))
            for row in rows:
                sizes = [str(size) for size in row.get("sizes") or ()]
                lists["brands"].add(row["brand"])
                lists["materials"].add(row["material"])
                lists["colours"].update(row["colours"])
                lists["sizes"].update(sizes)
                for colour in row["colours"] if len(row["colours"]) > 1 else [""]:
                    lists["titles"].update(
                        ", ".join(filter(None, (row["title"], colour.title(), size if size.isupper() else size.capitalize())))
                        for size in sizes or [""]
                    )
    return {name: sorted(values) for name, values in lists.items()}
