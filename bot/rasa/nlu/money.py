"""Prices and the bounds customers put on them: "under £20", "between 10 and 20 quid", "50 pence or less"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.rasa.nlu.numbers import WORDS, minor_units

_SIGNS = {"£": "GBP", "$": "USD", "€": "EUR"}
_NAMES = {
    "pounds?": "GBP",
    "quid": "GBP",
    "gbp": "GBP",
    "dollars?": "USD",
    "bucks?": "USD",
    "usd": "USD",
    "euros?": "EUR",
    "eur": "EUR",
}
_NOTES = {"fiver": 500, "tenner": 1000, "grand": 100_000}  # that name their own amount
_PENCE = {"pence": "GBP", "pennies": "GBP", "p": "GBP", "cents?": ""}
_AMOUNT = (
    r"(?P<sign{n}>[£$€])?\s?(?P<number{n}>\d(?:[\d,]*\d)?(?:\.\d+)?|"
    + "|".join(sorted((*WORDS, *_NOTES), key=len, reverse=True))
    + r")(?![\d%]|(?<=[a-z])[a-z])"
    r"(?:\s?(?P<name{n}>(?:" + "|".join((*_NAMES, *_PENCE, "[£€]")) + r")\b|[£€]))?"
)
_ONE, _TWO = _AMOUNT.replace("{n}", "1"), _AMOUNT.replace("{n}", "2")

_MAX = (
    r"(?:under|below|(?:nothing|none|not?|never)\s+(?:over|above|more than)|less than|cheaper than|up to|at most|max(?:imum)?(?: of)?"
    r"|within|lower than|<=?)"
)
_MIN = r"(?:over|above|more than|at least|from|min(?:imum)?(?: of)?|starting at|no less than|upwards of|>=?)"
_ABOUT = r"(?:about|around|roughly|approximately|approx\.?|circa|near(?:ly|er)?(?: to)?|close(?:r)? to|~|in the region of|something like)"
_OR_LESS = r"(?:or (?:less|under|below|cheaper)|max(?:imum)?\b|at most|tops|and under)"
_OR_MORE = r"(?:or (?:more|over|above)|and (?:up|over|above)|minimum|\+|plus\b)"
# What a bare number after "under" must not be counting.
_COUNTED = (
    r"(?!\s*(?:-|–)?\s*(?:days?|weeks?|months?|hours?|minutes?|mins?|years?|yrs?|cm|mm|m|(?:centi|milli)?met(?:re|er)s?|inch(?:es)?|in(?=$|[.,!?])|ft|foot|feet"
    r"|kg|kilos?|g|grams?|oz|ounces?|ml|cl|l|lit(?:re|er)s?|pints?|watts?|w|volts?|v|items?|pieces?|seats?|seaters?|persons?|guests?|miles?"
    r"|of (?:them|those|these)|people|percent|%|st|nd|rd|th)\b)"
)

_PATTERNS = [
    (
        re.compile(
            rf"(?<!\w)(?:between\s+|from\s+|in the\s+)?{_ONE}\s*(?:-|–|to|and)\s*{_TWO}{_COUNTED}(?P<range>\s*(?:range|budget))?",
            re.IGNORECASE,
        ),
        "range",
    ),
    (re.compile(rf"(?<!\w){_MAX}\s+(?:a |an )?{_ONE}{_COUNTED}", re.IGNORECASE), "max"),
    (re.compile(rf"(?<!\w){_MIN}\s+(?:a |an )?{_ONE}{_COUNTED}", re.IGNORECASE), "min"),
    (re.compile(rf"(?<!\w){_ONE}\s*{_OR_LESS}", re.IGNORECASE), "max"),
    (re.compile(rf"(?<!\w){_ONE}\s*{_OR_MORE}", re.IGNORECASE), "min"),
    (re.compile(rf"(?<!\w){_ABOUT}\s*(?:a |an )?{_ONE}{_COUNTED}", re.IGNORECASE), "about"),
    (re.compile(rf"(?<!\w){_ONE}(?:[- ]?ish\b|\s+or so\b)?", re.IGNORECASE), "plain"),
]
_BUDGET = re.compile(r"\b(?:budget|spend|afford|max(?:imum)?)\b[^.?!]{0,25}$", re.IGNORECASE)


def find_prices(text: str) -> Iterator[dict[str, Any]]:
    """Rasa's entities `price`, value in minor units, role min, max or about, `currency` where it is named. Ranges give two."""
    taken: list[tuple[int, int]] = []
    for pattern, kind in _PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            found = list(_entities(match, kind, text))
            if found:
                taken.append(match.span())
                yield from found


def _entities(match: re.Match[str], kind: str, text: str) -> Iterator[dict[str, Any]]:
    amounts = [amount for n in (1, 2) if f"number{n}" in match.re.groupindex and (amount := _amount(match, n))]
    named = [amount for amount in amounts if "currency" in amount]
    before = text[: match.start()]
    if kind == "range":
        # "2 and 3" or "5-10" alone are not money: a currency, or "between ... and", or "... range" makes them so.
        says_price = match.group().lower().startswith("between") or match.group("range") or _BUDGET.search(before)
        one_number = f"{match['number1']}-{match['number2']}".lower() in WORDS  # "twenty-five"
        if len(amounts) < 2 or one_number or not (named or says_price):
            return
        low, high = amounts
        low_minor = low["pence"] or (high["pence"] and "currency" not in low)
        for amount, role, pence in ((low, "min", low_minor), (high, "max", high["pence"])):
            yield _price(amount, role, pence, named)
    elif amounts:
        (amount,) = amounts
        if kind == "plain" and not named and not _BUDGET.search(before):
            return
        ish = kind == "plain" and match.group().lower().endswith(("ish", "or so"))
        role = "about" if ish or (kind == "plain" and not _BUDGET.search(before)) else "max" if kind == "plain" else kind
        yield _price(amount, role, amount["pence"], named)


def _price(amount: dict[str, Any], role: str, pence: bool, named: list[dict[str, Any]]) -> dict[str, Any]:
    value = amount["value"] // 100 if pence else amount["value"]
    found = {"entity": "price", "value": value, "role": role, "start": amount["start"], "end": amount["end"]}
    currency = amount.get("currency") or (named[0]["currency"] if named else "")
    return {**found, "currency": currency} if currency else found


def _amount(match: re.Match[str], n: int) -> dict[str, Any] | None:
    word = match[f"number{n}"].lower()
    value = _NOTES.get(word) or minor_units(word)
    if value is None:
        return None
    sign, name = match[f"sign{n}"], (match[f"name{n}"] or "").lower()
    start = match.start(f"sign{n}") if sign else match.start(f"number{n}")
    end = match.end(f"name{n}") if name else match.end(f"number{n}")
    amount: dict[str, Any] = {"value": value, "start": start, "end": end, "pence": False}
    if word in _NOTES:
        amount["currency"] = "GBP"
    if sign or name in _SIGNS:
        amount["currency"] = _SIGNS[sign or name]
    for names, pence in ((_NAMES, False), (_PENCE, True)):
        for word, currency in names.items():
            if name and re.fullmatch(word, name):
                amount.update(currency=currency, pence=pence)
    return amount
