"""Plays a conversation against the running bot, as the gateway would, and checks each turn. The format: README.md beside this file."""

from __future__ import annotations

import base64
import itertools
import json
import re
import zlib
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import func, select

from shop import cart, cases, consent
from shop.models import (
    Conversation,
    Customer,
    ErasureRequest,
    InboxMessage,
    Order,
    OrderLine,
    OutboxMessage,
    Product,
    ProductAlert,
    Promotion,
    ReturnRequest,
    Review,
    Turn,
    VerificationAttempt,
    now,
)
from shop.numbers import new_number
from shop.settings import Settings
from shop.store import Store

ADDRESS = {"name": "Ada Wren", "line1": "1 Old Road", "city": "York", "postcode": "YO1 7HH"}
BOUGHT = (("Speckled Breakfast Mug, White", 2), ("Linen Shirt, Blue, M", 1))
STATES: dict[str, dict[str, Any]] = {
    "processing": {},
    "shipped": {"carrier": "Parcelpost", "tracking_number": "PP123456", "shipped_days": 1},
    "late": {"status": "shipped", "carrier": "Parcelpost", "tracking_number": "PP123456", "expected_days": -4},
    "delivered": {"delivered_days": 3},
    "old": {"status": "delivered", "delivered_days": 60},
}
_count = itertools.count(1)


