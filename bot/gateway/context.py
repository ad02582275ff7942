"""What the routes share, built once at start."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from fastapi.templating import Jinja2Templates

from bot.gateway.database import Database
from bot.gateway.dispatch import Dispatcher
from bot.gateway.hub import Hub
from bot.gateway.limits import Limits
from bot.gateway.rasa_client import RasaClient
from shop.settings import Settings


@dataclass(frozen=True)
class Gateway:
    settings: Settings
    database: Database
    rasa: RasaClient
    hub: Hub
    dispatcher: Dispatcher
    limits: Limits
    pages: Jinja2Templates


def gateway(request: Request) -> Gateway:
    return request.app.state.gateway
