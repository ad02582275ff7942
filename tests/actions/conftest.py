"""A conversation without Rasa: actions are run as the server runs them, their events applied to the slots, their responses rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from actions import running
from recommender.contract import Answer, Ask, Reason, Recommendation
from shop.models import Conversation, Customer, Product
from shop.settings import PROJECT, Settings
from shop.store import Store

DOMAIN = yaml.safe_load((PROJECT / "domain.yml").read_text())
running.load()


@dataclass
class Reply:
    responses: list[str]
    texts: list[str]
    payloads: list[dict[str, Any]]
    events: list[dict[str, Any]]
    followed: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    @property
    def titles(self) -> list[str]:
        return [card["title"] for payload in self.payloads for card in payload.get("products", [])]


class Talk:
    """One customer's conversation. `do` runs an action on a message and whatever action that asks for next."""

    def __init__(self, runtime: SimpleNamespace, customer: Customer, signed_in: bool) -> None:
        self.runtime, self.customer, self.signed_in = runtime, customer, signed_in
        self.slots: dict[str, Any] = dict.fromkeys(DOMAIN["slots"])
        self.loop: str | None = None
        self.messages = 0
        with runtime.store.write() as session:
            thread = Conversation(channel="web", address=f"test-{customer.id}", customer_id=customer.id)
            session.add(thread)
        self.conversation_id = thread.public_id
        self.ranking: list[dict[str, Any]] = []

    def do(self, action: str, text: str = "", intent: str = "", entities=(), again: bool = False, confidence: float = 0.95) -> Reply:
        """`again`: the same message delivered a second time, under the same message id."""
        self.messages += not again
        reply = Reply([], [], [], [])
        while action in running.ACTIONS:
            result = running.run(self._call(action, text, intent, list(entities), confidence), self.runtime)
            action = self._apply(result, reply)
        return reply

    def _call(self, action: str, text: str, intent: str, entities: list, confidence: float) -> dict[str, Any]:
        metadata = {
            "customer_id": self.customer.id,
            "signed_in": self.signed_in,
            "conversation_id": self.conversation_id,
            "message_id": f"{self.conversation_id}:{self.messages}",
        }
        message = {
            "text": text,
            "intent": {"name": intent, "confidence": confidence},
            "entities": entities,
            "metadata": metadata,
            "intent_ranking": self.ranking,
        }
        loop = {"name": self.loop} if self.loop else {}
        tracker = {"sender_id": "x", "slots": dict(self.slots), "latest_message": message, "active_loop": loop}
        return {"next_action": action, "tracker": tracker}

    def _apply(self, result: dict[str, Any], reply: Reply) -> str:
        following = ""
        for response in result["responses"]:
            reply.responses.append(response["response"])
            reply.texts.append(render(response) if response["response"] else response["text"])
            reply.payloads.append(response["custom"])
        for event in result["events"]:
            reply.events.append(event)
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            elif event["event"] == "active_loop":
                self.loop = event["name"]
            elif event["event"] == "followup":
                following = event["name"]
                reply.followed.append(following)
        return following


def render(response: dict[str, Any]) -> str:
    """The first variant of the response, in which every name in braces must have been given a value."""
    variants = DOMAIN["responses"][response["response"]]
    for variant in variants:
        for text in (variant["text"], *(button["title"] + button["payload"] for button in variant.get("buttons", []))):
            re.sub(r"\{(\w+)\}", lambda found: str(response[found.group(1)]), text)
    return re.sub(r"\{(\w+)\}", lambda found: str(response[found.group(1)]), variants[0]["text"])


class Shelf:
    """A recommender that ranks by id: the products of the store that satisfy what is asked and share a word with the text."""

    def __init__(self, store: Store) -> None:
        self.store, self.asked = store, []

    def ask_for(self, customer_id: int, at=None) -> Ask:
        return Ask()

    def recommend(self, ask: Ask) -> Answer:
        return self._answer(ask, "popular")

    def search(self, ask: Ask) -> Answer:
        return self._answer(ask, "search" if ask.text else "popular")

    def similar(self, ask: Ask) -> Answer:
        return self._answer(ask, "similar")

    def complements(self, ask: Ask) -> Answer:
        return self._answer(ask, "complement")

    def sizes_beyond(self, item_id: int, larger: bool) -> tuple[str, ...]:
        order = ("S", "M", "L")
        size = next(p.size for p in self._products() if p.id == item_id)
        return () if size not in order else order[order.index(size) + 1 :] if larger else order[: order.index(size)]

    def resolve(self, text: str) -> int | None:
        return next((p.id for p in self._products() if p.title.casefold() in text.casefold()), None)

    def _answer(self, ask: Ask, method: str) -> Answer:
        self.asked.append(ask)
        words = set(ask.text.casefold().split())
        found = [p for p in self._products() if p.id not in ask.like and _satisfies(p, ask.constraints)]
        if method == "search":
            found = [p for p in found if words & set(p.title.casefold().split())]
        reason = Reason("popularity", None, "because many like it")
        return Answer([Recommendation(p.id, 1.0, {"popularity": 1.0}, reason) for p in found[: ask.n]], method)

    def _products(self) -> list[Product]:
        with self.store.read() as session:
            return list(session.query(Product).filter(Product.active).order_by(Product.id))


def _satisfies(product: Product, wanted) -> bool:
    for kind, field_name in (("colour", "colours"), ("material", "materials"), ("size", "sizes"), ("brand", "brands")):
        value = getattr(product, kind).casefold()
        some = [v.casefold() for v in getattr(wanted, field_name)]
        if (some and value not in some) or value in [v.casefold() for v in getattr(wanted, f"not_{field_name}", ())]:
            return False
    return (wanted.price_min or 0) <= product.price_minor <= (wanted.price_max or 10**9)


@pytest.fixture
def store(sqlite_copy, tmp_path: Path) -> Iterator[Store]:
    """SQLite alone: what the actions call is tested on both databases with the shop."""
    with sqlite_copy(tmp_path) as url:
        opened = Store(url)
        yield opened
        opened.close()


@pytest.fixture
def runtime(store: Store, settings: Settings) -> SimpleNamespace:
    return SimpleNamespace(store=store, settings=settings, recommender=Shelf(store))


@pytest.fixture
def guest(runtime, factory) -> Talk:
    return Talk(runtime, factory.guest(), signed_in=False)


@pytest.fixture
def member(runtime, factory) -> Talk:
    address = {"name": "Ada Wren", "line1": "3 Mill Lane", "city": "Leeds", "postcode": "LS1 4AP"}
    return Talk(runtime, factory.customer(address=address), signed_in=True)


@pytest.fixture
def mugs(factory) -> list[Product]:
    """Three mugs and a bowl; the last mug in stock once only."""
    return [
        factory.product(title="Blue Mug", group_key="mug", colour="Blue", material="Stoneware", price_minor=1200, stock=20),
        factory.product(title="Red Mug", group_key="mug", colour="Red", material="Stoneware", price_minor=1500, stock=20),
        factory.product(title="Glass Mug", colour="Clear", material="Glass", price_minor=900, stock=1),
        factory.product(title="Oak Bowl", colour="Brown", material="Oak", price_minor=4500, stock=20),
    ]


def entity(name: str, value: Any, role: str | None = None, **more: Any) -> dict[str, Any]:
    return {"entity": name, "value": value, **({"role": role} if role else {}), **more}


@pytest.fixture(name="entity")
def entity_fixture():
    return entity
