"""What every request must satisfy and every response carries, as plain ASGI middleware."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.gateway.problems import Problem

MAX_BODY = 64 * 1024  # bytes
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; font-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors "
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Not stricter: with "no-referrer" a form's POST carries "Origin: null", and the Origin is what we check.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def bearer_is(headers: Headers, secret: str) -> bool:
    given = headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {secret}".encode())


class SecurityHeaders:
    """Adds the headers to every response. Only the chat frame may stand in the pages of the allowed origins."""

    def __init__(self, app: ASGIApp, allowed_origins: Sequence[str]) -> None:
        self._app = app
        self._page = _POLICY + "'self'"
        self._frame = _POLICY + " ".join(["'self'", *allowed_origins])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = self._frame if scope["path"] == "/chat" else self._page

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", policy)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


class SameOrigin:
    """Refuses changes that another site's page asks for with our visitor's cookie.

    A browser names the Origin of every such request. One without it is let through only with the internal secret (the terminal) or
    when the browser itself says that it comes from our own page.
    """

    def __init__(self, app: ASGIApp, allowed_origins: Sequence[str], secret: str) -> None:
        self._app, self._allowed, self._secret = app, set(allowed_origins), secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and not self._trusted(Headers(scope=scope)):
            problem = Problem(403, "foreign_origin", "This request does not come from one of the shop's pages.")
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _trusted(self, headers: Headers) -> bool:
        if bearer_is(headers, self._secret):
            return True
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site") == "same-origin"
        # The host alone is compared: behind a proxy that ends TLS the browser's scheme is not the one we see.
        return origin in self._allowed or (origin != "null" and urlsplit(origin).netloc == headers.get("host"))


class BodyLimit:
    """Refuses a body over 64 KiB, announced or not, before anything reads it whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        refusal = Problem(413, "too_large", f"A request may have at most {MAX_BODY // 1024} KiB.").response()
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > MAX_BODY:
            await refusal(scope, receive, send)
            return
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return  # the sender hung up
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > MAX_BODY:
                await refusal(scope, receive, send)
                return
            if not message.get("more_body", False):
                break
        whole: list[Message] = [{"type": "http.request", "body": b"".join(chunks), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)
