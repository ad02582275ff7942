"""Forms, by WTForms: read and checked in one place; and paths that lead nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import ImmutableMultiDict
from wtforms import Field, Form
from wtforms.validators import InputRequired, Length
from wtforms.widgets import HiddenInput

from console.problems import Refusal, say
from shop.errors import ShopError
from shop.staff import LONGEST_PASSWORD, SHORTEST_PASSWORD

MAX_FIELDS = 60
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ID = re.compile(r"[0-9]{1,18}")
F = TypeVar("F", bound=Form)


async def form(request: Request) -> dict[str, str]:
    """The fields of an urlencoded form, the first of each name, trimmed and without control characters. Raises Refusal."""
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Refusal(422, "This is not a form we know.") from None
    return {name: tidy(value) for name, value in reversed(pairs)}


async def filled(request: Request, kind: type[F]) -> F:
    """The form with what was sent in it; `validate` says whether it is right, `errors` stand beside its fields."""
    return of(await form(request), kind)


def of(given: Mapping[str, str], kind: type[F]) -> F:
    return kind(ImmutableMultiDict(given))


def checked(given: Mapping[str, str], kind: type[F]) -> F:
    """For what a script sends: it has one place to show what is wrong. Raises Refusal with the first problem."""
    found = of(given, kind)
    if not found.validate():
        raise Refusal(422, next(iter(found.errors.values()))[0])
    return found


def required(name: str, most: int, least: int = 1) -> list:
    """Validators of a text: `name` begins the sentence that says what is wrong with it."""
    words = f"{name} has {least} to {most} characters."
    return [InputRequired(words), Length(least, most, words)]


NEW_PASSWORD = required("A password", LONGEST_PASSWORD, SHORTEST_PASSWORD)


class IdField(Field):
    """A row's number; None where none was sent. Anything else is `wrong`."""

    widget = HiddenInput()

    def __init__(self, *args: Any, wrong: str = "There is no such thing.", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wrong = wrong

    def process_formdata(self, values: list[str]) -> None:
        self.data = self.number(values[0]) if values and values[0] else None

    def number(self, text: str) -> int:
        if not _ID.fullmatch(text):
            raise ValueError(self.wrong)
        return int(text)


class IdsField(IdField):
    """Numbers of rows, with commas between them."""

    def process_formdata(self, values: list[str]) -> None:
        self.data = [self.number(part.strip()) for part in values[0].split(",")] if values and values[0] else []


def blame(found: Form, field: str, error: ShopError) -> None:
    """Puts what the shop's rules object to beside a field."""
    found[field].errors = [*found[field].errors, say(error)]


def tidy(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def inside(path: str, home: str) -> str:
    """The path when it lies within the console, else its front page."""
    ours = path.startswith(home + "/") and path.isprintable() and "\\" not in path and ".." not in path
    return path if ours and "/sign-" not in path else home + "/"
