"""What a customer is likely to want and do next, beside the chat: the recommender's products, and the propensity models' figures."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from console.context import console
from console.inbox import find
from console.pages import Pages, render
from marketing import propensity
from recommender.encoder import EncoderMissing
from recommender.facade import Recommender
from shop import consent
from shop.models import Product, now
from shop.settings import Settings
from shop.store import Store

router = Pages()
SHOWN = 4
MEANINGS = {"buys": "Buys within 30 days", "stays_away": "Stays away for 90 days"}


@dataclass(frozen=True)
class Wanted:
    """A product that the recommender would show now, and the reason it gives."""

    product: Product
    reason: str


class Foresight:
    """The recommender, opened when the first chat is looked at: a shop whose console nobody uses pays nothing for it."""

    def __init__(self) -> None:
        self._recommender: Recommender | None = None
        self._lock = threading.Lock()

    def of(self, settings: Settings, customer_id: int) -> list[tuple[int, str]]:
        """(product id, reason) of the most fitting, best first; nothing as long as there is no encoder."""
        try:
            with self._lock:
                if self._recommender is None:
                    self._recommender = Recommender.open(settings, Store(settings.store_url))
        except EncoderMissing:
            return []
        answer = self._recommender.recommend(self._recommender.ask_for(customer_id, n=SHOWN))
        return [(one.item, one.reason.text) for one in answer.items[:SHOWN]]


foresight = Foresight()


@router.page("/inbox/{chat}/needs", "chats.see")
async def needs(request: Request, chat: str) -> Response:
    """A piece of the page, fetched when the rest of it is there already."""
    site = console(request)
    return render(request, "needs.html", await site.database.read(_needs, chat, site.settings))


def _needs(session: Session, chat: str, settings: Settings) -> dict[str, Any]:
    customer_id = find(session, chat).customer_id
    if not consent.allowed(session, customer_id, "personalisation"):
        return {"allowed": False, "wanted": [], "predictions": {}, "meanings": MEANINGS}
    picked = dict(foresight.of(settings, customer_id))
    products = {one.id: one for one in session.scalars(select(Product).where(Product.id.in_(picked)))}
    wanted = [Wanted(products[id_], reason) for id_, reason in picked.items() if id_ in products]
    predictions = propensity.predict(propensity.load(settings), session, customer_id, now())
    return {"allowed": True, "wanted": wanted, "predictions": predictions, "meanings": MEANINGS}
