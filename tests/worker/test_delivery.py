"""Delivery to pushed channels: at least once, in order, with patience. `test_contract_*` is what every channel's sender must pass."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.models import Conversation, Customer, OutboxMessage, now
from worker import delivery
from worker.delivery import DeliveryRefused, deliver_due


class FakePlatform:
    """A messaging platform: takes messages, refuses some for good, fails for a while."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []
        self.failures = 0
        self.refused: set[str] = set()
        self.lock = threading.Lock()

    def __call__(self, address, payload, *, key):
        with self.lock:
            if payload["text"] in self.refused:
                raise DeliveryRefused("blocked by the recipient")
            if self.failures:
                self.failures -= 1
                raise ConnectionError("the platform is down")
            self.taken.append((address, payload["text"], key))

    @property
    def texts(self) -> list[str]:
        return [text for _, text, _ in self.taken]


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


def conversation(store, channel: str, address: str, texts: list[str], author: str = "bot") -> list[int]:
    with store.write() as session:
        customer = Customer()
        session.add(customer)
        session.flush()
        thread = Conversation(customer_id=customer.id, channel=channel, address=address)
        session.add(thread)
        session.flush()
        rows = [OutboxMessage(conversation_id=thread.id, author=author, payload={"text": text}) for text in texts]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def row(store, message_id: int) -> OutboxMessage:
    with store.read() as session:
        return session.get(OutboxMessage, message_id)


def make_due(store) -> None:
    waiting = (OutboxMessage.delivered_at.is_(None), OutboxMessage.next_attempt_at.is_not(None))
    with store.write() as session:
        session.execute(update(OutboxMessage).where(*waiting).values(next_attempt_at=now() - timedelta(seconds=1)))


def drain(store, channels) -> None:
    while deliver_due(store, channels):
        pass


def test_contract_messages_arrive_in_order_with_their_outbox_id_as_key(store, platform):
    ids = conversation(store, "fake", "+44 1", ["one", "two", "three"])
    drain(store, {"fake": platform})
    assert platform.taken == [("+44 1", text, str(k)) for text, k in zip(["one", "two", "three"], ids, strict=True)]
    assert all(row(store, k).delivered_at for k in ids)


def test_contract_a_platform_that_is_down_is_tried_again_later_and_order_is_kept(store, platform):
    ids = conversation(store, "fake", "a", ["one", "two"])
    platform.failures = 2
    drain(store, {"fake": platform})
    assert platform.taken == []
    first = row(store, ids[0])
    assert first.attempts == 1
    assert first.next_attempt_at > now()
    make_due(store)
    drain(store, {"fake": platform})
    second_pause = row(store, ids[0]).next_attempt_at - now()
    assert second_pause > timedelta(seconds=3)  # twice the first
    make_due(store)
    drain(store, {"fake": platform})
    assert platform.texts == ["one", "two"]


def test_contract_a_refused_message_is_given_up_and_the_next_goes_out(store, platform):
    ids = conversation(store, "fake", "a", ["bad", "good"])
    platform.refused = {"bad"}
    drain(store, {"fake": platform})
    assert platform.texts == ["good"]
    given_up = row(store, ids[0])
    assert given_up.delivered_at is None
    assert given_up.next_attempt_at is None


def test_a_message_is_given_up_after_the_last_try(store, platform, monkeypatch):
    monkeypatch.setattr(delivery, "MAX_ATTEMPTS", 3)
    (only,) = conversation(store, "fake", "a", ["one"])
    platform.failures = 100
    for _ in range(5):
        drain(store, {"fake": platform})
        make_due(store)
    assert row(store, only).attempts == 3
    assert row(store, only).next_attempt_at is None


def test_a_stuck_conversation_does_not_hold_up_another(store, platform):
    conversation(store, "down", "a", ["never"])
    conversation(store, "fake", "b", ["hello"])

    def down(address, payload, *, key):
        raise TimeoutError

    drain(store, {"down": down, "fake": platform})
    assert platform.texts == ["hello"]


def test_web_messages_and_customers_own_words_count_as_delivered_and_are_not_sent(store, platform):
    web = conversation(store, "web", "session", ["for the browser"])
    echo = conversation(store, "fake", "a", ["what the customer wrote"], author="customer")
    drain(store, {"fake": platform})
    assert platform.taken == []
    assert all(row(store, k).delivered_at for k in [*web, *echo])


def test_messages_of_a_channel_without_a_sender_wait(store, platform):
    (unsent,) = conversation(store, "pigeon", "roof", ["coo"])
    drain(store, {"fake": platform})
    assert row(store, unsent).delivered_at is None
    assert row(store, unsent).next_attempt_at is not None


def test_a_worker_that_dies_while_sending_leaves_a_message_that_is_sent_again_under_the_same_key(store, platform):
    (only,) = conversation(store, "fake", "a", ["one"])
    (due,) = delivery.claim(store, {"fake": platform})  # claimed by the worker that dies
    drain(store, {"fake": platform})
    assert platform.taken == []  # under lease
    make_due(store)  # the lease has run out
    drain(store, {"fake": platform})
    assert platform.taken == [("a", "one", str(due.id))]
    assert due.id == only


def test_two_workers_at_once_send_every_message_once(store, platform):
    for k in range(20):
        conversation(store, "fake", f"address {k}", [f"{k}.{n}" for n in range(5)])
    workers = [threading.Thread(target=drain, args=(store, {"fake": platform})) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    drain(store, {"fake": platform})  # a message whose claim the other worker held when this one looked
    assert sorted(platform.texts) == sorted(f"{k}.{n}" for k in range(20) for n in range(5))
    for k in range(20):
        assert [text for address, text, _ in platform.taken if address == f"address {k}"] == [f"{k}.{n}" for n in range(5)]
    with store.read() as session:
        assert not session.scalars(select(OutboxMessage.id).where(OutboxMessage.delivered_at.is_(None))).all()
