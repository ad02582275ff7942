"""How long the shop stands for what it sold."""

from __future__ import annotations

from shop import policies
from shop.catalogue import SEPARATOR


def months(category_path: str) -> int:
    """By the last part of the category path that has a period of its own, else the shop's general one."""
    warranty = policies.current().warranty
    own = {name.casefold(): period for name, period in warranty.by_category.items()}
    for part in reversed(category_path.split(SEPARATOR)):
        if part.casefold() in own:
            return own[part.casefold()]
    return warranty.months
