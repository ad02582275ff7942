"""Takes personal data out of a message that is to be kept for good: as an example for the bot, or in a test."""

from __future__ import annotations

import re
from collections.abc import Iterable

from shop.models import Customer

ORDER, EMAIL, PHONE, CARD = "SK-7Q2M-X9KD", "ada.wren@example.com", "07700 900123", "4111 1111 1111 1111"
POSTCODE, LINK, NAME, STREET, CITY = "YO1 7HH", "https://example.com", "Ada", "1 Old Road", "York"

# What looks like several things is the first of them. The values are made up, so that a text stays an example of its kind.
_PATTERNS = {
    LINK: r"(?i:https?://\S+|\bwww\.\S+)",
    EMAIL: r"[^\s@<>,;]+@[^\s@<>,;]+\.\w+",
    ORDER: r"(?i:\bSK-?[A-Z0-9]{4}-?[A-Z0-9]{4}\b)",
    CARD: r"\b\d(?:[ -]?\d){12,18}\b",
    PHONE: r"(?<![\w£$€.])\+?\(?\d(?:[ ()./-]{0,2}\d){8,13}\b",
    POSTCODE: r"(?i:\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b)",
    STREET: r"(?i:\b\d{1,4}[a-z]? (?:[a-z]+ ){1,3}(?:street|st|road|rd|lane|avenue|ave|close|drive|way|court|place|square)\b)",
    NAME: r"(?i:(?<=\bmy name is )\w+|(?<=\bi am called )\w+)(?: [A-Z][a-z]+)?",
}
_ANY = re.compile("|".join(f"({pattern})" for pattern in _PATTERNS.values()))
_STAND_INS = tuple(_PATTERNS)


def redact(text: str, known: Iterable[tuple[str, str]] = ()) -> str:
    """The text with made-up values in place of emails, order, telephone and card numbers, postcodes, streets and names. `known`: further
    words of this customer, each with what stands for it."""
    return _ANY.sub(lambda found: _STAND_INS[(found.lastindex or 1) - 1], replaced(text, known))


def replaced(text: str, known: Iterable[tuple[str, str]]) -> str:
    """The text with each of those words (of three letters or more, in whatever case) replaced by what stands for it."""
    for word, stand_in in sorted(known, key=lambda pair: -len(pair[0])):
        if len(word) >= 3:
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _, value=stand_in: value, text, flags=re.IGNORECASE)
    return text


def words_of(customer: Customer) -> list[tuple[str, str]]:
    """What the shop knows of a customer and must not stay in a text, each with what stands for it."""
    address = customer.address or {}
    names = [part for name in (customer.name, address.get("name") or "") for part in (name, *name.split())]
    found = [(name, NAME) for name in names]
    found += [(address.get("line1") or "", STREET), (address.get("line2") or "", STREET), (address.get("city") or "", CITY)]
    found += [(address.get("postcode") or "", POSTCODE), (customer.email or "", EMAIL), (customer.external_id or "", "customer")]
    return [(word.strip(), stand_in) for word, stand_in in found if word and word.strip() and word.strip() != stand_in]
