"""The action server's door."""

from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest

from actions.__main__ import create_app
from recommender.again import Repurchase

METADATA = {"customer_id": 1, "signed_in": False, "conversation_id": "c", "message_id": "c:1"}


@pytest.fixture
def client(settings):
    runtime = SimpleNamespace(settings=settings, store=None, recommender=None)
    transport = httpx.ASGITransport(app=create_app(runtime, "s3cret"))
    return httpx.AsyncClient(transport=transport, base_url="http://actions")


def call(action="action_answer_question", metadata=METADATA, text="hello"):
    message = {"text": text, "intent": {"name": "ask_delivery_time", "confidence": 1.0}, "entities": [], "metadata": metadata}
    return {"next_action": action, "tracker": {"sender_id": "x", "slots": {}, "latest_message": message}}


async def post(client, body, secret="s3cret"):
    return await client.post("/webhook", json=body, headers={"Authorization": f"Bearer {secret}"})


async def test_a_call_with_the_secret_is_answered_in_rasas_format(client):
    answer = await post(client, call())
    assert answer.status_code == 200
    assert answer.json()["events"] == []
    assert answer.json()["responses"][0]["response"] == "utter_ask_delivery_time"


@pytest.mark.parametrize("secret", ["", "wrong", "s3cret "])
async def test_without_the_secret_nothing_runs_and_nothing_is_echoed(client, secret):
    headers = {"Authorization": f"Bearer {secret}x"}
    answer = await client.post("/webhook", json=call(text="marker-text"), headers=headers)
    assert answer.status_code == 401
    assert "marker-text" not in answer.text


async def test_a_failing_action_answers_500_without_the_customers_words_here_or_in_the_log(client, caplog):
    answer = await post(client, call("action_view_cart", text="marker-text"))
    assert answer.status_code == 500
    assert "marker-text" not in answer.text
    assert "marker-text" not in caplog.text
    assert "action_view_cart" in caplog.text


async def test_nobody_is_served_without_an_identity(client):
    assert (await post(client, call(metadata={}))).status_code == 500


async def test_an_action_that_does_not_exist_is_named(client):
    answer = await post(client, call("action_fly"))
    assert (answer.status_code, answer.json()["action_name"]) == (404, "action_fly")


async def test_a_body_that_is_no_call_is_an_error_and_not_a_crash(client):
    answer = await client.post("/webhook", content=b"[broken", headers={"Authorization": "Bearer s3cret"})
    assert answer.status_code == 500
    assert (await client.get("/health")).json()["status"] == "ok"


async def test_the_console_is_told_what_fits_a_customer_best_and_what_they_will_buy_again(settings):
    def recommend(ask):
        return SimpleNamespace(items=[SimpleNamespace(item=ask + k, reason=SimpleNamespace(text=f"because {k}")) for k in range(5)])

    again = [Repurchase(item=7, probability=0.5, times=2, days=9.0)]
    recommender = SimpleNamespace(ask_for=lambda customer_id, n: customer_id, recommend=recommend, repurchases=lambda ask: again)
    app = create_app(SimpleNamespace(settings=settings, recommender=recommender), "s3cret")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://actions") as client:
        asked = {"customer_id": 10, "n": 2}
        assert [(await client.post(f"/{path}", json=asked)).status_code for path in ("recommend", "due")] == [401, 401]
        client.headers["Authorization"] = "Bearer s3cret"
        answer, due = await client.post("/recommend", json=asked), await client.post("/due", json=asked)
    assert due.json() == [{"item": 7, "probability": 0.5, "times": 2, "days": 9.0}]
    assert answer.json() == [{"item": 10, "reason": "because 0"}, {"item": 11, "reason": "because 1"}]
