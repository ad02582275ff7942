"""What has a shape of its own: order numbers, email addresses, postcodes, days, places in a list, quantities and the like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from bot.rasa.nlu.dates import find_dates
from bot.rasa.nlu.money import find_prices
from bot.rasa.nlu.numbers import NUMBER, ORDINALS, ordinal_meant, whole
from bot.rasa.nlu.people import find_ages, find_codes, find_invoices, find_phones, find_ratings

_ORDER = re.compile(r"(?<![A-Za-z0-9])SK[\s\-–—_.]*([A-Z0-9]{4})[\s\-–—_.]*([A-Z0-9]{4})(?![A-Za-z0-9])", re.IGNORECASE)
_INVOICE = re.compile(r"(?<![\w.£$€-])#?(\d{6})(?![\w-]|\.\d)")
_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}(?![\w-])")
_SAME = {"order_number": "SK-2345-6789", "email": "name@example.com"}
_POSTCODE = re.compile(r"(?<!\w)(GIR|[A-Z]{1,2}\d[A-Z\d]?)\s*(\d[ABD-HJLNP-UW-Z]{2})(?!\w)", re.IGNORECASE)

_THING = (
    r"one|ones|item|items|product|option|choice|pick|result|thing|suggestion|of (?:them|those|these)|order|parcel|link|card|line|two|three"
)
_NAMED_PLACE = "|".join(sorted(ORDINALS, key=len, reverse=True))
_THE = r"(?:the|teh|hte|th|thr|tha)"
_PLACE = re.compile(
    rf"(?<![\w-])(?:{_THE}\s+(?P<alone>{_NAMED_PLACE})(?=\s*(?:[.,!?;)]|$|(?:please|and|in|from|to|is|was|looks?|has|or|but|with|costs?|then|made|comes?|fits?|works?|does|do|goes|go|would|will|can|could|might|seems?|sounds?|so|for|as|at)\b))|(?P<kind>{_NAMED_PLACE})\s+(?:{_THING})\b)"
    rf"|^\s*(?P<whole>{_NAMED_PLACE})(?=\s*(?:please|pls|thanks)?[\s.!]*$)"
    rf"|(?:\b(?:number|option|no\.|item|product|nr)\s*|#\s?)(?P<numbered>\d{{1,2}}|one|two|three|four|five|six|seven|eight|nine|ten)(?![\w.,]*\d)",
    re.IGNORECASE,
)
# "The first and third", "first vs last": joined to another place.
_JOINED_PLACE = re.compile(
    rf"(?<![\w-])(?P<first>{_NAMED_PLACE})(?:\s+ones?)?\s*(?=(?:,|&|\+|and|or|with|to|from|than|vs\.?|versus)\s+(?:and\s+)?(?:the\s+)?(?P<kind>{_NAMED_PLACE})(?![\w-]))",
    re.IGNORECASE,
)
_MISTYPED_PLACE = re.compile(
    rf"(?<![\w-])(?:(?:{_THE}\s+)?(?P<kind>[a-z]{{4,8}})\s+(?:{_THING})\b|{_THE}\s+(?P<alone>[a-z]{{4,8}})(?=[\s.!?]*$))", re.IGNORECASE
)
_NOT_A_PLACE = re.compile(r"^\s*(?:of all|class|time|name|order discount|delivery|aid)", re.IGNORECASE)

# After a bare number: nothing that it would be counting or measuring.
_ALONE = r"\b(?=\s*(?:$|[.!?;)](?!\d)|,(?!\d)|please\b|instead\b|of\b|pieces\b|items\b|and\b|now\b|then\b|pls\b|thanks\b|actually\b))"
_QUANTITY = [
    re.compile(rf"(?<![\w.£$€])(?P<n>{NUMBER})\s*(?:x|×)(?![\w])", re.IGNORECASE),
    re.compile(r"(?<!\w)(?:x|×)\s?(?P<n>\d{1,4})(?![\w.])", re.IGNORECASE),
    re.compile(
        rf"(?<![\w.£$€])(?P<n>{NUMBER})\s+(?:more\s+)?(?:of|pieces?|pcs|items|units|sets|packs|copies|boxes|more|extra|each)\b",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?:quantity|qty|amount)\s*(?:of|to|:|=|is)?\s*(?P<n>{NUMBER})\b", re.IGNORECASE),
    re.compile(
        r"\b(?:add|put|pop|stick|want|need|take|buy|order|get(?: me)?|have|make (?:it|that)|change (?:it|that)? ?to"
        rf"|remove|return|send back|cancel|like)\s+(?:a\s+)?(?P<n>{NUMBER})\b"
        r"(?!\s*(?:%|percent|pounds?|quid|pence|p\b|dollars?|euros?|days?|weeks?|[£€]))",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:set|change|make|put|turn|increase|reduce|raise|lower|drop|bring|up)\b(?:(?!price|budget|address)[^.?!;]){1,60}?\s"
        rf"to\s+(?:just\s+|only\s+)?(?P<n>{NUMBER}){_ALONE}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:make|leave|keep|let'?s say|just|only)\s+(?:(?:it|that|them|those)\s+)?(?:just\s+|only\s+)?(?P<n>{NUMBER}){_ALONE}",
        re.IGNORECASE,
    ),
    re.compile(rf"(?<![\w.£$€])(?P<n>{NUMBER})\s+(?:instead|(?:rather than|not)\s+{NUMBER})\b", re.IGNORECASE),
    re.compile(r"\b(?:a\s+)?(?P<n>couple|pair|dozen)\b(?:\s+of\b)?", re.IGNORECASE),
]


def find_all(text: str) -> Iterator[dict[str, Any]]:
    """Rasa's entities in the order in which they have a right to the text: the first to take a stretch keeps it."""
    taken: list[tuple[int, int]] = []
    for find in _FINDERS:
        for entity in find(text):
            if not any(entity["start"] < end and start < entity["end"] for start, end in taken):
                taken.append((entity["start"], entity["end"]))
                yield entity


