"""Plain HTML forms, and paths that lead nowhere else."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from fastapi import Request

from console.problems import Refusal

MAX_FIELDS = 60
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


async def form(request: Request) -> dict[str, str]:
    """The fields of an urlencoded form, the first of each name, trimmed and without control characters. Raises Refusal."""
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Refusal(422, "This is not a form we know.") from None
    return {name: tidy(value) for name, value in reversed(pairs)}


def tidy(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def inside(path: str, home: str) -> str:
    """The path when it lies within the console, else its front page."""
    ours = path.startswith(home + "/") and path.isprintable() and "\\" not in path and ".." not in path
    return path if ours and "/sign-" not in path else home + "/"
