"""What goes wrong at the door, as JSON: `{"error": a stable code, "detail": a sentence for people}`."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from console import faults
from shop.errors import ShopError

SHOP_TEXTS = {
    "out_of_stock": "Sorry, there is not enough of that in stock.",
    "no_such_product": "We do not sell that product.",
    "empty_cart": "Your cart is empty.",
    "bad_quantity": "A cart takes between 1 and 99 of one product.",
}
NOT_FOUND = {"no_such_product", "no_such_order", "no_such_customer", "not_in_cart"}


class Problem(Exception):
    def __init__(self, status: int, error: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.status, self.error, self.detail, self.headers = status, error, detail, headers

    def response(self) -> JSONResponse:
        return JSONResponse({"error": self.error, "detail": self.detail}, self.status, self.headers)


def say(error: ShopError) -> str:
    """A refusal of the shop in words for the page."""
    text = SHOP_TEXTS.get(error.code, "Sorry, that is not possible: " + error.code.replace("_", " ") + ".")
    available = error.fields.get("available")
    return f"{text} There are {available} left." if available else text


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(ValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    faults.install(app, lambda _, status, error, detail: Problem(status, error, detail).response(), say, NOT_FOUND)


async def _problem(_: Request, problem: Problem) -> Response:
    return problem.response()


async def _invalid(_: Request, error: ValidationError) -> Response:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "body"
    return Problem(422, "invalid", f"{where}: {first['msg']}").response()


async def _http_error(request: Request, error: HTTPException) -> Response:
    if request.url.path.startswith("/api/") or request.method not in ("GET", "HEAD"):
        return Problem(error.status_code, "not_found" if error.status_code == 404 else "refused", str(error.detail)).response()
    return request.app.state.gateway.pages.TemplateResponse(
        request, "error.html", {"status": error.status_code, "shop_name": request.app.state.gateway.settings.shop_name}, error.status_code
    )
