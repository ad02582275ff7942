"""How long the shop stands for what it sold."""

from __future__ import annotations

from datetime import datetime

from dateutil.relativedelta import relativedelta

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


def until(delivered_at: datetime, period_months: int) -> datetime:
    """The end of the period, by the calendar: from 31 January, one month lasts until 28 February."""
    return delivered_at + relativedelta(months=period_months)
