"""How a turn looks in the terminal: the bot's words, product cards as a small table, cart, order, quick replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.terminal import plain

STOCK = {"in_stock": ("in stock", "green"), "low": ("few left", "yellow"), "out": ("sold out", "red")}
INDENT = (0, 0, 0, 5)


def draw(console: Console, turn: Mapping[str, Any]) -> None:
    for message in turn.get("messages") or []:
        if text := message.get("text"):
            console.print(Text("bot  ", "bold magenta") + plain(text))
        for part in (
            products(message.get("products") or []),
            comparison(message.get("comparison")),
            cart(message.get("cart")),
            order(message.get("order")),
            links(message.get("links") or []),
        ):
            if part is not None:
                console.print(Padding(part, INDENT))
        if replies := message.get("quick_replies"):
            console.print(Padding(Text("  ").join(plain(f"[ {reply} ]", "cyan") for reply in replies), INDENT))
    console.print(Padding(footnote(turn), INDENT))
    console.print()


def products(cards: Sequence[Mapping[str, Any]]) -> Table | None:
    if not cards:
        return None
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title, options in (
        ("", {"justify": "right"}),
        ("product", {}),
        ("price", {"justify": "right"}),
        ("stock", {}),
        ("why", {"style": "dim"}),
    ):
        table.add_column(title, **options)
    for number, card in enumerate(cards, 1):
        stock, style = STOCK.get(card.get("stock") or "", ("", ""))
        look = ", ".join(part for part in (card.get("colour"), card.get("size")) if part)
        title = plain(card.get("title", "")) + (plain(f" ({look})", "dim") if look else Text())
        table.add_row(str(number), title, plain(card.get("price", "")), Text(stock, style), plain(card.get("reason", "")))
    return table


def comparison(found: Mapping[str, Any] | None) -> Table | None:
    if not found:
        return None
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in ("", *found.get("columns", ())):
        table.add_column(plain(title))
    for row in found.get("rows") or []:
        values = [STOCK.get(value, (value, ""))[0] if row.get("name") == "stock" else value for value in row.get("values") or []]
        table.add_row(plain(row.get("name", ""), "dim"), *(plain(value or "-") for value in values))
    return table


def cart(found: Mapping[str, Any] | None) -> Table | None:
    if not found:
        return None
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_footer=True)
    table.add_column("cart", footer="total")
    table.add_column("", justify="right")
    table.add_column("price", justify="right", footer=plain(found.get("total", "")))
    for line in found.get("lines") or []:
        table.add_row(plain(line.get("title", "")), plain(f"x {line.get('quantity', '')}"), plain(line.get("total", "")))
    return table


def order(found: Mapping[str, Any] | None) -> Table | None:
    if not found:
        return None
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=False)
    for name in ("number", "status", "placed", "expected", "tracking"):
        if found.get(name):
            table.add_row(Text(name, "dim"), plain(found[name]))
    for line in found.get("lines") or []:
        table.add_row("", plain(f"{line.get('quantity', '')} x {line.get('title', '')}"))
    if found.get("total"):
        table.add_row(Text("total", "dim"), plain(found["total"], "bold"))
    return table


def links(found: Sequence[Mapping[str, Any]]) -> Text | None:
    return Text("\n").join(plain(f"{link.get('title', '')}: {link.get('url', '')}") for link in found) if found else None


def footnote(turn: Mapping[str, Any]) -> Text:
    """What was understood and how long it took."""
    confidence, total = turn.get("confidence"), (turn.get("timings") or {}).get("total")
    parts = [str(turn.get("intent") or "")]
    parts += [f"{confidence:.2f}"] if isinstance(confidence, int | float) else []
    parts += [f"{total:.0f} ms"] if isinstance(total, int | float) else []
    return plain(" · ".join(part for part in parts if part), "dim")
