from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from shop.verification import Denied, Verified, grant, granted_orders, may_see, verify_order

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def order(factory):
    return factory.order(factory.customer(email="ada@shop.example"), [], number="SK-7Q2M-X9KD")


def attempt(store, conversation="chat", number="SK-7Q2M-X9KD", email="eve@shop.example", message="m", at=NOW):
    with store.write() as session:
        return verify_order(session, conversation, number, email, message, at)


def test_number_and_email_together_open_the_order_for_that_conversation_for_a_day(store, factory, order):
    stranger = factory.guest()
    result = attempt(store, number="sk7q2m x9kd", email=" ADA@Shop.example ")
    assert isinstance(result, Verified)
    assert result.order.id == order.id
    with store.read() as session:
        assert may_see(session, order, stranger.id, False, "chat", NOW + timedelta(hours=23))
        assert not may_see(session, order, stranger.id, False, "chat", NOW + timedelta(hours=24))
        assert not may_see(session, order, stranger.id, False, "another chat", NOW)
        assert [o.id for o in granted_orders(session, "chat", NOW)] == [order.id]
        assert granted_orders(session, "chat", NOW + timedelta(hours=24)) == []


def test_the_owner_sees_the_order_only_when_signed_in(store, factory, order):
    other = factory.order(None, [])
    with store.read() as session:
        assert may_see(session, order, order.customer_id, True, "chat")
        assert not may_see(session, order, order.customer_id, False, "chat")
        assert not may_see(session, order, factory.guest().id, True, "chat")
        assert not may_see(session, other, order.customer_id, True, "chat")


def test_an_unknown_number_is_answered_like_a_wrong_email(store, order):
    known, unknown = attempt(store, "chat 1"), attempt(store, "chat 2", number="SK-0000-0000", message="n")
    assert known == unknown == Denied("mismatch", 4)


def test_an_order_without_an_email_is_opened_by_none(store, factory):
    factory.order(None, [], number="SK-0000-0001", email="")
    assert attempt(store, number="SK-0000-0001", email="") == Denied("mismatch", 4)


def test_after_five_failures_even_the_right_answer_is_refused_until_the_window_has_passed(store, order):
    left = [attempt(store, message=f"m{k}").tries_left for k in range(5)]
    assert left == [4, 3, 2, 1, 0]
    assert attempt(store, email="ada@shop.example", message="m6") == Denied("locked", 0)
    late = attempt(store, email="ada@shop.example", message="m7", at=NOW + timedelta(minutes=15))
    assert isinstance(late, Verified)


def test_ten_failures_from_many_conversations_lock_the_order(store, order):
    for k in range(10):
        assert attempt(store, f"chat {k}", message=f"m{k}").reason == "mismatch"
    assert attempt(store, "chat 10", email="ada@shop.example", message="m10") == Denied("locked", 0)


def test_a_repeated_delivery_is_no_second_try(store, order):
    assert [attempt(store, message="same") for _ in range(7)] == [Denied("mismatch", 4)] + [Denied("mismatch", 4)] * 6
    right = [attempt(store, email="ada@shop.example", message="right") for _ in range(3)]
    assert all(isinstance(result, Verified) for result in right)


def test_twenty_parallel_guesses_are_five_tries(store, order):
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda k: attempt(store, message=f"m{k}"), range(20)))
    assert sorted(r.reason for r in results) == ["locked"] * 15 + ["mismatch"] * 5


def test_an_order_placed_in_a_conversation_may_be_seen_there(store, factory, order):
    guest = factory.guest()
    for _ in range(2):
        with store.write() as session:
            grant(session, "chat", order, "message-1", NOW)
    with store.read() as session:
        assert may_see(session, order, guest.id, False, "chat", NOW)
        assert not may_see(session, order, guest.id, False, "another", NOW)


@pytest.mark.parametrize(("number", "email"), [("x" * 5000, "y" * 5000), ("\x00", "\x00"), ("", "")])
def test_any_text_may_be_tried(store, order, number, email):
    assert attempt(store, number=number, email=email).reason == "mismatch"
