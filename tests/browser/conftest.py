"""A real Chromium before a real gateway, whose Rasa the test plays."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.gateway.app import create_app
from shop import staff
from shop.settings import Settings
from shop.store import Store
from tests.harness.stack import free_ports
from tests.harness.web import FakeRasa, served

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PASSWORD = "correct horse battery"
expect.set_options(timeout=20_000)  # milliseconds; a busy machine is no fault of the pages
DESK, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 800}


def chromium_path() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("SHOPKEEPER_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = chromium_path()
    if found is None:
        pytest.skip("no Chromium here: install it, or name it in SHOPKEEPER_CHROMIUM")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser of its own; on leaving, fails if a page reported an error or a breach of its policy."""
    contexts, complaints = [], []

    def open_page(size: dict[str, int] = DESK, **how: Any) -> Page:
        context = chromium.new_context(viewport=size, has_touch=size is PHONE, is_mobile=size is PHONE, **how)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if "Security Policy" in line.text else None)
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def rasa() -> FakeRasa:
    return FakeRasa()


@pytest.fixture
def shop(sqlite_copy: Callable, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a shop with an empty store."""
    with sqlite_copy(tmp_path) as store_url:
        web, rasa_port = free_ports(2)
        yield Settings(_env_file=None, var_dir=tmp_path / "var", DATABASE_URL=store_url, port=web, rasa_port=rasa_port)


@pytest.fixture
def url(shop: Settings, rasa: FakeRasa) -> Iterator[str]:
    with served(rasa.app, shop.rasa_port), served(create_app(shop), shop.port) as address:
        yield address


@pytest.fixture
def pictures() -> Path:
    """Where screenshots go, to be looked at."""
    folder = Path(os.environ.get("SHOPKEEPER_SCREENSHOTS") or "/tmp/shopkeeper-screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def store(shop: Settings) -> Iterator[Store]:
    opened = Store(shop.store_url)
    yield opened
    opened.close()


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords of tests protect nobody."""
    monkeypatch.setattr(staff, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def agent(url: str, store: Store, new_page: Callable[..., Page], quick_hashes: None) -> Callable[..., Page]:
    """A colleague who signs in as a person would."""

    def sign_in(name: str, role: str = "agent", **how) -> Page:
        email = f"{name.split()[0].lower()}@shop.example"
        with store.write() as session:
            staff.add(session, email, name, role, staff.hash_password(PASSWORD))
        page = new_page(**how)
        sign_in_at(url, page, email, PASSWORD)
        return page

    return sign_in


def sign_in_at(address: str, page: Page, email: str, password: str) -> None:
    page.goto(f"{address}/console/")
    page.fill("#email", email)
    page.fill("#password", password)
    page.press("#password", "Enter")
    expect(page.locator(".rail nav")).to_be_visible()


def ready(page: Page) -> None:
    """Keys and buttons work from here on."""
    expect(page.locator("body[data-ready]")).to_be_attached()


def take(page: Page) -> None:
    """Takes the chat by its key; one can write in it from here on."""
    page.keyboard.press("t")
    expect(page.locator("#composer")).to_be_visible()
    ready(page)
