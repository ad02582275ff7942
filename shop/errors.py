"""What the shop refuses, in a form that callers can turn into their own words."""

from __future__ import annotations

from typing import Any


class ShopError(Exception):
    """An expected refusal. `code` says which (e.g. `out_of_stock`), `fields` with which values (e.g. `available=3`).

    Raising it undoes the transaction it is raised in. It is an answer, not a fault: nothing is wrong with the program.
    """

    def __init__(self, code: str, **fields: Any) -> None:
        super().__init__(code, fields)
        self.code = code
        self.fields = fields

    def __str__(self) -> str:
        return self.code + "".join(f", {name}={value!r}" for name, value in self.fields.items())
