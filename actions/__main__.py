"""The action server: `python -m actions`. Loopback only, and only for who knows the secret.

A webhook of our own rather than rasa_sdk's server: that one has no authentication, listens on every interface, lets any origin in and
puts the request, with the customer's words, into its error answers.
"""

from __future__ import annotations

import gc
import hmac
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions import running
from actions.runtime import Runtime
from shop.settings import Settings

log = logging.getLogger("actions")


def create_app(runtime: Runtime, secret: str) -> Starlette:
    """POST /webhook takes Rasa's action calls, POST /recommend and /due what the console asks, GET /health tells whether the server can
    serve."""
    expected = f"Bearer {secret}".encode()

    def knows_the_secret(request: Request) -> bool:
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), expected)

    async def webhook(request: Request) -> Response:
        if not knows_the_secret(request):
            return _json({"error": "unauthorised"}, 401)
        started, name = time.perf_counter(), "?"
        try:
            call = orjson.loads(await request.body())
            name = str(call["next_action"])[:80]
            result = await run_in_threadpool(running.run, call, runtime)
        except running.UnknownAction:
            return _json({"error": "unknown action", "action_name": name}, 404)
        except Exception as error:
            # The type and the place tell what went wrong; the message and the locals may hold the customer's words.
            log.error("action %s failed: %s at %s", name, type(error).__name__, _place(error))
            return _json({"error": "the action failed", "action_name": name}, 500)
        log.info("action %s took %.1f ms", name, 1000 * (time.perf_counter() - started))
        return _json(result)

    def asking(ask: Callable[[Runtime, int, int], list[dict[str, object]]]) -> Callable[[Request], Awaitable[Response]]:
        async def route(request: Request) -> Response:
            if not knows_the_secret(request):
                return _json({"error": "unauthorised"}, 401)
            asked = orjson.loads(await request.body())
            return _json(await run_in_threadpool(ask, runtime, asked["customer_id"], asked["n"]))

        return route

    async def health(_: Request) -> Response:
        return _json({"status": "ok", "actions": len(running.ACTIONS)})

    posted = {"/webhook": webhook, "/recommend": asking(_fitting), "/due": asking(_due)}
    return Starlette(routes=[*(Route(path, route, methods=["POST"]) for path, route in posted.items()), Route("/health", health)])


def _fitting(runtime: Runtime, customer_id: int, n: int) -> list[dict[str, object]]:
    """[{"item", "reason"}], the most fitting first."""
    answer = runtime.recommender.recommend(runtime.recommender.ask_for(customer_id, n=n))
    return [{"item": one.item, "reason": one.reason.text} for one in answer.items[:n]]


def _due(runtime: Runtime, customer_id: int, n: int) -> list[dict[str, object]]:
    """[{"item", "probability", "times", "days"}] of what they are likely to buy again, the likeliest first."""
    return [asdict(one) for one in runtime.recommender.repurchases(runtime.recommender.ask_for(customer_id, n=n))]


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    settings = Settings()
    running.load()
    app = create_app(Runtime.open(settings), settings.secret("internal_secret"))
    gc.collect()
    gc.freeze()  # what start-up made lives as long as the process: the collector need not look through it
    log.info("%d actions on port %d", len(running.ACTIONS), settings.actions_port)
    uvicorn.run(app, host="127.0.0.1", port=settings.actions_port, log_level="warning", access_log=False, timeout_graceful_shutdown=2)


def _json(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json")


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"


if __name__ == "__main__":
    main()
