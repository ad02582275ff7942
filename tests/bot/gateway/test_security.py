"""Who is let in, what is refused, and what one visitor can never see of another."""

from __future__ import annotations

import hashlib
import re

import httpx
import pytest
from sqlalchemy import func, select

from bot.gateway import sessions
from bot.gateway.account import AUDIENCE
from shop.identity import demo_shop_token
from shop.models import Customer, InboxMessage, Interaction, VisitorSession
from tests.bot.gateway.conftest import Visitor

PAGES = [
    "/",
    "/?q=mug",
    "/cart",
    "/checkout",
    "/orders",
    "/sign-in",
    "/chat",
    "/no-such-page",
    "/api/session",
    "/api/no-such",
    "/widget.js",
]
ADDRESS = {"name": "Ann", "email": "ann@shop.example", "line1": "1 Quay Street", "city": "Whitby", "postcode": "YO21 1AA"}


def count(store, table) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table))


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_a_strict_policy(visitor, path):
    headers = visitor.http.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert {"referrer-policy", "permissions-policy"} <= set(headers)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_pages_hold_no_inline_script_or_style(visitor, factory):
    product = factory.product()
    for path in ["/", f"/p/{product.sku}", "/cart", "/checkout", "/sign-in", "/chat"]:
        page = visitor.http.get(path).text
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page), path


