"""Which entities belong together when a message names several things: "two of the first and one of the third"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

HEADS = frozenset(("ordinal", "product", "category"))
MEMBERS = HEADS | {"quantity", "colour", "size", "material", "brand"}
_LINK = re.compile(r"\s*(?:,|;|&|\+|\band\b|\bplus\b|\balso\b|\bor\b|\bwith\b|\bversus\b|\bvs\b)", re.IGNORECASE)


def mark_groups(text: str, entities: Sequence[dict[str, Any]]) -> None:
    """Gives `group` "1", "2", ... to the entities around each thing named, when there are two or more. A thing is a place in a list, a
    product or a category; a link word between two things parts them."""
    members = [entity for entity in entities if entity["entity"] in MEMBERS]
    groups: list[list[dict[str, Any]]] = [[]]
    for before, entity in zip([None, *members], members, strict=False):
        linked = before is not None and _LINK.search(text[before["end"] : entity["start"]])
        if linked and any(other["entity"] in HEADS for other in groups[-1]):
            groups.append([])
        groups[-1].append(entity)
    headed = [group for group in groups if any(entity["entity"] in HEADS for entity in group)]
    if len(headed) > 1 and len(headed) == len(groups):
        for number, group in enumerate(groups, start=1):
            for entity in group:
                entity["group"] = str(number)
