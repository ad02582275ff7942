"""A customer with a conversation, and workers to watch it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from shop.models import Conversation, Customer, InboxMessage, Interaction, Product, Turn
from shop.settings import PROJECT
from shop.store import Store

NUMBER = itertools.count(1)


@pytest.fixture
def talk(store: Store) -> Callable[..., SimpleNamespace]:
    """Makes a customer with an open conversation: its `say(text, intent, entities)` and `do(kind, product)` commit turns and interactions
    and return their ids; `lamp` and `mug` are products' ids."""

    def make() -> SimpleNamespace:
        number = next(NUMBER)
        with store.write() as session:
            customer = Customer(email=f"c{number}@example.com", name="Emma")
            lamp = product(f"lamp-{number}", category_path="Home > Lighting", brand="Lumen", colour="blue", price_minor=4000)
            mug = product(f"mug-{number}", category_path="Home > Kitchen", brand="Clay", colour="red", price_minor=900)
            session.add_all([customer, lamp, mug])
            session.flush()
            thread = Conversation(customer_id=customer.id, channel="web", address=f"browser {number}")
            session.add(thread)
            session.flush()
            ids = SimpleNamespace(customer=customer.id, conversation=thread.id, public_id=thread.public_id, lamp=lamp.id, mug=mug.id)

        def say(text: str, intent: str = "search_product", entities: list | None = None, state: str = "done") -> int:
            with store.write() as session:
                message = InboxMessage(conversation_id=ids.conversation, client_message_id=f"m{next(NUMBER)}", text=text, state=state)
                session.add(message)
                session.flush()
                turn = Turn(
                    conversation_id=ids.conversation,
                    customer_id=ids.customer,
                    inbox_id=message.id,
                    channel="web",
                    text=text,
                    intent=intent,
                    entities=entities or [],
                )
                session.add(turn)
                session.flush()
                return turn.id

        def do(kind: str = "view", product_id: int | None = None, count: int = 1, **more) -> list[int]:
            about = None if kind == "search" else product_id or ids.lamp
            with store.write() as session:
                rows = [Interaction(customer_id=ids.customer, product_id=about, kind=kind, source="web", **more) for _ in range(count)]
                session.add_all(rows)
                session.flush()
                return [row.id for row in rows]

        return SimpleNamespace(**vars(ids), say=say, do=do)

    return make


def product(sku: str, **more) -> Product:
    return Product(sku=sku, group_key=sku, title=sku, currency="GBP", stock=5, **more)


@pytest.fixture
def encode() -> Callable:
    """A small stand-in for the encoder: a unit vector that depends on the text."""

    def of(texts) -> np.ndarray:
        rows = np.array([[len(text), text.count("a") + 1.0, 1.0] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    return of


@pytest.fixture
def start_worker(store: Store, tmp_path) -> Iterator[Callable[[], subprocess.Popen]]:
    """Starts real worker processes on the test's store; all are gone when the test ends."""
    running: list[subprocess.Popen] = []

    def start() -> subprocess.Popen:
        url = store.url.render_as_string(hide_password=False)
        environment = os.environ | {"DATABASE_URL": url, "SHOPKEEPER_VAR_DIR": str(tmp_path / "worker-var"), "PYTHONPATH": str(PROJECT)}
        out = (tmp_path / f"worker-{len(running)}.log").open("w")
        running.append(subprocess.Popen([sys.executable, "-m", "worker"], cwd=tmp_path, env=environment, stdout=out, stderr=out))
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
