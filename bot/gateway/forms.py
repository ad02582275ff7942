"""What all pages share: the context of the layout, plain HTML forms, safe redirects."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from bot.gateway import sessions
from bot.gateway.context import gateway
from bot.gateway.messages import clean
from bot.gateway.problems import Problem
from bot.gateway.sessions import Ticket
from shop import cart, catalogue
from shop.models import Customer

MAX_FIELDS = 50


async def form(request: Request) -> dict[str, str]:
    """The fields of an urlencoded form; the first of each name. Raises a Problem when it is none."""
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Problem(422, "invalid", "This is not a form we know.") from None
    return {name: clean(value) for name, value in reversed(pairs)}


def safe_path(path: str | None) -> str:
    """A path of this site, else the front page: a redirect never leads elsewhere."""
    plain = path or "/"
    return plain if plain.startswith("/") and not plain.startswith(("//", "/\\")) and plain.isprintable() else "/"


async def render(request: Request, template: str, content: dict[str, Any], status: int = 200) -> Response:
    """The page, with the layout's facts, and with the visitor's cookie set or renewed."""
    ticket = sessions.ticket(request)
    layout = await gateway(request).database.read(_layout, ticket)
    return render_alone(request, ticket, template, {**layout, **content}, status)


def render_alone(request: Request, ticket: Ticket, template: str, content: dict[str, Any], status: int = 200) -> Response:
    """The same for a page that stands outside the layout and needs nothing of the store."""
    site = gateway(request)
    own = {"shop_name": site.settings.shop_name, "demo": site.settings.demo, "path": request.url.path}
    response = site.pages.TemplateResponse(request, template, {**own, **content}, status)
    response.headers["Cache-Control"] = "no-store"
    if ticket.token:
        sessions.give(response, ticket.token, site.settings)
    return response


def _layout(session: Session, ticket: Ticket) -> dict[str, Any]:
    visitor = sessions.find(session, ticket)
    name = session.get_one(Customer, visitor.customer_id).name if visitor and visitor.signed_in else ""
    departments = dict.fromkeys(path.split(catalogue.SEPARATOR)[0] for path in catalogue.categories(session))
    return {
        "cart_count": cart.view(session, visitor.customer_id).count if visitor else 0,
        "signed_in": bool(visitor and visitor.signed_in),
        "customer_name": name,
        "departments": list(departments),
    }
