"""What a customer is likely to want and do next, beside the chat: the recommender's products, and the propensity models' figures."""

from __future__ import annotations

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
    """A product that the recommender would show now, and the reason it gives."""

    product: Product
    reason: str


@router.page("/inbox/{chat}/needs", "chats.see")
async def needs(request: Request, chat: str) -> Response:
    """A piece of the page, fetched when the rest of it is there already."""
    site = console(request)
    asked = await site.database.read(_predicted, chat, site.settings)
    picked = await likely(site.settings, asked["customer_id"]) if asked["allowed"] else {}
    return render(request, "needs.html", {**asked, "wanted": await site.database.read(_described, picked), "meanings": MEANINGS})


async def likely(settings: Settings, customer_id: int) -> dict[int, str]:
    """Product id -> reason, the most fitting first, from the recommender that serves the chat (the action server's); nothing while it
    does not answer."""
    headers = {"Authorization": f"Bearer {settings.secret('internal_secret')}"}
    try:
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            asked = {"customer_id": customer_id, "n": SHOWN}
            answer = (await client.post(f"{settings.actions_url}/recommend", json=asked, headers=headers)).raise_for_status()
    except httpx.HTTPError:
        return {}
    return {one["item"]: one["reason"] for one in answer.json()}


def _predicted(session: Session, chat: str, settings: Settings) -> dict[str, Any]:
    customer_id = find(session, chat).customer_id
    allowed = consent.allowed(session, customer_id, "personalisation")
    predictions = propensity.predict(propensity.load(settings), session, customer_id, now()) if allowed else {}
    return {"customer_id": customer_id, "allowed": allowed, "predictions": predictions}


def _described(session: Session, picked: dict[int, str]) -> list[Wanted]:
    products = {one.id: one for one in session.scalars(select(Product).where(Product.id.in_(picked)))}
    return [Wanted(products[id_], reason) for id_, reason in picked.items() if id_ in products]
