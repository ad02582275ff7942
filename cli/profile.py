"""`shopkeeper profile show`: what the shop has learnt about a customer, and from what."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from cli.profile_view import document, draw
from cli.terminal import plain
from shop import consent, identity, profiles
from shop.models import Customer, now
from shop.profile import EvidenceItem, Source, decay
from shop.settings import Settings
from shop.store import Store

app = typer.Typer(help="What the shop has learnt about its customers.", no_args_is_help=True)


@app.callback()
def profile() -> None:
    """What the shop has learnt about its customers."""


@app.command()
def show(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id, public id, external id or email.")],
    why: Annotated[bool, typer.Option("--why", help="Name for each fact the messages and interactions it comes from.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the profile as JSON, always with its sources.")] = False,
) -> None:
    """Show a customer's profile: interests, aversions, preferences, prices, sentiment, open issues, orders and consent.

    Every fact is folded from the customer's messages and interactions at this moment; older ones count less. Ends with code 1 when there is
    no such customer.
    """
    settings = Settings()
    try:
        found = look_up(settings, customer)
    except SQLAlchemyError as error:
        told = (
            f"The database cannot be read ({type(error).__name__}). Set the shop up first: make run (or look: .venv/bin/shopkeeper doctor)"
        )
        Console(stderr=True).print(told, style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    if found is None:
        Console(stderr=True).print(plain(f"There is no customer {customer!r}: give an id, public id, external id or email."), style="red")
        raise typer.Exit(1)
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        draw(Console(), found, why, settings)


def look_up(settings: Settings, who: str) -> dict | None:
    """The customer's profile as plain values (see `document`), or None when nobody is found."""
    store = Store(settings.store_url)
    try:
        with store.read() as session:
            customer = identity.find(session, who)
            if customer is None:
                return None
            at = now()
            known = profiles.load(session, customer.id, at, settings.interest_half_life_days)
            moods = (
                []
                if known.sentiment is None
                else moods_of(profiles.evidence_of(session, customer.id), at, settings.interest_half_life_days)
            )
            consents = {purpose: consent.allowed(session, customer.id, purpose) for purpose in consent.DEFAULTS}
            return document(about(customer), known, moods, profiles.rfm_of(session, customer.id, at), consents)
    finally:
        store.close()


def moods_of(evidence: Iterable[EvidenceItem], at: datetime, half_life_days: float) -> list[Source]:
    """Where the sentiment comes from: the profile itself keeps only the sum."""
    return [
        Source(row.id, row.turn_id, row.interaction_id, row.at, signal["weight"] * decay(row.at, at, half_life_days), row.text)
        for row in evidence
        for signal in row.signals
        if signal["kind"] == "sentiment"
    ]


def about(customer: Customer) -> dict:
    named = {name: getattr(customer, name) for name in ("id", "public_id", "external_id", "email", "name", "country")}
    return {name: value for name, value in named.items() if value} | {"guest": customer.is_guest}
