"""Text from outside, made fit to store."""

from __future__ import annotations

import unicodedata


def clean(text: str | None, limit: int) -> str:
    """One line of NFC text without control characters (PostgreSQL refuses NUL, a browser obeys others), at most `limit` long."""
    if not text:
        return ""
    plain = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", text))
    return " ".join(plain.split())[:limit].rstrip()
