"""Numbers that customers read out: random, short, hard to mistake."""

from __future__ import annotations

import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_MISREAD = str.maketrans("ILO", "110")
_OURS = re.compile(r"(SK|RT|CS)([0-9A-Z]{4})([0-9A-Z]{4})")


def new_number(prefix: str = "SK") -> str:
    """SK-XXXX-XXXX with 40 random bits. Orders begin with SK, returns with RT, cases with CS."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{prefix}-{body[:4]}-{body[4:]}"


def normalise(number: str) -> str:
    """The number as it is stored, whatever its case, spaces and dashes: "sk 7q2m x9kd" -> "SK-7Q2M-X9KD".

    A letter that the alphabet lacks is read as the digit it looks like. Numbers of other shops (imported orders) are only upper-cased
    and stripped, at most 40 characters long.
    """
    plain = "".join(c for c in number.upper() if c.isascii() and (c.isalnum() or c in "-_#/.")).lstrip("#")
    ours = _OURS.fullmatch(re.sub(r"[-_./#]", "", plain))
    if ours is None:
        return plain[:40]
    prefix, first, second = ours.groups()
    return f"{prefix}-{first.translate(_MISREAD)}-{second.translate(_MISREAD)}"