def masked(text: str) -> str:
    """The text with one and the same order number, and one and the same email address, in place of whatever it names: which letters a
    number happens to have must not decide what is meant."""
    found = [*_emails(text), *_order_numbers(text)]
    for entity in sorted(found, key=lambda e: -e["start"]):
        text = text[: entity["start"]] + _SAME[entity["entity"]] + text[entity["end"] :]
    return text


def _emails(text: str) -> Iterator[dict[str, Any]]:
    for match in _EMAIL.finditer(text):
        yield _entity("email", match.group().lower(), match)


def _order_numbers(text: str) -> Iterator[dict[str, Any]]:
    for match in _ORDER.finditer(text):
        left, right = match.group(1).upper(), match.group(2).upper()
        if any(c.isdigit() for c in left + right) or "-" in match.group():
            yield _entity("order_number", f"SK-{left}-{right}", match)
    for match in _INVOICE.finditer(text):
        yield _entity("order_number", match.group(1), match)


def _postcodes(text: str) -> Iterator[dict[str, Any]]:
    for match in _POSTCODE.finditer(text):
        yield _entity("postcode", f"{match.group(1).upper()} {match.group(2).upper()}", match)


def _ordinals(text: str) -> Iterator[dict[str, Any]]:
    for match in _PLACE.finditer(text):
        if match["numbered"]:
            yield _entity("ordinal", whole(match["numbered"]), match)
        else:
            group = next(name for name in ("alone", "kind", "whole") if match[name])
            if not _NOT_A_PLACE.match(text[match.end(group) :]):
                yield _entity("ordinal", ORDINALS[match[group].lower()], match, group)
    for match in _JOINED_PLACE.finditer(text):
        if not _NOT_A_PLACE.match(text[match.end("kind") :]):
            yield from (_entity("ordinal", ORDINALS[match[group].lower()], match, group) for group in ("first", "kind"))
    for match in _MISTYPED_PLACE.finditer(text):  # "the secnd one"
        group = "kind" if match["kind"] else "alone"
        place = ordinal_meant(match[group].lower())
        if place is not None and not _NOT_A_PLACE.match(text[match.end(group) :]):
            yield _entity("ordinal", place, match, group)


def _quantities(text: str) -> Iterator[dict[str, Any]]:
    for pattern in _QUANTITY:
        for match in pattern.finditer(text):
            yield _entity("quantity", whole(match["n"]), match, "n")


def _entity(name: str, value: Any, match: re.Match[str], group: str | int = 0) -> dict[str, Any]:
    return {"entity": name, "value": value, "start": match.start(group), "end": match.end(group)}


_FINDERS: tuple[Callable[[str], Iterator[dict[str, Any]]], ...] = (
    *(_emails, find_invoices, find_phones, _order_numbers, find_codes, _postcodes, find_ratings, find_dates),
    *(find_prices, _ordinals, _quantities, find_ages),
)
