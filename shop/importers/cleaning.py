"""One value of a foreign file at a time: text in, a clean value out. Nothing here knows of rows or tables."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import nh3
from babel import Locale
from dateutil import parser as dates
from email_validator import EmailNotValidError, validate_email

from shop import money
from shop.text import clean

FORMULA = re.compile(r"^[=+@\-\t\r](?=\s*[A-Za-z(\"'=+@\-])")
BLOCKS = re.compile(r"(?i)<(?:/p|br\s*/?|/li|/div|/h\d|/tr)\s*>")
ISO = re.compile(r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?$")
COUNTRIES = {
    "eire": "Ireland",
    "rsa": "South Africa",
    "usa": "United States",
    "us": "United States",
    "uk": "United Kingdom",
    "gb": "United Kingdom",
    "england": "United Kingdom",
    "scotland": "United Kingdom",
    "wales": "United Kingdom",
    "great britain": "United Kingdom",
    "czech republic": "Czechia",
    "holland": "Netherlands",
    "uae": "United Arab Emirates",
    "unspecified": "",
    "european community": "",
    "channel islands": "Channel Islands",
    "hong kong": "Hong Kong",
    "n/a": "",
    "unknown": "",
}


def text(value: str, limit: int = 300) -> str:
    """One line, NFC, no control characters. A leading =, +, - or @ that would start a formula in a spreadsheet is taken off."""
    line = clean(value, limit)
    while FORMULA.match(line):
        line = line[1:].lstrip()
    return line


def is_formula(value: str) -> bool:
    return bool(FORMULA.match(value.strip(" \n")))


def plain(value: str, limit: int = 20_000) -> str:
    """HTML to plain text: scripts and markup go, the ends of blocks become blanks, entities become characters."""
    if "<" not in value and "&" not in value:
        return text(value, limit)
    stripped = html.unescape(nh3.clean(BLOCKS.sub(" ", value), tags=set()))
    return text(stripped, limit)


@lru_cache(maxsize=65536)
def amount(value: str, currency: str) -> int | None:
    """A price in minor units; None where there is none."""
    return money.parse_minor(value, currency) if value.strip() else None


@lru_cache(maxsize=65536)
def whole(value: str) -> int | None:
    """ "6", "6.0" and "1,200" are numbers of things; "6.5" and "six" are not."""
    plain_value = value.strip().replace(",", "")
    match = re.fullmatch(r"(-?\d{1,12})(?:\.0+)?", plain_value)
    return int(match[1]) if match else None


@lru_cache(maxsize=65536)
def moment(value: str, zone: str, day_first: bool = True) -> datetime | None:
    """An aware UTC time; None where it is no time at all. A time without a zone is taken as local to `zone` (IANA name).

    Where day and month could be either, the day comes first, as in Europe, unless `day_first` is False. ISO order is never ambiguous.
    """
    value = value.strip()
    try:
        found = (
            datetime.fromisoformat(value) if ISO.match(value) else dates.parse(value, dayfirst=day_first and not re.match(r"\d{4}-", value))
        )
    except (ValueError, OverflowError, TypeError):
        return None
    if not 1970 <= found.year <= 2100:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


@lru_cache(maxsize=1024)
def country(value: str) -> str:
    """An English country name from a name, a nickname or an ISO code ("EIRE", "IE" -> "Ireland"); "" for none."""
    name = text(value, 100)
    if name.casefold() in COUNTRIES:
        return COUNTRIES[name.casefold()]
    territories = Locale("en").territories
    if len(name) == 2 and name.upper() in territories:
        return territories[name.upper()]
    return next((known for known in territories.values() if known.casefold() == name.casefold()), name)


@lru_cache(maxsize=65536)
def email(value: str) -> str | None:
    """Lower-cased; None where it is no address. Nothing is looked up."""
    try:
        return validate_email(text(value, 320), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        return None


@lru_cache(maxsize=65536)
def identifier(value: str) -> str:
    """An id as text: the ".0" that a spreadsheet adds to a number and the apostrophe that it hides numbers behind come off."""
    return re.sub(r"^(\d+)\.0+$", r"\1", text(value, 120).lstrip("'"))


def yes(value: str) -> bool | None:
    plain_value = value.strip().casefold()
    if plain_value in ("yes", "true", "1", "y", "subscribed"):
        return True
    return False if plain_value in ("no", "false", "0", "n", "unsubscribed") else None
