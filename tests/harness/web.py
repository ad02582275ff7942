"""The web process inside the test's own process: a real server on a free port, in a thread, and a Rasa played by the test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp


@contextmanager
def served(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serves the app and yields its address; on leaving, the server shuts down as it would on SIGTERM."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def facts(**changes: Any) -> dict[str, Any]:
    return {
        "intent": "greet", "confidence": 0.9, "intent_ranking": [{"name": "greet", "confidence": 0.9}], "entities": [], "slots": {},
        "actions": ["utter_greet"], "timings": {"parse": 1.0, "actions": 0.0, "total": 2.0}, "failed_action": None, **changes,
    }  # fmt: skip


def echo(request: dict[str, Any]) -> dict[str, Any]:
    """Says how many turns the dialogue had and what it heard: `3: hello`."""
    turn = int(request["state"] or 0) + 1
    return {"messages": [{"text": f"{turn}: {request['text']}"}], "facts": facts(), "state": str(turn)}


class FakeRasa:
    """Answers as `reply` says: a function from the request to the answer's JSON, or to a Response. Remembers what it was asked."""

    def __init__(self) -> None:
        self.reply: Callable[[dict[str, Any]], dict[str, Any] | Response] = echo
        self.asked: list[dict[str, Any]] = []
        self.secrets: set[str] = set()
        self.app = Starlette(routes=[Route("/turn", self._turn, methods=["POST"]), Route("/health", self._health)])

    async def _turn(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.secrets.add(request.headers["authorization"])
        answer = await in_thread(self.reply, body)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"ready": True})


async def in_thread(function: Callable, *args: Any) -> Any:
    import anyio

    return await anyio.to_thread.run_sync(function, *args)
