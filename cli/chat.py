"""`shopkeeper chat`: talk to the shop in the terminal, or play a conversation from a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.chat_view import draw
from cli.gateway_client import CannotChat, Gateway
from cli.terminal import plain
from shop.settings import Settings

FIELDS = {"messages": [], "products": [], "intent": "", "confidence": None, "facts": {}, "timings": {}}


def chat(
    customer: Annotated[str, typer.Option("--customer", "-c", help="Speak as this customer: id, public id, external id or email.")] = "",
    script: Annotated[str, typer.Option("--script", help="Play this file, one message a line (- reads the standard input).")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line a turn instead of a conversation.")] = False,
    url: Annotated[str, typer.Option("--url", help="The shop's address, if it is not the one in the settings.")] = "",
) -> None:
    """Talk to the bot through the running shop, exactly as a customer's browser does.

    Without --script you type; an empty line or Ctrl-D ends. In a script, empty lines and lines starting with # are left out. With --json
    each line has text, messages, products, intent, confidence, facts and timings (milliseconds). Ends with code 1 when the shop is not
    running.
    """
    try:
        lines = read_script(script) if script else ask()
        with Gateway(Settings(), url, customer) as gateway:
            gateway.ready()
            if as_json and not script:
                lines = script_lines(sys.stdin)
            (print_json if as_json else converse)(gateway, lines, bool(script))
    except CannotChat as problem:
        Console(stderr=True).print(plain(f"Cannot chat: {problem}"), style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def print_json(gateway: Gateway, lines: Iterable[str], _scripted: bool) -> None:
    for text in lines:
        turn = gateway.say(text)
        print(
            json.dumps({"text": text, **{name: turn.get(name, default) for name, default in FIELDS.items()}}, ensure_ascii=False),
            flush=True,
        )


def converse(gateway: Gateway, lines: Iterable[str], scripted: bool) -> None:
    console = Console()
    if not scripted:
        console.print("You are talking to the shop. An empty line or Ctrl-D ends.\n", style="dim")
    for text in lines:
        if scripted:
            console.print(plain(f"you  {text}", "bold cyan"))
        turn: dict[str, Any]
        with console.status("the bot is typing ..."):
            turn = gateway.say(text)
        draw(console, turn)


def ask() -> Iterator[str]:
    """What is typed, until an empty line or the end of the input."""
    console = Console()
    while True:
        try:
            text = console.input("[bold cyan]you[/]  ").strip()
        except EOFError:
            console.print()
            return
        if not text:
            return
        yield text


def read_script(name: str) -> list[str]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotChat(f"the script {name} cannot be read ({getattr(error, 'strerror', None) or 'it is not UTF-8 text'})") from None
    return list(script_lines(text.splitlines()))


def script_lines(lines: Iterable[str]) -> Iterator[str]:
    stripped = (line.strip() for line in lines)
    return (line for line in stripped if line and not line.startswith("#"))
