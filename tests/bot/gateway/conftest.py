"""A gateway on a real port over the store of the test, with a Rasa that the test plays."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from bot.gateway.app import create_app
from shop.settings import Settings
from shop.store import Store
from tests.harness.stack import free_ports
from tests.harness.web import FakeRasa, served


@pytest.fixture
def rasa() -> FakeRasa:
    return FakeRasa()


@pytest.fixture
def site_settings(store: Store, tmp_path) -> Settings:
    port = free_ports(1)[0]
    url = store.url.render_as_string(hide_password=False)
    return Settings(_env_file=None, var_dir=tmp_path / "var", DATABASE_URL=url, rasa_port=port, messages_per_minute=1000)


@pytest.fixture
def serve(site_settings: Settings) -> Callable:
    """Starts a gateway over the test's store; settings may be changed."""

    @contextmanager
    def start(**changes: Any) -> Iterator[str]:
        with served(create_app(site_settings.model_copy(update=changes))) as url:
            yield url

    return start


@pytest.fixture
def rasa_up(rasa: FakeRasa, site_settings: Settings) -> Callable:
    return lambda: served(rasa.app, site_settings.rasa_port)


@pytest.fixture
def url(serve: Callable, rasa_up: Callable) -> Iterator[str]:
    with rasa_up(), serve() as address:
        yield address


@pytest.fixture
def visitor(url: str) -> Iterator[Visitor]:
    with Visitor(url) as someone:
        yield someone


class Visitor:
    """A browser without a screen: keeps its cookie, names its Origin."""

    def __init__(self, url: str, **headers: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, headers={"Origin": url, **headers}, timeout=20)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def send(self, text: str, id: str | None = None, **more: Any) -> httpx.Response:
        return self.http.post("/api/messages", json={"client_message_id": id or uuid.uuid4().hex, "text": text, **more})

    def history(self) -> list[dict[str, Any]]:
        return self.http.get("/api/history?limit=200").json()["messages"]

    def wait_for(self, count: int, author: str = "bot", seconds: float = 10.0) -> list[dict[str, Any]]:
        """The messages of that author, once there are as many."""
        deadline = time.monotonic() + seconds
        while True:
            found = [message for message in self.history() if message["author"] == author]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, f"waited {seconds} s for {count} messages of {author}, got {found}"
            time.sleep(0.05)


@pytest.fixture
def new_visitor(url: str) -> Callable[..., Visitor]:
    return lambda **headers: Visitor(url, **headers)
