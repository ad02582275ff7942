"""A small bot of its own (tests/bot/rasa/data), trained once a run, and an action server that does as it is told."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bot.rasa import light

HERE = Path(__file__).parent
collect_ignore_glob = [] if find_spec("rasa") else ["*.py", "nlu/*.py"]  # the newer Python's run passes this folder by
if not collect_ignore_glob:
    light.install()
PROJECT = Path(__file__).resolve().parents[3]
os.environ.setdefault("SHOPKEEPER_ENCODER_DIR", str(PROJECT / "var" / "encoder" / "all-MiniLM-L6-v2"))
SECRET = "a secret of the tests, long enough"
DATA = HERE / "data"


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from bot.rasa.train import train

    out = tmp_path_factory.mktemp("model")
    train(out, DATA, False, print)
    return out


class Actions(ThreadingHTTPServer):
    """`answers` maps an action to (status, body), body a dict or bytes; to a function from the request to such; or to seconds to hang."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Any] = {}
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Actions

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(request)
        self.server.headers.append(dict(self.headers.items()))
        answer = self.server.answers.get(request["next_action"], (200, {"events": [], "responses": []}))
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, float):
            time.sleep(answer)
            answer = (200, {"events": [], "responses": []})
        status, body = answer
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def actions() -> Iterator[Actions]:
    server = Actions()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def loaded(model_dir: Path) -> Any:
    from bot.rasa import actions_client, logs, models, speed
    from bot.rasa.turn import Bot

    logs.configure()
    actions_client.install()
    speed.install()
    return Bot(models.current(model_dir)[0], actions_client.ActionServer("http://127.0.0.1:9", SECRET, 1.0))


@pytest.fixture
def bot(loaded: Any, actions: Actions) -> Iterator[Any]:
    """The bot, with the test's own action server and one second for a turn."""
    from bot.rasa.actions_client import ActionServer

    loaded._actions = loaded.processor.action_endpoint = ActionServer(actions.url, SECRET, 1.0)
    return loaded


Say = Callable[..., dict[str, Any]]


@pytest.fixture
def say(bot: Any) -> Iterator[Say]:
    """say("text") is one turn; the state of the last answer goes with the next."""
    loop = asyncio.new_event_loop()
    last: dict[str, Any] = {"state": None}

    def turn(text: str, **more: Any) -> dict[str, Any]:
        request = {
            "conversation_id": "c1",
            "message_id": "c1:7",
            "text": text,
            "state": last["state"],
            "metadata": {},
            "command": None,
            **more,
        }
        last.update(loop.run_until_complete(bot.answer(request)))
        return dict(last)

    yield turn
    loop.run_until_complete(bot._actions.close())
    loop.close()
