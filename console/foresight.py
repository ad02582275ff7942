"""What a customer is likely to want and do next, beside the chat: the recommender's products, and the propensity models' figures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from console.context import console
from console.inbox import find
from console.pages import Pages, render
from marketing import propensity
from shop import consent
from shop.models import Product, now
from shop.settings import Settings

router = Pages()
SHOWN = 4
PATIENCE = 5.0  # seconds
MEANINGS = {"buys": "Buys within 30 days", "stays_away": "Stays away for 90 days"}


@dataclass(frozen=True)
class Wanted:
    """A product of which the recommender says something, and what it says."""

    product: Product
    told: dict[str, Any]


@router.page("/inbox/{chat}/needs", "chats.see")
async def needs(request: Request, chat: str) -> Response:
    """A piece of the page, fetched when the rest of it is there already."""
    site = console(request)
    asked = await site.database.read(_predicted, chat, site.settings)
    about = site.settings, asked["customer_id"]
    picked, due = await asyncio.gather(told("recommend", *about), told("due", *about)) if asked["allowed"] else ([], [])
    shown = {name: await site.database.read(_described, found) for name, found in (("wanted", picked), ("due", due))}
    return render(request, "needs.html", {**asked, **shown, "meanings": MEANINGS})


async def told(question: str, settings: Settings, customer_id: int) -> list[dict[str, Any]]:
    """What the recommender that serves the chat (the action server's) says of the customer, best first, a product's id under `item`:
    `recommend` what fits them, `due` what they will likely buy again. Nothing while it does not answer."""
    headers = {"Authorization": f"Bearer {settings.secret('internal_secret')}"}
    try:
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            asked = {"customer_id": customer_id, "n": SHOWN}
            answer = (await client.post(f"{settings.actions_url}/{question}", json=asked, headers=headers)).raise_for_status()
    except httpx.HTTPError:
        return []
    return answer.json()


def _predicted(session: Session, chat: str, settings: Settings) -> dict[str, Any]:
    customer_id = find(session, chat).customer_id
    allowed = consent.allowed(session, customer_id, "personalisation")
    predictions = propensity.predict(propensity.load(settings), session, customer_id, now()) if allowed else {}
    return {"customer_id": customer_id, "allowed": allowed, "predictions": predictions}


def _described(session: Session, found: list[dict[str, Any]]) -> list[Wanted]:
    ids = [one["item"] for one in found]
    products = {one.id: one for one in session.scalars(select(Product).where(Product.id.in_(ids)))}
    return [Wanted(products[one["item"]], one) for one in found if one["item"] in products]
