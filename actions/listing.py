"""Lists of products: asked for, shown, remembered, so that "the second one", "cheaper" and "more" mean something in the next message."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rasa_sdk.events import SlotSet

from actions import asking, pointing, speaking, wording
from actions.turn import Events, Turn
from recommender.contract import Answer, Ask, Recommendation
from shop import catalogue
from shop.models import Product


def presents(turn: Turn, ask: Ask) -> Answer:
    """What the words about the other name comes first, then what suits their meaning; rather all by meaning than beyond the budget."""
    named, near = turn.recommender.search(ask), turn.recommender.recommend(ask)
    if named.relaxed or not named.items:
        return near if near.items and not (near.relaxed and named.items) else named
    taken = set(pointing.articles(turn, [item.item for item in named.items]))
    return replace(named, items=[*named.items, *(item for item in near.items if item.item not in taken)][: ask.n])


# How a list came about -> what finds it and its response.
KINDS: dict[str, tuple[Callable[[Turn, Ask], Answer], str]] = {
    "search": (lambda turn, ask: turn.recommender.search(ask), "utter_found"),
    "recommend": (lambda turn, ask: turn.recommender.recommend(ask), "utter_recommended"),
    "gift": (presents, "utter_gifts_for"),
    "similar": (lambda turn, ask: turn.recommender.similar(ask), "utter_similar"),
    "complement": (lambda turn, ask: turn.recommender.complements(ask), "utter_complements"),
}

# How many are put in order for "the cheapest": of a kind that is named, or of everything, nearly all; else what comes closest to the words.
OF_A_KIND, ALIKE = 500, 12

TITLED = {"title", "spelling"}  # what a search finds a thing by,
LITERAL = TITLED | {"words"}  # and anything else, but for the meaning

GIVEN_UP = {
    "size": "in any size",
    "material": "in any material",
    "brand": "of any brand",
    "colour": "in any colour",
    "price": "at any price",
    "stock": "out of stock just now",
    "category": "of any kind",
}


def find(turn: Turn, kind: str, wishes: asking.Wishes, *, query: str = "", like: int | None = None, page: int = 0) -> Answer:
    """The recommender's answer, cut to the page. Ranking is deterministic, so a page is a slice of a longer answer."""
    n = turn.settings.recommendations_shown
    best = n * (page + 1)
    if wishes.get("by_price"):
        best = OF_A_KIND if wishes.get("categories") or not query else ALIKE
    ask = asking.ask(turn, wishes, text=query, like=like, n=best, exclude_bought=kind in ("recommend", "complement"))
    answer = KINDS[kind][0](turn, ask)
    items = by_price(turn, list(answer.items), wishes["by_price"]) if wishes.get("by_price") else list(answer.items)
    return replace(answer, items=items[n * page : n * (page + 1)])


def by_price(turn: Turn, items: list[Recommendation], way: str) -> list[Recommendation]:
    """Cheapest first (`rising`) or dearest first (`falling`); of the same price, the better first."""
    with turn.store.read() as session:
        price = {product.id: product.price_minor for product in catalogue.products(session, [item.item for item in items])}
    sign = 1 if way == "rising" else -1
    return sorted((item for item in items if item.item in price), key=lambda item: sign * price[item.item])


def show(
    turn: Turn,
    answer: Answer,
    kind: str,
    wishes: asking.Wishes,
    *,
    query: str = "",
    like: int | None = None,
    page: int = 0,
    response: str | None = None,
    **values: Any,
) -> Events:
    """Says the list with its cards and remembers it. An empty list says so."""
    if not answer.items:
        turn.say("utter_not_found")
        return remembered([], kind, wishes, query, like, page)
    cards = cards_of(turn, answer.items, f"chat_{kind}")
    turn.say(response or response_for(answer, kind, len(cards), query), {"products": cards}, **values)
    if others := reliefs(turn, answer):
        turn.say("utter_relief", others=others)
    return remembered(cards, kind, wishes, query, like, page)


def reliefs(turn: Turn, answer: Answer) -> str:
    """What giving up one wish or another would bring, when there is a choice: "in any colour: 3, such as ..."."""
    if len(answer.relief) < 2:
        return ""
    with turn.store.read() as session:
        best = {product.id: product for product in catalogue.products(session, [relief.best for relief in answer.relief])}
    told = [
        f"{GIVEN_UP[relief.given_up[0]]}: {relief.count}, such as {product.title} ({turn.money(product.price_minor, product.currency)})"
        for relief in answer.relief
        if (product := best.get(relief.best))
    ]
    return "; ".join(told)


def response_for(answer: Answer, kind: str, count: int, query: str = "") -> str:
    if answer.relaxed:
        return f"utter_relaxed_{answer.relaxed[0] if len(answer.relaxed) == 1 else 'other'}"
    if kind in ("similar", "complement") and answer.method not in ("similar", "complement"):
        return f"utter_no_{kind}"
    if answer.method == "popular":
        return "utter_popular"
    if answer.averse and answer.items:
        return "utter_nearest_without"
    if kind == "search" and not any(item.contributions.keys() & (TITLED if wording.a_thing(query) else LITERAL) for item in answer.items):
        return "utter_nearest"
    return "utter_found_one" if kind == "search" and count == 1 else KINDS[kind][1]


def cards_of(turn: Turn, items: list[Recommendation] | Any, surface: str) -> list[dict[str, Any]]:
    list_id = secrets.token_urlsafe(12)
    with turn.store.read() as session:
        products = {product.id: product for product in catalogue.products(session, [item.item for item in items])}
    known = [item for item in items if item.item in products]
    return [
        speaking.product_card(turn, products[item.item], item, position, list_id, surface) for position, item in enumerate(known, start=1)
    ]


def plain_cards(turn: Turn, products: list[Product], surface: str) -> list[dict[str, Any]]:
    """Cards of products that the customer named or that the catalogue lists: nothing was ranked."""
    list_id = secrets.token_urlsafe(12)
    return [speaking.product_card(turn, product, None, position, list_id, surface) for position, product in enumerate(products, start=1)]


def remembered(cards: list[dict[str, Any]], kind: str, wishes: asking.Wishes, query: str, like: int | None, page: int) -> Events:
    shown = [{"sku": card["sku"], "id": card["id"], "reason": card["reason"]} for card in cards]
    return [
        SlotSet("shown", shown),
        SlotSet("focus", shown[0]["id"] if len(shown) == 1 else None),
        SlotSet("constraints", wishes),
        SlotSet("last_list", {"kind": kind, "query": query, "like": like, "page": page}),
        SlotSet("goal", None),
        SlotSet("orders_shown", None),
    ]
