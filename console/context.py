"""What the console's routes share, built once at start by the process that serves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from fastapi import Request
from fastapi.templating import Jinja2Templates

from console.limits import SignInLimits
from shop.settings import Settings

T = TypeVar("T")


class Database(Protocol):
    """Runs functions whose first argument is a session. `write` returns when the change is on disk."""

    async def read(self, ask: Callable[..., T], *args: Any) -> T: ...

    async def write(self, change: Callable[..., T], *args: Any) -> T: ...


class Live(Protocol):
    """Wakes whoever listens to a conversation: the customer's browser and the colleagues' consoles."""

    def wake(self, conversation_id: int) -> None: ...

    def set_typing(self, conversation_id: int, typing: bool) -> None: ...


@dataclass(frozen=True)
class Console:
    settings: Settings
    database: Database
    live: Live
    pages: Jinja2Templates
    limits: SignInLimits


def console(request: Request) -> Console:
    return request.app.state.console
