"""Talking to the running gateway as the command-line program: the same door, inbox and outbox as the page's."""

from __future__ import annotations

import time
import uuid
from typing import Any

import httpx

from shop.settings import Settings

ANSWERED_WITHIN = 90.0  # seconds; a message is never lost, so waiting on is right while the bot comes back
PAUSE = 0.3


class CannotChat(Exception):
    """What stands in the way and what to do about it, in one line."""


class Gateway:
    """One conversation on channel `cli` on behalf of a customer (id, public id, external id or email; empty: a guest)."""

    def __init__(self, settings: Settings, url: str = "", customer: str = "") -> None:
        if not (customer.isascii() and customer.isprintable()):
            raise CannotChat(f"no customer is called {customer!r}: name one by id, public id, external id or email")
        host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
        self.url = (url or f"http://{host}:{settings.port}").rstrip("/")
        headers = {"Authorization": f"Bearer {settings.secret('internal_secret')}", "X-Shopkeeper-Conversation": uuid.uuid4().hex}
        if customer:
            headers["X-Shopkeeper-Customer"] = customer
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=httpx.Timeout(35.0, connect=3.0))

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ready(self) -> None:
        """Raises CannotChat when nobody answers."""
        self._request("GET", "/health")

    def say(self, text: str) -> dict[str, Any]:
        """Sends a message and waits for its turn: messages, products, intent, confidence, facts, timings. A message that could not be
        handed over is sent again under the same id, so it counts once."""
        message_id = str(uuid.uuid4())
        deadline = time.monotonic() + ANSWERED_WITHIN
        while (sent := self._request("POST", "/api/messages", json={"client_message_id": message_id, "text": text})).status_code in (
            429,
            503,
        ):
            self._wait(sent, deadline, "takes no messages")
        accept(sent)
        while (answer := self._request("GET", f"/api/turns/{message_id}")).status_code != 200:
            if answer.status_code not in (202, 204, 404, 408, 429, 503, 504):
                accept(answer)
            self._wait(answer, deadline, "has not answered; the message is kept and will be")
        return answer.json()

    def _wait(self, answer: httpx.Response, deadline: float, told: str) -> None:
        pause = float(answer.headers.get("Retry-After", PAUSE))
        if time.monotonic() + pause > deadline:
            raise CannotChat(f"the shop at {self.url} {told}. Is everything healthy? .venv/bin/shopkeeper doctor")
        time.sleep(pause)

    def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **more)
        except httpx.ConnectError:
            raise CannotChat(f"the shop is not running at {self.url}. Start it: make run (or name another address with --url)") from None
        except httpx.HTTPError as error:
            raise CannotChat(f"the shop at {self.url} did not answer ({type(error).__name__}). See: .venv/bin/shopkeeper doctor") from None


def accept(answer: httpx.Response) -> None:
    """Raises CannotChat with the gateway's own words when it refused."""
    if answer.is_success:
        return
    try:
        told = answer.json()
        reason = str(told.get("detail") or told.get("error"))
    except (ValueError, AttributeError):
        reason = answer.reason_phrase
    hint = (
        " Is this the secret of the running shop (SHOPKEEPER_VAR_DIR, SHOPKEEPER_INTERNAL_SECRET)?"
        if answer.status_code in (401, 403)
        else ""
    )
    raise CannotChat(f"the shop refused ({answer.status_code}): {reason}.{hint}")
