"""The front door: to the first page that the colleague may see."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from console.access import person_of
from console.navigation import menu
from console.pages import Pages, back_to

router = Pages()


@router.page("/", "account")
async def front(request: Request) -> Response:
    entries = menu(person_of(request))
    return back_to(request, entries[0].path if entries else "/account")
