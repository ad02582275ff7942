"""The filter language of conversations: text to a tree.

`arrived "in pieces" intent:report_damaged confidence<0.5 (channel:web OR state:open) -fallback:yes date>=2026-11-01`

Terms stand side by side or with AND; OR binds less; NOT or a minus turns one round; brackets group. A word or a phrase in quotation
marks is looked for in what was said, `candl*` by its beginning. Each condition holds for a conversation when any of its messages fulfils
it; `message(...)` asks for one message that fulfils all of what stands in the brackets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lark import Lark, Token, Transformer, UnexpectedInput, v_args

MAX_CHARS = 2000
GRAMMAR = r"""
    ?start: any
    ?any: all ("OR"i all)*
    ?all: one ("AND"i? one)*
    ?one: ("NOT"i | "-") one -> negation
        | _MESSAGE any ")" -> message
        | "(" any ")"
        | FIELD OPERATOR (PHRASE | VALUE | SIGNED) -> condition
        | PHRASE -> words
        | VALUE -> words
    _MESSAGE.4: /message\s*\(/i
    FIELD.3: /[a-z_]+(?=(:|<=?|>=?))/i
    OPERATOR.3: ":" | "<=" | ">=" | "<" | ">"
    PHRASE.2: /"(?:[^"\\]|\\.)*"/
    VALUE: /(?!(?:OR|AND|NOT)(?![^\s()]))[^\s()"<>:-][^\s()"]*/i
    SIGNED: /-[^\s()"]+/
    %ignore /\s+/
"""


class BadFilter(ValueError):
    """What is wrong with the filter, in words for the person who typed it."""


@dataclass(frozen=True)
class Condition:
    """A field compared with a value. `operator`: `:` (is), `<`, `<=`, `>`, `>=`; the field of plain words is `text`."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True)
class Not:
    term: Term


@dataclass(frozen=True)
class And:
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Or:
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Message:
    """One message fulfils all of the term."""

    term: Term


Term = Condition | Not | And | Or | Message


def parse(text: str) -> Term | None:
    """The tree of a filter; None for an empty one, which every conversation passes. Raises BadFilter."""
    if len(text) > MAX_CHARS:
        raise BadFilter(f"the filter is longer than {MAX_CHARS} characters")
    if not text.strip():
        return None
    try:
        return _Tree().transform(_parser().parse(text))
    except UnexpectedInput as error:
        at = error.pos_in_stream
        ended = getattr(getattr(error, "token", None), "type", "") == "$END" or at is None
        rest = "its end" if ended else repr(text[at : at + 20])
        raise BadFilter(f"the filter cannot be read at {rest}; put what holds spaces or signs into quotation marks") from None


def quoted(value: str) -> str:
    """The value as it stands in a filter."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr")


@v_args(inline=True)
class _Tree(Transformer):
    def any(self, *terms: Term) -> Term:
        return Or(terms)

    def all(self, *terms: Term) -> Term:
        return And(terms)

    def negation(self, term: Term) -> Term:
        return Not(term)

    def message(self, term: Term) -> Term:
        return Message(term)

    def condition(self, field: Token, operator: Token, value: Token) -> Term:
        return Condition(field.lower(), str(operator), _plain(value))

    def words(self, value: Token) -> Term:
        return Condition("text", ":", _plain(value))


def _plain(token: Token) -> str:
    if token.type != "PHRASE":
        return str(token)
    inner = token[1:-1]
    return "".join(part.replace("\\", "") or "\\" for part in inner.split("\\\\")) if "\\" in inner else inner
