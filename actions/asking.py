"""From what the customer said to a question for the recommender. Wishes are plain dictionaries, because slots hold JSON:
the fields of `recommender.contract.Constraints` with lists in place of tuples."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from zlib import crc32

from actions import critiques
from actions.turn import Turn
from actions.wording import OUTERMOST
from recommender.contract import Ask, Constraints

FIELDS = {"category": "categories", "brand": "brands", "colour": "colours", "material": "materials", "size": "sizes"}
ABOUT = 0.2  # "around 20 pounds" is 16 to 24
EXCLUSIVE = re.compile(r"\b(under|below|less than|cheaper than|over|above|more than)\b[^\d]*[\d.,]+\D*$", re.IGNORECASE)
RULED_OUT = re.compile(
    r"(?:(?:oh|ah|ok(?:ay)?|h+m+|well|but|sorry|actually|please)[,.]*\s+)*(?:not?|without|nothing|never|except|anything but)\b",
    re.IGNORECASE,
)
SOUGHT = re.compile(r"\b(?:something|instead|rather|show|want|need|look(?:ing)? for|find|prefer|what about|how about)\b", re.IGNORECASE)
NO_CONSTRAINTS = {"critiques", "by_price"}  # wishes about the order of what is found
Wishes = dict[str, Any]


def wishes(entities: list[dict[str, Any]], text: str = "") -> Wishes:
    """What a message asks for: `{"colours": ["Blue"], "not_materials": ["Wool"], "price_max": 2000, "critiques": ["less formal"]}`.

    With the message's `text`, "under 20" leaves 20 itself out; "up to 20" does not.
    """
    found: Wishes = {}
    for entity in entities:
        kind, value, role = entity["entity"], entity["value"], entity.get("role")
        if kind in FIELDS:
            # A size cannot be unwanted: "not large" is answered by the sizes that are left.
            field = f"not_{FIELDS[kind]}" if role == "not" else FIELDS[kind]
            if field != "not_sizes" and value not in found.setdefault(field, []):
                found[field].append(value)
        elif kind == "price":
            found |= _price(int(value), role, exclusive=bool(EXCLUSIVE.search(text[: entity.get("end", 0)])))
    if criticised := critiques.phrases(text):
        found["critiques"] = criticised
    if outermost := re.search(OUTERMOST, text, re.IGNORECASE):
        found["by_price"] = "rising" if outermost["cheapest"] else "falling"
    return found


_KIND = r"colours?|colors?|sizes?|materials?|brands?|price|budget"
_DROPPED = re.compile(
    r"\b(?:any|whatever|no matter (?:the|which|what)|forget(?: about)? the|never ?mind(?: about)? the|regardless of|drop the|ignore the"
    rf"|don'?t (?:care|mind)(?: about)?(?: the| which| what)?)\s+(?P<before>{_KIND})\b"
    rf"|\b(?P<after>{_KIND})\b[^.?!]{{0,12}}\b(?:does ?n[o']?t matter|is not important|is open)",
    re.IGNORECASE,
)
_DROPS = {"color": "colour", "budget": "price"}


def dropped(text: str) -> set[str]:
    """The fields of wishes that the customer gives up: "any colour will do"."""
    fields: set[str] = set()
    for match in _DROPPED.finditer(text.replace("\u2019", "'")):
        name = (match["before"] or match["after"]).casefold().rstrip("s")
        name = _DROPS.get(name, name)
        fields |= {"price_min", "price_max"} if name == "price" else {f"{name}s"}
    return fields


def contradiction(some: Wishes) -> str | None:
    """What in the wishes of one message rules itself out: "price", or the value both wanted and unwanted; None when they go together."""
    if some.get("price_min") is not None and some.get("price_max") is not None and some["price_min"] > some["price_max"]:
        return "price"
    both = (value for field in FIELDS.values() for value in some.get(field, ()) if value in some.get(f"not_{field}", ()))
    return next(both, None)


def averse_to(turn: Turn, some: Wishes) -> dict[str, list[str]]:
    """Of the wishes, by field, what the customer has said never to want: in this conversation, or before."""
    base, never = turn.wanting.constraints, turn.slot("never") or {}
    clashing: dict[str, list[str]] = {}
    for field in ("categories", "brands", "colours", "materials"):
        unwanted = {value.casefold() for value in (*getattr(base, f"not_{field}"), *never.get(f"not_{field}", ()))}
        if values := [value for value in some.get(field, ()) if value.casefold() in unwanted]:
            clashing[field] = values
    return clashing


def wishes_of(turn: Turn) -> Wishes:
    return wishes(turn.entities, turn.text)


def only_rules_out(turn: Turn) -> bool:
    """ "Hm, not the planters, he has loads": nothing is looked for, something of the last list is not wanted."""
    some = wishes_of(turn)
    return (
        bool(some) and all(name.startswith("not_") for name in some) and bool(RULED_OUT.match(turn.text)) and not SOUGHT.search(turn.text)
    )


def _price(minor: int, role: str | None, exclusive: bool) -> Wishes:
    if role == "min":
        return {"price_min": minor + exclusive}
    if role == "about":
        return {"price_min": round(minor * (1 - ABOUT)), "price_max": round(minor * (1 + ABOUT))}
    return {"price_max": minor - exclusive}


def refined(old: Wishes, new: Wishes) -> Wishes:
    """The newer wish about a thing replaces the older; what is unwanted adds up, until it is wanted again."""
    result = dict(old)
    if "price_max" in new or "price_min" in new:
        result.pop("price_max", None)
        result.pop("price_min", None)
    for field, value in new.items():
        if field.startswith("not_"):
            plain = field.removeprefix("not_")
            result[field] = [*result.get(field, []), *(v for v in value if v not in result.get(field, []))]
            result[plain] = [v for v in result.get(plain, []) if v not in value]
        elif isinstance(value, list):
            result[field] = value
            result[f"not_{field}"] = [v for v in result.get(f"not_{field}", []) if v not in value]
        else:
            result[field] = value
    return {field: value for field, value in result.items() if value not in (None, [])}


def constrained(base: Constraints, *several: Wishes) -> Constraints:
    """`base` (what the profile rules out) narrowed by wishes. An aversion gives way only to the customer asking for that very thing."""
    merged: dict[str, Any] = {}
    for some in several:
        merged = refined(merged, some)
    changes: dict[str, Any] = {field: tuple(v) if isinstance(v, list) else v for field, v in merged.items() if field not in NO_CONSTRAINTS}
    changes["not_items"] = base.not_items | frozenset(merged.get("not_items", []))
    for kind in ("categories", "brands", "colours", "materials"):
        wanted = {v.casefold() for v in merged.get(kind, [])}
        unwanted = [*getattr(base, f"not_{kind}"), *merged.get(f"not_{kind}", [])]
        changes[f"not_{kind}"] = tuple(dict.fromkeys(v for v in unwanted if v.casefold() not in wanted))
    return replace(base, **changes)


def ask(turn: Turn, some: Wishes, *, text: str = "", like: int | None = None, n: int, exclude_bought: bool = False) -> Ask:
    """The customer's history and aversions, this conversation's aversions, and what is asked and criticised now."""
    base = turn.wanting
    criticised = some.get("critiques", [])
    constraints = constrained(base.constraints, turn.slot("never") or {}, _sized(turn, some))
    return replace(
        base,
        n=n,
        text=text,
        like=() if like is None else (like,),
        constraints=constraints,
        exclude_bought=exclude_bought,
        critiques=critiques.as_directions(criticised),
        explore=crc32(turn.conversation_id.encode()),
    )


def _sized(turn: Turn, some: Wishes) -> Wishes:
    """ "Bigger" than the product in question, or the first of those shown: in one of the sizes beyond its own."""
    seen = [product["id"] for product in turn.slot("shown") or []]
    about = turn.slot("focus") or (seen[0] if seen else None)
    sizes = beyond(turn, some, about) if about is not None and "sizes" not in some else None
    return {**some, "sizes": list(sizes)} if sizes else some


def beyond(turn: Turn, some: Wishes, product_id: int) -> tuple[str, ...] | None:
    """The sizes larger or smaller than the product's, where the wishes say one of the two; else None."""
    way = next((phrase for phrase in some.get("critiques", ()) if phrase in ("larger", "smaller")), None)
    return None if way is None else turn.recommender.sizes_beyond(product_id, way == "larger")


def query_text(turn: Turn) -> str:
    """The message without prices and without what is unwanted: these are constraints, and as search words they would mislead."""
    text = turn.text_without(entity for entity in turn.entities if entity["entity"] == "price" or entity.get("role") == "not")
    return " ".join(text.split())