def test_only_the_chat_may_be_framed_and_only_by_the_allowed_origins(serve):
    with serve(allowed_origins=["https://shop.example"]) as url, Visitor(url) as visitor:
        assert "frame-ancestors 'self' https://shop.example" in visitor.http.get("/chat").headers["content-security-policy"]
        assert visitor.http.get("/checkout").headers["content-security-policy"].endswith("frame-ancestors 'self'")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Authorization": "Bearer guess"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 202),
        ({"Origin": "https://shop.example"}, 202),
    ],
)
def test_only_our_own_pages_and_the_allowed_origins_may_change_anything(serve, store, headers, status):
    with serve(allowed_origins=["https://shop.example"]) as url, httpx.Client(base_url=url) as http:
        answer = http.post("/api/messages", json={"client_message_id": "x1", "text": "hello"}, headers=headers)
        assert answer.status_code == status
        assert count(store, InboxMessage) == (status == 202)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_body_over_64_kib_is_refused_whether_announced_or_not(visitor):
    big = b"x" * 70_000
    assert visitor.http.post("/api/messages", content=big).status_code == 413
    assert visitor.http.post("/api/messages", content=iter([big[:40_000], big[40_000:]])).status_code == 413


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_too_many_messages_are_told_when_to_come_back(serve, store):
    with serve(messages_per_minute=3) as url, Visitor(url) as visitor, Visitor(url) as other:
        visitor.http.get("/chat")
        answers = [visitor.send("hello") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
        assert 1 <= int(answers[3].headers["retry-after"]) <= 60
        assert answers[3].json()["error"] == "too_many"
        assert count(store, InboxMessage) == 3
        other.http.get("/chat")
        assert other.send("hello").status_code == 202


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_leaving_the_cookie_behind_does_not_escape_the_limit(serve):
    with serve(messages_per_minute=1) as url:
        codes = []
        for _ in range(12):
            with Visitor(url) as stranger:
                codes.append(stranger.send("hello").status_code)
    assert codes[:10] == [202] * 10
    assert codes[10:] == [429] * 2


def test_passers_by_leave_no_rows_and_the_stored_token_is_a_hash(visitor, store):
    visitor.http.get("/")
    visitor.http.get("/chat")
    assert count(store, VisitorSession) == count(store, Customer) == 0
    token = visitor.http.cookies[sessions.COOKIE]
    visitor.send("hello")
    assert visitor.http.cookies[sessions.COOKIE] == token
    with store.read() as session:
        assert session.scalars(select(VisitorSession.token_hash)).one() == hashlib.sha256(token.encode()).hexdigest()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_cookie_is_closed_to_scripts_and_to_other_sites(serve):
    with serve(cookie_secure=True) as url, Visitor(url) as visitor:
        cookie = visitor.http.get("/chat").headers["set-cookie"].lower()
        assert {"httponly", "secure", "samesite=lax", "path=/"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("chosen", ["a" * 43, "a" * 43 + "." + "b" * 32, "short", "é" * 20])
def test_a_token_we_did_not_make_is_replaced(visitor, chosen):
    answer = visitor.http.post(
        "/api/messages", json={"client_message_id": "x1", "text": "hello"}, headers={"Cookie": f"{sessions.COOKIE}={chosen}".encode()}
    )
    assert answer.status_code == 202
    assert answer.cookies[sessions.COOKIE] != chosen


def test_an_expired_session_is_not_brought_back_to_life(visitor, store):
    visitor.send("hello")
    token = visitor.http.cookies[sessions.COOKIE]
    visitor.wait_for(1)
    with store.write() as session:
        row = session.scalars(select(VisitorSession)).one()
        row.expires_at = row.created_at
    assert visitor.history() == []
    visitor.send("hello again")
    assert visitor.http.cookies[sessions.COOKIE] != token
    assert [m["text"] for m in visitor.history() if m["author"] == "customer"] == ["hello again"]


def test_one_visitor_sees_nothing_of_another(visitor, new_visitor, factory):
    product = factory.product(stock=5)
    visitor.send("my secret")
    visitor.wait_for(1)
    visitor.http.post("/api/cart/lines", json={"sku": product.sku, "key": "key-12345"})
    order = visitor.http.post("/checkout", data={**ADDRESS, "key": "one-checkout"})
    assert order.status_code == 303
    assert visitor.http.get(order.headers["location"]).status_code == 200
    with new_visitor() as other:
        other.http.get("/chat")
        other.send("hello")
        assert "my secret" not in other.http.get("/api/history").text
        assert other.http.get(order.headers["location"]).status_code == 404
        assert order.headers["location"].split("/")[-1] not in other.http.get("/orders").text
        assert other.http.get("/api/cart").json()["count"] == 0


def test_the_host_shops_token_signs_in_and_takes_the_guests_things_along(visitor, store, factory, site_settings):
    emma = factory.customer(email="emma@shop.example", name="Emma")
    product = factory.product()
    visitor.http.post("/api/cart/lines", json={"sku": product.sku, "quantity": 2, "key": "key-12345"})
    visitor.send("hello")
    visitor.wait_for(1)
    before = visitor.http.cookies[sessions.COOKIE]
    token = demo_shop_token(emma, site_settings.secret("shop_token_secret"), AUDIENCE)
    assert visitor.http.post("/api/session/identify", json={"token": token}).json() == {"name": "Emma", "signed_in": True}
    assert visitor.http.cookies[sessions.COOKIE] != before
    assert visitor.http.get("/api/session").json() == {"name": "Emma", "signed_in": True, "conversation": True, "cart": 2, "unread": 1}
    assert len(visitor.history()) == 2
    with Visitor(visitor.url) as thief:  # who had learned the token before the sign-in
        thief.http.cookies.set(sessions.COOKIE, before)
        assert thief.http.get("/api/session").json()["signed_in"] is False
        assert thief.history() == []


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_forged_token_signs_nobody_in(visitor, factory):
    emma = factory.customer()
    forged = demo_shop_token(emma, "not the secret but as long as one", AUDIENCE)
    for token in (forged, "nonsense", ""):
        assert visitor.http.post("/api/session/identify", json={"token": token}).status_code in (409, 422)
    assert visitor.http.get("/api/session").json()["signed_in"] is False


def test_after_sign_out_the_browser_is_a_stranger(visitor, factory):
    factory.customer(email="emma@shop.example", name="Emma")
    assert visitor.http.post("/demo/sign-in", data={"email": "emma@shop.example"}).status_code == 303
    assert "Emma" in visitor.http.get("/").text
    visitor.send("my secret")
    visitor.wait_for(1)
    visitor.http.post("/demo/sign-out")
    assert visitor.history() == []
    assert visitor.http.get("/api/session").json()["signed_in"] is False
    visitor.send("hello")
    assert [m["text"] for m in visitor.history() if m["author"] == "customer"] == ["hello"]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_demo_sign_in_does_not_exist_on_a_real_shop(serve, factory):
    factory.customer(email="emma@shop.example")
    with serve(demo=False) as url, Visitor(url) as visitor:
        assert visitor.http.get("/sign-in").status_code == 404
        assert visitor.http.post("/demo/sign-in", data={"email": "emma@shop.example"}).status_code == 404
        assert visitor.http.get("/api/session").json()["signed_in"] is False


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("next", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_sign_in_never_leads_to_another_site(visitor, factory, next):
    factory.customer(email="emma@shop.example")
    answer = visitor.http.post("/demo/sign-in", data={"email": "emma@shop.example", "next": next})
    assert answer.headers["location"] == "/"


def test_an_event_is_recorded_once_for_each_visitor(visitor, new_visitor, factory, store):
    product = factory.product()
    view = {"event_id": "event-12345", "kind": "view", "sku": product.sku}
    events = [view, view, {"event_id": "event-67890", "kind": "search", "query": "mug"}, {**view, "event_id": "gone-12345", "sku": "gone"}]
    assert visitor.http.post("/api/events", json=events).json() == {"recorded": 2}
    assert visitor.http.post("/api/events", json=events).json() == {"recorded": 0}
    with new_visitor() as other:
        assert other.http.post("/api/events", json=[view]).json() == {"recorded": 1}
    assert count(store, Interaction) == 3
    assert visitor.http.post("/api/events", json=[{**view, "kind": "purchase"}]).status_code == 422
