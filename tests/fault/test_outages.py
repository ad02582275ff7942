"""What the customer sees while a part of the shop is down, and what is left when it is back."""

from __future__ import annotations

import asyncio
import http.server
import os
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import func, select

from bot.gateway import texts
from shop.models import CartLine, Customer, InboxMessage, Turn
from shop.store import Store
from tests.fault.shoppers import Shopper
from tests.harness.stack import Stack, copy_of_template, running

pytestmark = [pytest.mark.fault]

EMMA = "emma.hughes@example.com"
WITHIN = 5.0  # seconds: the promise


def shopper(stack: Stack) -> Shopper:
    return Shopper(stack.url, stack.settings.secret("internal_secret"), EMMA)


def test_a_dead_failing_or_hanging_action_server_gets_an_apology_within_five_seconds_and_no_false_word(tmp_path):
    with running(copy_of_template(tmp_path / "var"), without=("actions",)) as stack:
        for mode in ("dead", "500", "hanging", "garbage"):
            with actions_that_are(mode, stack.settings.actions_port):
                seconds, turn = asyncio.run(ask(shopper(stack), "show me candles"))
                assert seconds < WITHIN, f"{mode}: {seconds:.1f} s"
                assert turn["messages"] == [texts.ACTION_FAILED], mode
                assert turn["facts"]["error"], mode
                assert turn["products"] == [], mode
                seconds, turn = asyncio.run(ask(shopper(stack), "hi"))
                assert turn["facts"]["error"] == "", "what needs no action is still answered"
        with Store(stack.settings.store_url).read() as session:
            emma = session.scalar(select(Customer.id).where(Customer.email == EMMA))
            assert session.scalar(select(func.count(CartLine.id)).where(CartLine.customer_id == emma)) == 0


def test_a_dead_rasa_gets_a_note_within_five_seconds_and_the_answer_when_it_is_back(tmp_path):
    with running(copy_of_template(tmp_path / "var")) as stack:
        one = shopper(stack)
        asyncio.run(ask(one, "hi"))
        with kept_dead(stack, "rasa"):
            began = time.monotonic()
            asyncio.run(say_and_wait_for_note(one, "what can you do?"))
            assert time.monotonic() - began < WITHIN
        turn = asyncio.run(wait_for_answer(one))
        assert (turn["intent"], turn["facts"]["error"]) == ("ask_capabilities", "")


def test_a_locked_store_acknowledges_nothing_it_has_not_stored_and_goes_on_afterwards(tmp_path):
    with running(copy_of_template(tmp_path / "var")) as stack:
        one = shopper(stack)
        asyncio.run(ask(one, "hi"))
        lock = sqlite3.connect(stack.settings.var_dir / "shop.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        status, retry_after = asyncio.run(post_once(one, "held-up", "show me candles"))
        assert (status, retry_after is not None) == (503, True)
        lock.execute("ROLLBACK")
        lock.close()
        store = Store(stack.settings.store_url)
        with store.read() as session:
            assert session.scalar(select(InboxMessage.id).where(InboxMessage.client_message_id == "held-up")) is None
        _, turn = asyncio.run(ask(one, "show me candles"))
        assert turn["products"]


def test_a_full_disk_acknowledges_nothing_and_loses_nothing(tmp_path):
    with tiny_disk(tmp_path / "disk") as disk, running(copy_of_template(disk / "var")) as stack:
        one = shopper(stack)
        _, before = asyncio.run(ask(one, "show me candles"))
        assert before["products"]
        filler = disk / "filler"
        fill(filler)
        status, _ = asyncio.run(post_until(one, 503))
        assert status == 503
        assert asyncio.run(page(stack)) == 200, "the shop can still be looked at"
        filler.unlink()
        _, after = asyncio.run(ask(one, "hi"))
        assert after["facts"]["error"] == ""
        store = Store(stack.settings.store_url)
        with store.read() as session:
            stored = session.scalar(select(func.count(InboxMessage.id)))
            answered = session.scalar(select(func.count(Turn.id)))
        assert stored == answered
        assert sqlite3.connect(stack.settings.var_dir / "shop.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def ask(one: Shopper, text: str) -> tuple[float, dict]:
    async with aiohttp.ClientSession() as http:
        began = time.monotonic()
        turn = await one.say(http, text)
        return time.monotonic() - began, turn


async def post_once(one: Shopper, message_id: str, text: str) -> tuple[int, str | None]:
    body = {"client_message_id": message_id, "text": text}
    async with aiohttp.ClientSession() as http, http.post(f"{one.url}/api/messages", json=body, headers=one.headers) as answer:
        return answer.status, answer.headers.get("Retry-After")


async def post_until(one: Shopper, wanted: int, tries: int = 300) -> tuple[int, int]:
    """Posts until that status comes: a full disk still has some room within pages that are already there."""
    for k in range(tries):
        status, _ = await post_once(one, f"filling-{k}", "hi " * 600)
        if status == wanted:
            return status, k
    return status, tries


async def page(stack: Stack) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"{stack.url}/") as answer:
        return answer.status


async def say_and_wait_for_note(one: Shopper, text: str) -> None:
    """Sends, and returns as soon as the holding note stands in the conversation."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(30):
        await one._send(http, "noted", text)
        while True:
            async with http.get(f"{one.url}/api/history", headers=one.headers) as answer:
                if any(message["author"] == "system" for message in (await answer.json())["messages"]):
                    return
            await asyncio.sleep(0.1)


async def wait_for_answer(one: Shopper) -> dict:
    async with aiohttp.ClientSession() as http, asyncio.timeout(60):
        return await one._answer(http, "noted")


@contextmanager
def actions_that_are(mode: str, port: int):
    """An action server that answers 500, hangs, or talks nonsense; for "dead", none."""
    if mode == "dead":
        yield
        return

    class Broken(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if mode == "hanging":
                time.sleep(30)
            body = b"<html>not json" if mode == "garbage" else b"{}"
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(500 if mode == "500" else 200)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Broken)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def kept_dead(stack: Stack, name: str):
    """Kills that process whenever the supervisor has started it again; begins once it is dead."""
    over, dead = threading.Event(), threading.Event()

    def kill() -> None:
        while not over.is_set():
            if (pid := stack.pids().get(name)) is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            dead.set()
            over.wait(0.1)

    killer = threading.Thread(target=kill)
    killer.start()
    dead.wait()
    try:
        yield
    finally:
        over.set()
        killer.join()


@contextmanager
def tiny_disk(at: Path):
    at.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(at)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a tiny disk can be mounted only by root; tests/bot/gateway shows the same with a limited database")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(b"\0" * 65536)
