"""What nobody foresaw, and what the shop refuses: answered alike by the console and by the customer's door, each in its own form."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container

from fastapi import FastAPI, Request
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError

from shop.errors import ShopError

log = logging.getLogger(__name__)
Answer = Callable[[Request, int, str, str], Response]  # request, status, stable code, sentence for people


def install(app: FastAPI, answer: Answer, say: Callable[[ShopError], str], unknown: Container[str] = ()) -> None:
    """`say` puts a refusal of the shop into words; its codes in `unknown` mean that there is no such thing (404 rather than 409)."""

    async def refused(request: Request, error: ShopError) -> Response:
        return answer(request, 404 if error.code in unknown else 409, error.code, say(error))

    async def busy(request: Request, error: DBAPIError) -> Response:
        log.error("database: %s: %s", type(error.orig).__name__, error.orig)  # the driver's words; never the statement's values
        response = answer(request, 503, "busy", "Nothing can be stored just now. Nothing was changed; please try again.")
        response.headers["Retry-After"] = "2"
        return response

    async def fault(request: Request, error: Exception) -> Response:
        return answer(request, 500, "fault", "Something went wrong on our side. Please try again.")

    app.add_exception_handler(ShopError, refused)
    app.add_exception_handler(DBAPIError, busy)
    app.add_exception_handler(Exception, fault)