class Player:
    """One conversation: its customer, its orders, its dialogue state."""

    def __init__(self, store: Store, settings: Settings, url: str, script: dict[str, Any]) -> None:
        self.store, self.url, self.script = store, url, script
        self.headers = {"Authorization": f"Bearer {settings.secret('internal_secret')}"}
        given = script.get("given", {})
        self.signed_in = given.get("signed_in", False)
        n = f"{next(_count)}-{new_number('T')}".lower()
        with store.write() as session:
            member = Customer(external_id=f"dialogue-{n}", email=f"dialogue-{n}@example.com", name="Ada Wren", address=ADDRESS)
            stranger = Customer(external_id=f"stranger-{n}", email=f"stranger-{n}@example.com", name="Somebody Else")
            visitor = Customer()
            session.add_all([member, stranger, visitor])
            session.flush()
            me = member if self.signed_in else visitor
            for title, stock in given.get("stock", {}).items():
                session.scalars(select(Product).where(Product.title == title)).one().stock = stock
            for code, percent in given.get("codes", {}).items():
                if not session.scalar(select(Promotion.id).where(Promotion.code == code)):
                    session.add(Promotion(code=code, percent=percent, minimum_minor=given.get("minimum", 0)))
            thread = Conversation(channel="web", address=f"dialogue-{n}", customer_id=me.id)
            session.add(thread)
            self.words = {"email": member.email or ""}
            self.orders: dict[str, int] = {}
            for name in given.get("orders", []):
                self._order(session, name, member, name)
            for name in given.get("foreign_orders", []):
                self._order(session, name, stranger, f"foreign_{name}")
            session.flush()
            self.customer_id, self.conversation_id, self.public_id = me.id, thread.id, thread.public_id
            self.before = session.scalar(select(func.count()).select_from(Order).where(Order.customer_id == me.id)) or 0
        self.state: str | None = None

    def _order(self, session: Any, name: str, owner: Customer, word: str) -> None:
        kind = re.sub(r"\d", "", name)
        facts = STATES[kind]
        lines = []
        for title, quantity in BOUGHT:
            product = session.scalars(select(Product).where(Product.title == title)).one()
            lines.append(OrderLine(product_id=product.id, title=title, quantity=quantity, unit_price_minor=product.price_minor))
        subtotal = sum(line.unit_price_minor * line.quantity for line in lines)
        order = Order(
            number=new_number(),
            customer_id=owner.id,
            email=owner.email,
            status=facts.get("status", kind),
            currency="GBP",
            subtotal_minor=subtotal,
            total_minor=subtotal,
            address=ADDRESS,
            carrier=facts.get("carrier", ""),
            tracking_number=facts.get("tracking_number", ""),
            placed_at=now() - timedelta(days=facts.get("delivered_days", 3) + 4),
            expected_at=now() + timedelta(days=facts.get("expected_days", 2)),
            delivered_at=now() - timedelta(days=facts["delivered_days"]) if "delivered_days" in facts else None,
            lines=lines,
        )
        session.add(order)
        session.flush()
        self.words[word] = order.number
        self.orders[word] = order.id

    def play(self) -> None:
        for n, turn in enumerate(self.script["turns"], start=1):
            answer = self.say(turn)
            facts = answer["facts"]
            said = " ".join(message.get("text") or "" for message in answer["messages"])
            ranking = [f"{other['name']} {other['confidence']:.2f}" for other in facts["intent_ranking"][:3]]
            seen = f"turn {n} {turn.get('says') or turn.get('presses')!r}: {ranking} {facts['actions']} -> {said!r} {titles(answer)}"
            assert facts["failed_action"] is None, seen
            self.check(turn, answer, said, seen)
        self.check_end(self.script.get("ends", {}))

    def say(self, turn: dict[str, Any]) -> dict[str, Any]:
        """One turn, its messages committed to the outbox as the gateway does."""
        text, command = self.filled(turn.get("says", "")), None
        if days := turn.get("after_days"):
            self.silence(timedelta(days=days))
        if pressed := turn.get("presses"):
            command = {"intent": pressed["intent"], "entities": {name: self.filled(value) for name, value in pressed["entities"].items()}}
        with self.store.write() as session:
            message = InboxMessage(conversation_id=self.conversation_id, client_message_id=new_number("M"), text=text)
            session.add(message)
        message_id = f"{self.public_id}:{message.id}"
        metadata = {
            "message_id": message_id,
            "conversation_id": self.public_id,
            "customer_id": self.customer_id,
            "signed_in": self.signed_in,
            "channel": "web",
            "locale": "en_GB",
        }
        request = {"conversation_id": self.public_id, "message_id": message_id, "text": text, "command": command}
        response = httpx.post(
            f"{self.url}/turn", json=request | {"metadata": metadata, "state": self.state}, headers=self.headers, timeout=20
        )
        assert response.status_code == 200, response.text
        answer = response.json()
        self.state = answer["state"]
        self._commit(message, text, answer)
        return answer

    def _commit(self, message: InboxMessage, text: str, answer: dict[str, Any]) -> None:
        with self.store.write() as session:
            turn = Turn(conversation_id=self.conversation_id, customer_id=self.customer_id, inbox_id=message.id, channel="web", text=text)
            session.add(turn)
            session.flush()
            for payload in answer["messages"]:
                row = OutboxMessage(conversation_id=self.conversation_id, turn_id=turn.id, inbox_id=message.id, payload=payload)
                session.add(row)

    def filled(self, text: str) -> str:
        """With the order numbers, the email and the skus of this conversation in place of the words in braces."""

        def value(found: re.Match[str]) -> str:
            name = found.group(1)
            if name.startswith("sku:"):
                with self.store.read() as session:
                    return session.scalars(select(Product.sku).where(Product.title == name.removeprefix("sku:"))).one()
            return self.words.get(name, found.group())

        return re.sub(r"\{([^{}]+)\}", value, text)

    def check(self, turn: dict[str, Any], answer: dict[str, Any], said: str, seen: str) -> None:
        facts = answer["facts"]
        if expected := turn.get("intent"):
            assert facts["intent"] in ([expected] if isinstance(expected, str) else expected), seen
        if "entities" in turn:
            found = {entity["entity"]: entity["value"] for entity in facts["entities"]}
            assert {name: found.get(name) for name in turn["entities"]} == turn["entities"], seen
        if "does" in turn:
            assert turn["does"] in facts["actions"], seen
        if "replies" in turn:
            assert re.search(self.filled(turn["replies"]), said, re.IGNORECASE | re.DOTALL), seen
        if "never" in turn:
            assert not re.search(self.filled(turn["never"]), said, re.IGNORECASE | re.DOTALL), seen
        assert said.strip(), seen
        assert "{" not in said, seen
        if "links" in turn:
            urls = [link["url"] for message in answer["messages"] for link in message.get("links", [])]
            assert urls == [self.filled(turn["links"])], seen
        if "shows" in turn:
            self.check_shown(turn["shows"], answer, seen)
        if "cart" in turn:
            with self.store.read() as session:
                lines = cart.view(session, self.customer_id).lines
            assert {line.title: line.quantity for line in lines} == turn["cart"], seen

    def silence(self, earlier: timedelta) -> None:
        """Nothing is said for so long: everything that this conversation has in the store, and in its state, happened that much earlier."""
        if self.state:
            version, _, packed = self.state.partition(":")
            events = json.loads(zlib.decompress(base64.b64decode(packed)))
            aged = [
                {**event, "timestamp": event["timestamp"] - earlier.total_seconds()} if "timestamp" in event else event for event in events
            ]
            self.state = f"{version}:{base64.b64encode(zlib.compress(json.dumps(aged).encode())).decode()}"
        with self.store.write() as session:
            for attempt in session.scalars(select(VerificationAttempt).where(VerificationAttempt.conversation_id == self.public_id)):
                attempt.at -= earlier
            session.get_one(Conversation, self.conversation_id).last_message_at -= earlier
            for message in session.scalars(select(OutboxMessage).where(OutboxMessage.conversation_id == self.conversation_id)):
                message.at -= earlier

    def check_shown(self, wanted: dict[str, Any], answer: dict[str, Any], seen: str) -> None:
        ids = [card["id"] for message in answer["messages"] for card in message.get("products", [])]
        if wanted.get("nothing"):
            assert not ids, seen
            return
        with self.store.read() as session:
            found = {product.id: product for product in session.scalars(select(Product).where(Product.id.in_(ids)))}
        products = [found[id_] for id_ in ids]
        assert wanted.get("min", 1) <= len(products) <= wanted.get("max", 10), seen
        assert re.search(wanted.get("title", ""), products[0].title, re.IGNORECASE), seen
        for product in products:
            assert re.search(wanted.get("every", ""), product.title, re.IGNORECASE), seen
            assert wanted.get("min_price", 0) <= product.price_minor / 100 <= wanted.get("max_price", 1e9), seen
            assert wanted.get("category", "") in product.category_path, seen
            for attribute in ("colour", "material"):
                value = getattr(product, attribute).casefold()
                assert wanted.get(attribute, "") in value, seen
                assert f"not_{attribute}" not in wanted or wanted[f"not_{attribute}"] not in value, seen

    def check_end(self, ends: dict[str, Any]) -> None:
        with self.store.read() as session:
            for name, state in ends.get("orders", {}).items():
                if name == "placed":
                    mine = select(func.count()).select_from(Order).where(Order.customer_id == self.customer_id)
                    assert (session.scalar(mine) or 0) - self.before == state
                else:
                    assert session.get_one(Order, self.orders[name]).status == state
            for name, line1 in ends.get("address", {}).items():
                assert session.get_one(Order, self.orders[name]).address["line1"] == line1
            for name, units in ends.get("quantity", {}).items():
                assert sum(line.quantity for line in session.get_one(Order, self.orders[name]).lines) == units
            if "returns" in ends:
                asked = select(func.count()).select_from(ReturnRequest).where(ReturnRequest.order_id.in_(self.orders.values()))
                assert session.scalar(asked) == ends["returns"]
            stored = {case.kind: case.text for case in cases.cases_of(session, self.customer_id)}
            assert set(stored) == set(ends.get("cases", {})), stored
            for kind, words in ends.get("cases", {}).items():
                assert re.search(words, stored[kind], re.IGNORECASE), stored
            if "reviews" in ends:
                mine = session.scalars(select(Review).where(Review.customer_id == self.customer_id))
                assert {session.get_one(Product, row.product_id).title: f"{row.rating}: {row.text}" for row in mine} == ends["reviews"]
            if "saved_address" in ends:
                assert session.get_one(Customer, self.customer_id).address.get("line1") == ends["saved_address"]
            if "state" in ends:
                assert session.get_one(Conversation, self.conversation_id).state == ends["state"]
            for purpose, granted in ends.get("consent", {}).items():
                assert consent.allowed(session, self.customer_id, purpose) == granted
            if "alerts" in ends:
                asked = select(func.count()).select_from(ProductAlert).where(ProductAlert.customer_id == self.customer_id)
                assert session.scalar(asked.where(ProductAlert.told_at.is_(None), ProductAlert.ended_at.is_(None))) == ends["alerts"]
            if "erasure" in ends:
                asked = select(func.count()).select_from(ErasureRequest).where(ErasureRequest.customer_id == self.customer_id)
                assert bool(session.scalar(asked)) == ends["erasure"]


def titles(answer: dict[str, Any]) -> list[str]:
    return [f"{card['title']} {card['price']}" for message in answer["messages"] for card in message.get("products", [])]
