"""Showing other people's words in a terminal, and leaving with a sentence about what went wrong."""

from __future__ import annotations

import unicodedata
from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

ALLOWED = "\n\t"


def plain(text: object, style: str = "") -> Text:
    """The text as it is: no markup of it is followed, and what could command the terminal (escape codes, direction marks) is left out."""
    kept = "".join(char for char in str(text) if char in ALLOWED or unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
    return Text(kept, style=style)


def fail(problem: object) -> NoReturn:
    """Ends the command with this sentence on standard error and exit code 1."""
    Console(stderr=True).print(plain(problem), style="red", soft_wrap=True)
    raise typer.Exit(1)
