"""The console on a real port over the store of the test, and colleagues who sign in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from bot.gateway.app import create_app
from console.access import COOKIE
from console.csrf import token_of
from shop import staff
from shop.models import Staff
from shop.settings import Settings
from shop.store import Store
from tests.harness.stack import free_ports
from tests.harness.web import FakeRasa, served

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords of tests protect nobody."""
    monkeypatch.setattr(staff, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def rasa() -> FakeRasa:
    return FakeRasa()


@pytest.fixture
def site_settings(store: Store, tmp_path) -> Settings:
    url = store.url.render_as_string(hide_password=False)
    return Settings(_env_file=None, var_dir=tmp_path / "var", DATABASE_URL=url, rasa_port=free_ports(1)[0], messages_per_minute=1000)


@pytest.fixture
def serve(site_settings: Settings, rasa: FakeRasa) -> Callable:
    @contextmanager
    def start(**changes: Any) -> Iterator[str]:
        with served(rasa.app, site_settings.rasa_port), served(create_app(site_settings.model_copy(update=changes))) as url:
            yield url

    return start


@pytest.fixture
def url(serve: Callable) -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture
def hire(store: Store) -> Callable[..., Staff]:
    """Makes a colleague."""

    def make(role: str = "agent", name: str = "", team: str = "") -> Staff:
        with store.write() as session:
            count = len(staff.everyone(session)) + 1
            email = f"{role}{count}@shop.example"
            return staff.add(session, email, name or f"{role.title()} {count}", role, staff.hash_password(PASSWORD), team)

    return make


class Colleague:
    """A browser without a screen, signed in to the console."""

    def __init__(self, url: str, store: Store, who: Staff) -> None:
        self.who, self.url = who, url
        with store.write() as session:
            token = staff.open_session(session, who.id, "tests", confirmed=True)
            found = staff.session_of(session, token)
            assert found is not None
            self.csrf = token_of(found[0].csrf, found[0].id)
        self.http = httpx.Client(base_url=url + "/console", headers={"Origin": url, "Accept": "text/html"}, timeout=20)
        self.http.cookies.set(COOKIE, token)

    def get(self, path: str, **how: Any) -> httpx.Response:
        return self.http.get(path, **how)

    def post(self, path: str, **fields: Any) -> httpx.Response:
        return self.http.post(path, data={"csrf": self.csrf, **fields})


@pytest.fixture
def sign_in(url: str, store: Store) -> Iterator[Callable[[Staff], Colleague]]:
    colleagues: list[Colleague] = []

    def make(who: Staff) -> Colleague:
        colleagues.append(Colleague(url, store, who))
        return colleagues[-1]

    yield make
    for one in colleagues:
        one.http.close()
