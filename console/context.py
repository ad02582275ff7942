"""What the console's routes share, built once at start by the process that serves it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from fastapi import Request
from fastapi.templating import Jinja2Templates

from console.limits import SignInLimits
from shop.models import Order, Product
from shop.settings import Settings

T = TypeVar("T")


class Database(Protocol):
    """Runs functions whose first argument is a session. `write` returns when the change is on disk."""

    async def read(self, ask: Callable[..., T], *args: Any) -> T: ...

    async def write(self, change: Callable[..., T], *args: Any) -> T: ...


class Live(Protocol):
    """Wakes whoever listens to a conversation: the customer's browser and the colleagues' consoles."""

    def wake(self, conversation_id: int) -> None: ...

    def set_typing(self, conversation_id: int, typing: bool, lasts: float | None = None) -> None: ...

    def observe(self) -> Observer: ...

    def overlook(self, observer: Any) -> None: ...


class Observer(Protocol):
    """What one colleague's stream has not told yet: conversations that changed, and those whose customer is writing."""

    event: asyncio.Event
    changed: set[int]
    typing: set[int]
    ended: bool


@dataclass(frozen=True)
class Drawing:
    """How the customer's chat shows products and orders: functions to the parts of a message's payload."""

    card: Callable[[Product, str], dict[str, Any]]
    order: Callable[[Order, datetime, str], dict[str, Any]]


@dataclass(frozen=True)
class Console:
    settings: Settings
    database: Database
    live: Live
    draw: Drawing
    pages: Jinja2Templates
    limits: SignInLimits


def console(request: Request) -> Console:
    return request.app.state.console
