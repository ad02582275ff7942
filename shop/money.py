"""Money: integer minor units and a currency, read from text and written for people."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from babel.numbers import format_currency, get_currency_precision
from price_parser import Price

LARGEST = 10**15  # beyond any price; keeps sums within 64 bits


def exponent(currency: str) -> int:
    """Digits of the currency's minor unit: 2 for GBP, 0 for JPY, 3 for KWD (CLDR, by way of Babel)."""
    return get_currency_precision(currency)


def to_minor(amount: Decimal, currency: str) -> int:
    """Rounds half to even, as banks do. Raises ValueError when the amount is not finite or absurdly large."""
    if not amount.is_finite() or abs(amount) > LARGEST:
        raise ValueError(f"not an amount of money: {amount}")
    return int(amount.scaleb(exponent(currency)).quantize(Decimal(1), ROUND_HALF_EVEN))


def to_decimal(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-exponent(currency))


def format_minor(minor: int, currency: str, locale: str = "en_GB") -> str:
    """1250, GBP, en_GB -> "£12.50"."""
    return format_currency(to_decimal(minor, currency), currency, locale=locale)


def parse_minor(text: str, currency: str) -> int | None:
    """The first price in the text ("£1,299.00", "12,50 EUR", "20") in minor units of `currency`, None when there is none.

    A minus sign counts only directly at the number or its currency sign.
    """
    found = Price.fromstring(text)
    if found.amount is None or found.amount > LARGEST:
        return None
    head = text.split(found.amount_text, 1)[0].rstrip() if found.amount_text else ""
    sign = -1 if found.amount > 0 and head.rstrip("£$€¥ ").endswith(("-", "−")) else 1
    return sign * to_minor(found.amount, currency)
