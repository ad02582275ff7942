"""`shopkeeper chat` against a small gateway of the tests' own."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import typer
from typer.testing import CliRunner

from cli.chat import chat

CARD = {"sku": "L1", "title": "Linen Shirt", "price": "£39.00", "stock": "low", "colour": "blue", "reason": "because you liked linen"}


class Shop(ThreadingHTTPServer):
    """Answers every message with an echo and a card; `busy` counts down refusals, `unanswered` polls without an answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.seen: list[dict] = []
        self.headers_seen: list[dict] = []
        self.busy = self.unanswered = 0
        self.says = "You said: {}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Door(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        shop = self.server
        if self.path == "/health":
            return self.answer(200, {"ok": True})
        if shop.unanswered:
            shop.unanswered -= 1
            return self.answer(202, {"state": "pending"})
        said = next(one for one in shop.seen if self.path.endswith("/" + one["client_message_id"]))
        if said["text"] == "hi":
            return self.answer(
                200, {"messages": [{"text": "Hello"}], "intent": "greet", "confidence": 0.99, "facts": {}, "timings": {"total": 12.3}}
            )
        message = {"text": shop.says.format(said["text"]), "products": [CARD], "quick_replies": ["Add it"]}
        return self.answer(
            200, {"messages": [message], "products": [CARD], "intent": "search", "confidence": 0.8, "facts": {"actions": ["action_search"]}}
        )

    def do_POST(self) -> None:
        shop = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != "Bearer the-secret":
            return self.answer(401, {"error": "unauthorised", "detail": "wrong secret"})
        if self.headers["X-Shopkeeper-Customer"] == "nobody":
            return self.answer(404, {"error": "no_such_customer", "detail": "there is no customer nobody"})
        if shop.busy:
            shop.busy -= 1
            return self.answer(429, {"error": "too_many"}, {"Retry-After": "0.05"})
        shop.seen.append(body)
        shop.headers_seen.append(dict(self.headers))
        return self.answer(202, {"id": len(shop.seen)})

    def answer(self, code: int, body: dict, headers: dict[str, str] | None = None) -> None:
        payload = json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Length": str(len(payload)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shop(monkeypatch, tmp_path):
    monkeypatch.setenv("SHOPKEEPER_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("SHOPKEEPER_INTERNAL_SECRET", "the-secret")
    monkeypatch.setenv("COLUMNS", "140")
    server = Shop()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(chat)
    return lambda *arguments, **more: CliRunner().invoke(app, list(arguments), **more)


def test_a_script_is_played_line_by_line_and_each_turn_is_a_json_line(shop, run, tmp_path):
    script = tmp_path / "talk.txt"
    script.write_text("# a greeting\nhi\n\n  blue shirts  \n")
    done = run("--script", str(script), "--json", "--url", shop.url, "--customer", "emma@example.com")
    assert done.exit_code == 0, done.output
    turns = [json.loads(line) for line in done.stdout.splitlines()]
    assert [turn["text"] for turn in turns] == ["hi", "blue shirts"]
    assert all(list(turn) == ["text", "messages", "products", "intent", "confidence", "facts", "timings"] for turn in turns)
    assert turns[0]["timings"] == {"total": 12.3}
    assert turns[1]["products"] == [CARD]
    assert {headers["X-Shopkeeper-Customer"] for headers in shop.headers_seen} == {"emma@example.com"}


def test_a_conversation_shows_cards_as_a_table_and_lists_quick_replies(shop, run):
    done = run("--url", shop.url, input="blue shirts\n\n")
    assert done.exit_code == 0, done.output
    for shown in (
        "You said: blue shirts",
        "Linen Shirt (blue)",
        "£39.00",
        "few left",
        "because you liked linen",
        "[ Add it ]",
        "search · 0.80",
    ):
        assert shown in done.output


def test_what_the_shop_says_cannot_command_the_terminal(shop, run):
    shop.says = "\x1b[2J\x1b]0;owned\x07[bold red]{}[/bold red]\u202e"
    done = run("--url", shop.url, input="x\n\n")
    assert "[bold red]x[/bold red]" in done.output
    assert "\x1b" not in done.output.split("bot  ")[1]
    assert "\u202e" not in done.output


def test_too_fast_a_script_waits_as_it_is_told_and_loses_nothing(shop, run):
    shop.busy, shop.unanswered = 2, 2
    done = run("--script", "-", "--json", "--url", shop.url, input="one\ntwo\n")
    assert done.exit_code == 0, done.output
    assert [said["text"] for said in shop.seen] == ["one", "two"]


def test_a_shop_that_is_not_running_is_named_with_the_way_to_start_it(shop, run):
    done = run("--script", "-", "--json", "--url", "http://127.0.0.1:18419", input="hi\n")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "not running at http://127.0.0.1:18419" in done.stderr
    assert "make run" in done.stderr


def test_an_unknown_customer_and_a_wrong_secret_are_said_plainly(shop, run, monkeypatch):
    done = run("--script", "-", "--url", shop.url, "--customer", "nobody", input="hi\n")
    assert done.exit_code == 1
    assert "there is no customer nobody" in done.stderr
    monkeypatch.setenv("SHOPKEEPER_INTERNAL_SECRET", "another")
    done = run("--script", "-", "--url", shop.url, input="hi\n")
    assert done.exit_code == 1
    assert "SHOPKEEPER_INTERNAL_SECRET" in done.stderr


def test_a_script_that_is_not_there_or_not_text_is_said_before_anything_is_sent(shop, run, tmp_path):
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff\xfe")
    for name, told in (("missing.txt", "No such file"), ("picture.png", "not UTF-8")):
        done = run("--script", str(tmp_path / name), "--url", shop.url)
        assert done.exit_code == 1
        assert told in done.stderr
    assert shop.seen == []
