"""Fills a store with conversations for the console's benchmark: the words are those of our own examples and answers, mixed by chance."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import yaml

from shop.models import Base, Conversation, Customer, InboxMessage, OutboxMessage, Product, Turn
from shop.sentiment import sentiment
from shop.settings import PROJECT
from shop.store import Store

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LONG = 2000  # messages of the one long conversation, which is the first
BATCH = 20_000
COLOURS = ("green", "blue", "cream", "brass", "white", "grey", "rose")


def fill(store: Store, messages: int, seed: int = 7) -> None:
    """About that many rows in `outbox`, a third of them the customers', in conversations of 16 messages on average."""
    rng = random.Random(seed)
    examples, answers = said_by_customers(), said_by_bot()
    people = max(messages // 50, 10)
    same = {"country": "", "address": {}, "created_at": BEGAN}
    put(store, Customer, ({"public_id": f"bench-{n}", "name": f"Customer {n}", **same} for n in range(people)))
    put(store, Product, (product(n) for n in range(500)))
    tables: dict[type[Base], list[dict[str, Any]]] = {Conversation: [], InboxMessage: [], Turn: [], OutboxMessage: []}
    written, thread, number = 0, 0, 0
    while written < messages:
        thread += 1
        pairs = LONG // 2 if thread == 1 else min(1 + int(rng.expovariate(1 / 5.6)), 60)
        at = BEGAN + timedelta(seconds=rng.random() * 300 * 86400)
        spoken = []
        for _ in range(pairs):
            number += 1
            at += timedelta(seconds=20 + rng.random() * 60)
            spoken.append(exchange(rng, thread, number, 1 + thread % people, at, examples, answers))
        tables[Conversation].append(
            {
                "id": thread, "public_id": f"thread-{thread}", "customer_id": 1 + thread % people,
                "channel": rng.choice(("web", "web", "email")),
                "address": str(thread), "state": rng.choices(("bot", "resolved", "waiting", "open"), (90, 8, 1, 1))[0],
                "created_at": spoken[0][0]["received_at"], "last_message_at": at,
            }
        )  # fmt: skip
        for inbox, turn, *out in spoken:
            tables[InboxMessage].append(inbox)
            tables[Turn].append(turn)
            tables[OutboxMessage] += out
            written += len(out)
        if len(tables[OutboxMessage]) >= BATCH or written >= messages:
            for table, rows in tables.items():
                put(store, table, rows)
                rows.clear()


def exchange(rng: random.Random, thread: int, number: int, customer: int, at: datetime, examples: list, answers: list) -> list[dict]:
    """A customer's message, its turn, and what stands in the outbox of both."""
    intent, text = rng.choice(examples)
    if rng.random() < 0.02:
        text += f" SK-{''.join(rng.choices('23456789ABCDEFGHJKMNPQRTVWXYZ', k=4))}-{number % 10000:04}"
    unsure = rng.random() < 0.08
    entities = [{"entity": "colour", "value": rng.choice(COLOURS), "start": 0, "end": 4}] if rng.random() < 0.3 else []
    cards = [{"sku": f"BENCH-{k}", "title": product(k)["title"]} for k in rng.sample(range(500), 3)] if rng.random() < 0.3 else []
    turn = {
        "id": number, "conversation_id": thread, "customer_id": customer, "inbox_id": number, "channel": "web", "text": text,
        "intent": "nlu_fallback" if unsure else intent, "confidence": rng.betavariate(2, 5) if unsure else rng.betavariate(9, 2),
        "intent_ranking": [{"name": intent, "confidence": 0.6}], "entities": entities, "slots": {"constraints": {"colours": ["green"]}},
        "actions": ["action_fallback" if unsure else f"utter_{intent}"], "timings": {"total": 80.0}, "error": "", "at": at,
        "sentiment": mood(text),
    }  # fmt: skip
    payload = {"text": rng.choice(answers)} | ({"products": cards} if cards else {})
    message = {"conversation_id": thread, "inbox_id": number, "attempts": 0, "delivered_at": at, "at": at}
    return [
        {"id": number, "conversation_id": thread, "client_message_id": str(number), "text": text, "state": "done", "received_at": at},
        turn,
        message | {"turn_id": None, "author": "customer", "payload": {"text": text}},
        message | {"turn_id": number, "author": "bot", "payload": payload},
    ]


mood = lru_cache(maxsize=10_000)(sentiment)


def said_by_customers() -> list[tuple[str, str]]:
    """(intent, text) of every example."""
    found = []
    for path in sorted((PROJECT / "nlu_data").glob("*.yml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")).get("nlu", []):
            found += [(entry["intent"], line.removeprefix("- ")) for line in entry["examples"].splitlines() if line]
    return found


def said_by_bot() -> list[str]:
    responses = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))["responses"]
    return [variant["text"] for variants in responses.values() for variant in variants if variant.get("text")]


def product(n: int) -> dict[str, Any]:
    colour, thing = COLOURS[n % len(COLOURS)], ("vase", "lamp", "throw", "mug", "basket")[n % 5]
    moment = {"created_at": BEGAN, "updated_at": BEGAN}
    return {
        "sku": f"BENCH-{n}", "group_key": f"bench-{n}", "title": f"{colour} {thing} no {n}", "description": "", "brand": "",
        "category_path": "Home", "price_minor": 1000, "currency": "GBP", "stock": 5, "colour": colour, "size": "", "material": "",
        "image_url": "", "tags": [], "active": True, **moment,
    }  # fmt: skip


def put(store: Store, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    """Bulk insert past the ORM: COPY on PostgreSQL, one transaction on SQLite. The triggers of the full text run."""
    rows = list(rows)
    if not rows:
        return
    names, name = list(rows[0]), table.__tablename__
    plain = ([_plain(row[column], store.dialect) for column in names] for row in rows)
    with store.write() as session, closing(session.connection().connection.cursor()) as cursor:
        if store.dialect == "sqlite":
            cursor.executemany(f"INSERT INTO {name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", plain)
            return
        with cursor.copy(f"COPY {name} ({', '.join(names)}) FROM STDIN") as copy:
            for row in plain:
                copy.write_row(row)


def _plain(value: Any, dialect: str) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value) if value else _EMPTY[type(value)]
    if isinstance(value, datetime) and dialect == "sqlite":
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return value


_EMPTY = {dict: "{}", list: "[]"}
