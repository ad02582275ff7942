"""The one door of the Rasa server: POST /turn, for the gateway only, and GET /health."""

from __future__ import annotations

import hmac
import logging
import re
from typing import Any

import ujson
from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.rasa.state import BadState
from bot.rasa.turn import Bot

logger = logging.getLogger(__name__)

MAX_BODY = 2 << 20
MAX_TEXT = 8_000  # the gateway's own limit is far lower
_ID = re.compile(r"^[\w.:@-]{1,200}$")


class BadRequest(ValueError):
    """The body is not what docs/architecture.md says it must be."""


def build_app(bot: Bot, secret: str, about: dict[str, Any]) -> Sanic:
    """The server around a trained bot. `about` is what /health tells besides being ready."""
    app = Sanic("rasa", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = MAX_BODY
    app.config.KEEP_ALIVE_TIMEOUT = 75
    app.config.FALLBACK_ERROR_FORMAT = "json"
    expected = f"Bearer {secret}".encode()

    @app.post("/turn")
    async def turn(request: Request) -> HTTPResponse:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
            return _json({"error": "wrong or missing secret"}, 401)
        try:
            return _json(await bot.answer(checked(request.body, bot)))
        except (BadRequest, BadState) as error:
            return _json({"error": str(error)}, 422)

    @app.get("/health")
    async def health(request: Request) -> HTTPResponse:
        return _json({"ready": True, **about})

    @app.exception(Exception)
    async def failed(request: Request, error: Exception) -> HTTPResponse:
        status = getattr(error, "status_code", 500)
        if status >= 500:
            logger.error(f"{request.method} {request.path}: {type(error).__name__}")
        return _json({"error": type(error).__name__}, status)

    return app


def checked(body: bytes, bot: Bot) -> dict[str, Any]:
    """The request, complete and of the right types.

    Raises:
        BadRequest: says which key is wrong and why.
    """
    try:
        request = ujson.loads(body)
    except ValueError:
        raise BadRequest("the body is not JSON") from None
    if not isinstance(request, dict):
        raise BadRequest("the body is not an object")
    for key in ("conversation_id", "message_id"):
        if not isinstance(request.get(key), str) or not _ID.match(request[key]):
            raise BadRequest(f"{key}: an id of at most 200 letters, digits and .:@_- is wanted")
    if not isinstance(request.get("text"), str) or len(request["text"]) > MAX_TEXT:
        raise BadRequest(f"text: a string of at most {MAX_TEXT} characters is wanted")
    if not isinstance(request.get("metadata"), dict | None):
        raise BadRequest("metadata: an object is wanted")
    if not isinstance(request.setdefault("state", None), str | None):
        raise BadRequest("state: null or the state of the last answer is wanted")
    if not isinstance(request.get("slots"), dict | None):
        raise BadRequest("slots: an object of slot names and values is wanted")
    _check_command(request.get("command"), bot)
    return request


def _check_command(command: Any, bot: Bot) -> None:
    if command is None:
        return
    if not isinstance(command, dict) or not isinstance(command.get("intent"), str) or not isinstance(command.get("entities"), dict | None):
        raise BadRequest("command: null or {intent, entities} is wanted")
    if not bot.knows(command["intent"]):
        raise BadRequest("command: the bot does not know that intent")


def _json(content: dict[str, Any], status: int = 200) -> HTTPResponse:
    return HTTPResponse(
        ujson.dumps(content, ensure_ascii=False, escape_forward_slashes=False), status=status, content_type="application/json"
    )
