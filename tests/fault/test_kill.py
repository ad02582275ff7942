"""kill -9 in the middle of everything."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter

import aiohttp
import pytest
from sqlalchemy import func, select, text

from cli.supervise import wait_until_healthy
from shop.models import Conversation, Customer, InboxMessage, Order, OutboxMessage, Turn
from shop.store import Store
from tests.fault.shoppers import Shopper, buy
from tests.harness.stack import Stack, copy_of_template, running

pytestmark = [pytest.mark.fault]

CHATS, KILLS, BUSY_SECONDS = 20, 40, (0.5, 3.0)
PROCESSES = ("web", "rasa", "actions", "worker")


def test_nothing_acknowledged_is_lost_doubled_or_answered_twice_under_forty_kills(tmp_path):
    with running(copy_of_template(tmp_path / "var"), messages_per_minute=1_000_000) as stack:
        store = Store(stack.settings.store_url)
        shoppers = [Shopper(stack.url, stack.settings.secret("internal_secret"), customer) for customer in customers(store, CHATS)]
        with store.read() as session:
            orders_before = session.scalar(select(func.count(Order.id)))
        bought, killed = asyncio.run(storm(stack, shoppers))
        assert sum(killed.values()) == KILLS
        with store.read() as session:
            pending = session.scalar(select(func.count(InboxMessage.id)).where(InboxMessage.state == "pending"))
            inbox = dict(session.execute(select(InboxMessage.client_message_id, InboxMessage.id)).all())
            turns = Counter(session.scalars(select(Turn.inbox_id)))
            answers = Counter(session.scalars(select(OutboxMessage.inbox_id).where(OutboxMessage.author == "customer")))
            new_orders = session.scalar(select(func.count(Order.id))) - orders_before
            sound = session.execute(text("PRAGMA integrity_check")).scalar()
            broken_links = session.execute(text("PRAGMA foreign_key_check")).all()
        said = [message_id for shopper in shoppers for message_id in shopper.acknowledged]
        print(f"{len(said)} messages acknowledged, {new_orders} orders, killed: {dict(killed)}")
        assert set(said) <= set(inbox), "an acknowledged message is not in the store"
        assert pending == 0
        assert all(turns[inbox[message_id]] == 1 for message_id in said), "a message has no turn, or two"
        assert max(answers.values()) == 1, "a message was echoed twice"
        assert new_orders == bought > CHATS, "an order was lost or doubled"
        assert (sound, broken_links) == ("ok", [])
        assert in_order(store, shoppers)


async def storm(stack: Stack, shoppers: list[Shopper]) -> tuple[int, Counter]:
    """All shoppers buy, again and again, until the last kill is done; returns purchases and kills by process."""
    over = asyncio.Event()

    async def shop(shopper: Shopper) -> int:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
            bought = 0
            while not over.is_set():
                bought += await buy(shopper, http)
            return bought

    async def kill() -> Counter:
        rng, done = random.Random(7), Counter()
        while sum(done.values()) < KILLS:
            # Everything is up and busy again before the next one falls; in turn, so that each is hit ten times.
            await asyncio.to_thread(wait_until_healthy, stack.settings, stack.supervisor)
            await asyncio.sleep(rng.uniform(*BUSY_SECONDS))
            name = PROCESSES[sum(done.values()) % len(PROCESSES)]
            os.kill((await asyncio.to_thread(stack.pids))[name], signal.SIGKILL)
            done[name] += 1
        over.set()
        return done

    killed, *bought = await asyncio.gather(kill(), *(shop(shopper) for shopper in shoppers))
    return sum(bought), killed


def in_order(store: Store, shoppers: list[Shopper]) -> bool:
    """Every conversation's turns answered its messages in the order in which they were sent."""
    with store.read() as session:
        for conversation in session.scalars(select(Conversation).where(Conversation.channel == "cli")):
            query = select(InboxMessage.client_message_id).join(Turn, Turn.inbox_id == InboxMessage.id)
            answered = list(session.scalars(query.where(Turn.conversation_id == conversation.id).order_by(Turn.id)))
            if not any(answered == shopper.acknowledged for shopper in shoppers):
                return False
    return True


def customers(store: Store, count: int) -> list[str]:
    with store.read() as session:
        return list(
            session.scalars(select(Customer.external_id).where(Customer.external_id.is_not(None)).order_by(Customer.id).limit(count))
        )
