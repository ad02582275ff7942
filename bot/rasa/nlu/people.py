"""What belongs to a person: telephone numbers and the name somebody gives, and what they write in forms: codes, invoices, ratings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, format_number

from bot.rasa.nlu.numbers import NUMBER, whole

REGION = "GB"  # whose national form of a telephone number is meant
_DIGITS = re.compile(r"\d(?:[\s().-]*\d){8,}")
_CAPITAL = r"(?:(?:Mc|Mac|O['’]|D['’])?[A-Z][a-zà-ÿ]+(?:-[A-Z][a-zà-ÿ]+)?)"
_TITLE = r"(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?"
_FULL = rf"(?:{_TITLE}\s+)?{_CAPITAL}(?:\s+(?:van|de|von|der|bin|al|la|di|{_CAPITAL})){{0,3}}"
_INTRODUCED = (
    r"my (?:full )?name(?:['’]s| is)|name(?:['’]s| is|:)|i am called|i['’]?m called|call me|this is|it['’]s|i am|i['’]m"
    r"|addressed? (?:it )?to|made? (?:it )?out to|parcel is for|it should be|attention of|surname is"
)
_NAMED = re.compile(rf"(?:\b(?i:{_INTRODUCED})\s+)(?P<name>{_FULL})(?![\w'’-])")
_SAID = re.compile(
    r"\b(?:my (?:full )?name(?:['’]s| is)|i am called|i['’]?m called|call me)\s+(?P<name>[a-zà-ÿ'’-]{2,20}(?:\s+[a-zà-ÿ'’-]{2,20}){0,2})",
    re.IGNORECASE,
)
_WITH_TITLE = re.compile(rf"(?<!\w)(?P<name>{_TITLE}\s+{_CAPITAL}(?:\s+{_CAPITAL}){{0,2}})(?!\w)")
_BEFORE_AN_ADDRESS = re.compile(rf"^\s*(?P<name>{_CAPITAL}\s+{_CAPITAL}(?:\s+{_CAPITAL})?),\s*\d")
_NO_NAME = set(
    """the a an not on in at from just looking after so very sorry still here back interested about my your wrong right good great nice
    broken damaged late missing for with too and but or that this me please now where when what how i it is""".split()  # noqa: SIM905
)

_CODE_WORD = r"(?:(?:promo(?:tion(?:al)?)?|discount|voucher|coupon|offer)(?:\s+code)?|code)"
_CODE = re.compile(
    rf"\b(?i:{_CODE_WORD})\s*(?::|,|-|(?i:is|was|of|called))?\s*[\"'“]?(?P<code>(?=[A-Za-z-]*\d)[A-Za-z][A-Za-z0-9-]{{2,19}}|[A-Z][A-Z0-9-]{{3,19}})\b"
)
_CODE_APPLIED = re.compile(
    r"\b(?i:apply|use|enter|redeem|add)\s+(?:(?i:the|my|this)\s+)?(?:(?i:code)\s+)?(?P<code>[A-Z][A-Z-]{1,16}\d{1,4})\b"
)
_CODE_ALONE = re.compile(r"^\s*(?P<code>[A-Z]{3,16}-?\d{1,4})\s*[.!]?\s*$")
_INVOICE = re.compile(
    r"\b(?:(?P<marked>INV[-\s]?\d{3,10})|(?i:invoice)s?\s*(?i:number|no\.?|nr\.?|id|#|:)?\s*#?\s*(?P<number>\d{4}-\d{3,8}|\d{4,10}|[A-Z]{1,4}-?\d{3,10}))(?![\w-])"
)
_AGE = re.compile(rf"(?<![\w-])(?P<n>{NUMBER})[\s-]*(?:years?|yrs?|yr)[\s-]*olds?\b", re.IGNORECASE)
_STARS = re.compile(
    r"(?<![\w.£$€])(?P<n>[1-5]|one|two|three|four|five)(?:\s*(?:-\s*)?stars?\b|\s*(?:out of|/)\s*(?:5|five)\b(?!/))", re.IGNORECASE
)
_RATED = re.compile(r"\b(?:rating|rate it|i rate (?:it|this)|score)\s*(?:is|of|:|=|at)?\s*(?P<n>[1-5])\b(?!\s*/)", re.IGNORECASE)


def find_phones(text: str) -> Iterator[dict[str, Any]]:
    """Entities `phone`, value in E.164. National numbers are read as of REGION."""
    if not _DIGITS.search(text):
        return
    for match in PhoneNumberMatcher(text, REGION, leniency=Leniency.POSSIBLE):
        if sum(c.isdigit() for c in match.raw_string) >= 9 and match.raw_string.lstrip("(")[:1] in "0+":
            yield {
                "entity": "phone",
                "value": format_number(match.number, PhoneNumberFormat.E164),
                "start": match.start,
                "end": match.end,
            }


def find_persons(text: str) -> Iterator[dict[str, Any]]:
    """Entities `person`: names that are introduced as such ("my name is ...", "Mr ..."), as they are written."""
    for pattern in (_NAMED, _SAID, _WITH_TITLE, _BEFORE_AN_ADDRESS):
        for match in pattern.finditer(text):
            start, name = match.start("name"), match["name"]
            words = name.split()
            if pattern is _SAID:
                kept = next((k for k, word in enumerate(words) if word.lower() in _NO_NAME), len(words))
                name = " ".join(words[:kept])
                if not kept or not text[start:].startswith(name):
                    continue
            elif words[0].lower() in _NO_NAME:
                continue
            yield {"entity": "person", "value": name, "start": start, "end": start + len(name)}


def find_ages(text: str) -> Iterator[dict[str, Any]]:
    """Entities `recipient` where a present is for somebody of an age: "my three year old"."""
    for match in _AGE.finditer(text):
        value = "child" if whole(match["n"]) < 18 else "adult"
        yield {"entity": "recipient", "value": value, "start": match.start(), "end": match.end()}


def find_codes(text: str) -> Iterator[dict[str, Any]]:
    """Entities `promo_code`, upper case."""
    for pattern in (_CODE, _CODE_APPLIED, _CODE_ALONE):
        for match in pattern.finditer(text):
            code = match["code"].rstrip("-")
            yield {"entity": "promo_code", "value": code.upper(), "start": match.start("code"), "end": match.start("code") + len(code)}


def find_invoices(text: str) -> Iterator[dict[str, Any]]:
    """Entities `invoice_number`, tidied."""
    for match in _INVOICE.finditer(text):
        group = "marked" if match["marked"] else "number"
        value = re.sub(r"\s+", "-", match[group]).upper()
        yield {"entity": "invoice_number", "value": value, "start": match.start(group), "end": match.end(group)}


def find_ratings(text: str) -> Iterator[dict[str, Any]]:
    """Entities `rating`, int from 1 to 5."""
    for match in _STARS.finditer(text):
        yield {"entity": "rating", "value": whole(match["n"]), "start": match.start(), "end": match.end()}
    for match in _RATED.finditer(text):
        yield {"entity": "rating", "value": int(match["n"]), "start": match.start("n"), "end": match.end("n")}
