"""How a page is declared and drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from console.access import Gate, Owner, person_of
from console.context import console
from console.navigation import menu


class Pages(APIRouter):
    """A router whose every route says which area of the matrix it belongs to."""

    def page(self, path: str, area: str, owner: Owner | None = None) -> Callable:
        """A GET route. `owner`: whose things the path names, where the matrix tells own from others'."""
        return self._gated(path, ["GET"], area, owner)

    def act(self, path: str, area: str, owner: Owner | None = None) -> Callable:
        """A POST route: it changes something, so the form carries the CSRF token."""
        return self._gated(path, ["POST"], area, owner)

    def _gated(self, path: str, methods: Sequence[str], area: str, owner: Owner | None) -> Callable:
        return self.api_route(path, methods=list(methods), dependencies=[Depends(Gate(area, owner))], response_model=None)


def render(request: Request, template: str, content: dict[str, Any] | None = None, status: int = 200) -> Response:
    """The page in the layout, for the colleague who asked."""
    site, person = console(request), person_of(request)
    layout = {
        "settings": site.settings, "person": person, "home": home(request), "menu": menu(person), "path": request.url.path,
        "said": request.query_params.get("said", ""),
    }  # fmt: skip
    response = site.pages.TemplateResponse(request, template, {**layout, **(content or {})}, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def home(request: Request) -> str:
    """Where the console is mounted: `/console`."""
    return request.scope.get("root_path", "")


def back_to(request: Request, path: str) -> Response:
    """After a form: to another page of the console."""
    return RedirectResponse(home(request) + path, 303)


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""
