"""What goes wrong, in words for the colleague: a page, or plain text for our own scripts."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy.exc import NoResultFound
from starlette.exceptions import HTTPException

from console import faults
from shop.errors import ShopError

SHOP_TEXTS = {
    "bad_email": "This is not an email address.",
    "bad_place": "The link to this page of the list is damaged: start at the first page.",
    "bad_name": "A name is needed.",
    "bad_role": "There is no such role.",
    "email_taken": "There is an account with this email already.",
    "short_password": "A password needs at least 12 characters.",
    "long_password": "A password has at most 200 characters.",
    "no_such_staff": "There is no such colleague, or they cannot take chats.",
    "no_team": "Choose a colleague or a team.",
    "bad_shortcut": "A short name has letters, digits and dashes.",
    "shortcut_taken": "There is an answer with this short name already.",
    "empty_reply": "The answer has no text.",
    "not_cancellable": "This order has left already: it cannot be cancelled.",
    "not_refundable": "An order that has not left is cancelled rather than refunded.",
    "nothing_to_return": "Everything of this order was refunded or is on its way back already.",
    "too_many": "There are too many of these already: remove one first.",
    "bad_lesson": "This decision does not fit the messages. Nothing was changed.",
    "no_such_turn": "There is no such message, or its customer was erased.",
    "last_admin": "Somebody must remain administrator: make another one first.",
}


class Refusal(Exception):
    """An answer that is no: status and a sentence."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class SignInFirst(Exception):
    """Nobody is signed in."""


def say(error: ShopError) -> str:
    return SHOP_TEXTS.get(error.code, "That is not possible: " + error.code.replace("_", " ") + ".")


def by_script(request: Request) -> bool:
    return request.headers.get("x-requested-with") == "console"


def install(app: FastAPI) -> None:
    async def refusal(request: Request, error: Refusal) -> Response:
        return answer(request, error.status, error.text)

    async def sign_in(request: Request, _: SignInFirst) -> Response:
        if by_script(request) or request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("Please sign in again.", 401)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{request.scope.get('root_path', '')}/sign-in?next={quote(path, safe='')}", 303)

    async def invalid(request: Request, _: Exception) -> Response:
        return answer(request, 422, "Something in this form is not filled in as it should be.")

    async def missing(request: Request, _: Exception) -> Response:
        return answer(request, 404, "There is no such page, or it is there no longer.")

    async def http(request: Request, error: HTTPException) -> Response:
        return await missing(request, error) if error.status_code == 404 else answer(request, error.status_code, str(error.detail))

    app.add_exception_handler(Refusal, refusal)
    app.add_exception_handler(SignInFirst, sign_in)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(ValidationError, invalid)
    app.add_exception_handler(NoResultFound, missing)
    app.add_exception_handler(HTTPException, http)
    faults.install(app, lambda request, status, _, text: answer(request, status, text), say)


def answer(request: Request, status: int, text: str) -> Response:
    if by_script(request):
        return PlainTextResponse(text, status)
    site = request.app.state.console
    layout = {"settings": site.settings, "person": getattr(request.state, "person", None), "home": request.scope.get("root_path", "")}
    return site.pages.TemplateResponse(request, "problem.html", {**layout, "status": status, "text": text, "menu": []}, status)
