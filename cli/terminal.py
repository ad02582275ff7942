"""Showing other people's words in a terminal."""

from __future__ import annotations

import unicodedata

from rich.text import Text

ALLOWED = "\n\t"


def plain(text: object, style: str = "") -> Text:
    """The text as it is: no markup of it is followed, and what could command the terminal (escape codes, direction marks) is left out."""
    kept = "".join(char for char in str(text) if char in ALLOWED or unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
    return Text(kept, style=style)
