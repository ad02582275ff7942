"""`shopkeeper recommend`: what the recommender would show, and why."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.terminal import fail

if TYPE_CHECKING:
    from recommender.contract import Answer, Ask
    from recommender.facade import Recommender
    from shop.settings import Settings

console, errors = Console(), Console(stderr=True)
LEVELS = {"personal": "for this customer", "popular": "popular", "search": "search", "similar": "similar", "complement": "goes with it"}


def recommend(
    customer: Annotated[str, typer.Option("--customer", "-c", help="Id, external id or email; without one: an unknown visitor.")] = "",
    query: Annotated[str, typer.Option("--query", "-q", help="What the customer says they are looking for.")] = "",
    like: Annotated[str, typer.Option("--like", "-l", help="SKU or title of a product; shows what is similar.")] = "",
    session: Annotated[str, typer.Option("--session", "-s", help="A conversation's id: its customer, and what they said last.")] = "",
    why: Annotated[bool, typer.Option("--why", help="Show each product's score, what it is made of, and the reason given.")] = False,
    count: Annotated[int, typer.Option("-n", min=1, max=50, help="How many products.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show what the recommender picks for a customer, a conversation, a query or a product.

    Examples: shopkeeper recommend -c emma.hughes@example.com --why; shopkeeper recommend -q "linen shirt"; shopkeeper recommend -l SKU
    """
    from recommender.data import find_conversation, find_customer
    from recommender.encoder import EncoderMissing
    from recommender.facade import Recommender
    from shop.settings import Settings
    from shop.store import Store

    settings = Settings()
    store = Store(settings.store_url)
    customer_id = None
    if customer:
        with store.read() as reading:
            found = find_customer(reading, customer)
        if found is None:
            fail(f"no customer {customer!r}: give an id, an external id or an email")
        customer_id = found.id
    said = ""
    if session:
        with store.read() as reading:
            conversation = find_conversation(reading, session)
        if conversation is None:
            fail(f"no conversation {session!r}: give its id, as transcripts show it")
        customer_id, said = conversation
    try:
        recommender = Recommender.open(settings, store)
    except EncoderMissing as error:
        fail(str(error))
    ask = replace(recommender.ask_for(customer_id, n=count), text=query or said, tested=why)
    if like:
        item = recommender.resolve(like)
        if item is None:
            fail(f"no product {like!r}: give its SKU or its title")
        ask = replace(ask, like=(item,))
    answer = _answer(recommender, ask, searched=bool(query))
    problem = recommender.health()["problem"]
    if problem and not as_json:
        errors.print(f"[yellow]{escape(problem)}[/yellow]")
    if as_json:
        print(json.dumps(_plain(recommender, answer), ensure_ascii=False, indent=1))
    elif not answer.items:
        nothing = "Nothing matches." if query else "Nothing to show: the catalogue is empty, or everything is ruled out."
        console.print(nothing)
    else:
        console.print(_table(recommender, settings, answer, why))


def _answer(recommender: Recommender, ask: Ask, searched: bool) -> Answer:
    if ask.like:
        return recommender.similar(ask)
    return recommender.search(ask) if searched else recommender.recommend(ask)


def _table(recommender: Recommender, settings: Settings, answer: Answer, why: bool) -> Table:
    from shop.money import format_minor

    relaxed = f"; given up: {', '.join(answer.relaxed)}" if answer.relaxed else ""
    table = Table(title=f"{LEVELS[answer.method]}{relaxed}", title_justify="left")
    for name in ("", "SKU", "product", "price", "stock", *(("score", "made of") if why else ()), "why", *(("without it",) if why else ())):
        table.add_column(name, justify="right" if name in ("price", "stock", "score") else "left")
    for place, one in enumerate(answer.items, 1):
        item = recommender.item(one.item)
        parts = sorted(one.contributions.items(), key=lambda part: -part[1])
        shares = [f"{one.score:.3f}", ", ".join(f"{name} {share:.3f}" for name, share in parts)] if why else []
        price = format_minor(item.price, settings.currency, settings.locale)
        fall = [f"-{one.reason.worth:.3f}" if one.reason.worth is not None else ""] if why else []
        table.add_row(str(place), escape(item.sku), escape(item.title), price, str(item.stock), *shares, escape(one.reason.text), *fall)
    return table


def _plain(recommender: Recommender, answer: Answer) -> dict:
    items = []
    for one in answer.items:
        item = recommender.item(one.item)
        because = recommender.item(one.reason.because) if one.reason.because is not None else None
        reason = {
            "scorer": one.reason.scorer,
            "because": because.sku if because else None,
            "text": one.reason.text,
            "worth": one.reason.worth,
        }
        facts = {"sku": item.sku, "title": item.title, "price": item.price, "stock": item.stock}
        items.append({**facts, "score": one.score, "contributions": dict(one.contributions), "reason": reason})
    relief = [{"given_up": one.given_up, "count": one.count, "best": recommender.item(one.best).sku} for one in answer.relief]
    return {"method": answer.method, "relaxed": list(answer.relaxed), "relief": relief, "facets": answer.facets, "items": items}
