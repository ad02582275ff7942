"""Cart, checkout and orders: the pages, and the cart's JSON."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from bot.gateway import problems, sessions, views
from bot.gateway.api import address_of
from bot.gateway.context import gateway
from bot.gateway.forms import form, render
from bot.gateway.sessions import Ticket
from shop import cart, catalogue, delivery, orders, policies, verification
from shop.errors import ShopError
from shop.models import Conversation, Customer, Order, now
from shop.money import format_minor
from shop.settings import Settings

router = APIRouter()
FIELDS = ("name", "email", "line1", "line2", "city", "postcode", "country")


class Addition(BaseModel):
    """`key` names this press of the button: sent again, it adds nothing more."""

    sku: str = Field(min_length=1, max_length=120)
    quantity: int = Field(1, ge=1, le=cart.MAX_QUANTITY)
    key: str = Field(pattern=r"^[A-Za-z0-9_.:-]{8,80}$")


class Quantity(BaseModel):
    quantity: int = Field(ge=0, le=cart.MAX_QUANTITY)


@router.get("/api/cart")
async def show_cart(request: Request) -> dict[str, Any]:
    site = gateway(request)
    return await site.database.read(_cart, sessions.ticket(request), site.settings.locale)


@router.post("/api/cart/lines")
async def add_line(request: Request) -> Response:
    wish = Addition.model_validate_json(await request.body())
    return await _change_cart(request, lambda session, customer_id: _add(session, customer_id, wish))


@router.patch("/api/cart/lines/{sku:path}")
async def change_line(request: Request, sku: str) -> Response:
    wish = Quantity.model_validate_json(await request.body())
    return await _change_cart(request, lambda session, customer_id: _set(session, customer_id, sku, wish.quantity))


@router.delete("/api/cart/lines/{sku:path}")
async def remove_line(request: Request, sku: str) -> Response:
    return await _change_cart(request, lambda session, customer_id: _set(session, customer_id, sku, 0))


@router.get("/cart")
async def cart_page(request: Request) -> Response:
    return await _cart_page(request)


@router.post("/cart")
async def change_cart(request: Request) -> Response:
    """The pages' forms, which work without scripts: `sku` with `quantity` sets a line, with `add` it adds to it."""
    fields = await form(request)
    sku, quantity = fields.get("sku", ""), fields.get("quantity", "1")
    if not (quantity.isascii() and quantity.isdigit() and len(quantity) < 4):
        return await _cart_page(request, "Please give the quantity as a whole number.", 422)
    back = RedirectResponse("/cart", 303)
    try:
        if "add" in fields:
            wish = Addition(sku=sku, quantity=int(quantity), key=fields.get("key", ""))
            return await _change_cart(request, lambda session, customer_id: _add(session, customer_id, wish), back)
        return await _change_cart(request, lambda session, customer_id: _set(session, customer_id, sku, int(quantity)), back)
    except ShopError as error:
        return await _cart_page(request, problems.say(error), 409)


@router.get("/checkout")
async def checkout_page(request: Request) -> Response:
    site = gateway(request)
    known = await site.database.read(_known_address, sessions.ticket(request))
    country = policies.current().delivery.countries[0]
    fields = {"country": country, **known, "key": secrets.token_urlsafe(16), "delivery": delivery.usual()}
    return await _checkout_page(request, fields)


@router.post("/checkout")
async def checkout(request: Request) -> Response:
    site = gateway(request)
    ticket = sessions.ticket(request)
    site.limits.change(ticket.key, address_of(request))
    fields = await form(request)
    try:
        number, token = await site.database.write(_checkout, ticket, fields, site.settings)
    except ShopError as error:
        return await _checkout_page(request, fields, error)
    response = RedirectResponse(f"/orders/{number}", 303)
    if token:
        sessions.give(response, token, site.settings)
    return response


@router.get("/orders")
async def orders_page(request: Request) -> Response:
    site = gateway(request)
    return await render(
        request, "orders.html", {"orders": await site.database.read(_orders, sessions.ticket(request), site.settings.locale)}
    )


@router.get("/orders/{number}")
async def order_page(request: Request, number: str) -> Response:
    site = gateway(request)
    return await render(
        request, "order.html", {"order": await site.database.read(_order, sessions.ticket(request), number, site.settings.locale)}
    )


@router.get("/orders/{number}/invoice")
async def invoice_page(request: Request, number: str) -> Response:
    """The invoice, made to be printed. Only for the order's owner, or a visitor whose chat has proved to know it."""
    site = gateway(request)
    content = await site.database.read(_invoice, sessions.ticket(request), number, site.settings.locale)
    return await render(request, "invoice.html", content)


async def _change_cart(request: Request, change: Callable[[Session, int], cart.Cart], then: Response | None = None) -> Response:
    """Makes the change; the answer is the new cart, or `then`."""
    site = gateway(request)
    ticket = sessions.ticket(request)
    site.limits.change(ticket.key, address_of(request))
    content, token = await site.database.write(_entered, ticket, change, site.settings)
    response = then or JSONResponse(_public(content))
    if token and token != request.cookies.get(sessions.COOKIE):
        sessions.give(response, token, site.settings)
    return response


async def _cart_page(request: Request, problem: str = "", status: int = 200) -> Response:
    site = gateway(request)
    content = await site.database.read(_cart, sessions.ticket(request), site.settings.locale, True)
    free_from = delivery.option(delivery.usual()).free_from
    missing = (free_from or 0) - content["subtotal_minor"]
    hint = format_minor(missing, content["currency"], site.settings.locale) if content["currency"] and missing > 0 else ""
    return await render(
        request,
        "cart.html",
        {"cart": content, "problem": problem, "missing_for_free": hint, "free": free_from is not None and missing <= 0},
        status,
    )


async def _checkout_page(request: Request, fields: dict[str, str], error: ShopError | None = None) -> Response:
    site = gateway(request)
    locale = site.settings.locale
    content = await site.database.read(_cart, sessions.ticket(request), locale, True)
    options = [
        {
            "name": option.name, "title": option.title, "days": f"{option.days_min} to {option.days_max} working days",
            "cost": format_minor(cost, content["currency"] or site.settings.currency, locale) if cost else "Free",
        }
        for option in delivery.options().values()
        for cost in [delivery.cost(content["subtotal_minor"], option.name)]
    ]  # fmt: skip
    missing = error.fields.get("missing", ()) if error else ()
    wrong = {*missing, *({"email"} if error and error.code == "bad_email" else ())}
    page = {"cart": content, "fields": fields, "options": options, "problem": problems.say(error) if error else "", "wrong": wrong}
    return await render(request, "checkout.html", page, 409 if error else 200)


def _entered(session: Session, ticket: Ticket, change: Callable, settings: Settings) -> tuple[dict[str, Any], str]:
    visitor, token = sessions.enter(session, ticket, settings)
    return views.cart_view(change(session, visitor.customer_id), settings.locale), token


def _add(session: Session, customer_id: int, wish: Addition) -> cart.Cart:
    return cart.add(session, customer_id, _product_id(session, wish.sku), wish.quantity, key=f"web:{customer_id}:{wish.key}")


def _set(session: Session, customer_id: int, sku: str, quantity: int) -> cart.Cart:
    return cart.set_quantity(session, customer_id, _product_id(session, sku), quantity)


def _product_id(session: Session, sku: str) -> int:
    product = catalogue.by_sku(session, sku)
    if product is None:
        raise ShopError("no_such_product", sku=sku)
    return product.id


def _cart(session: Session, ticket: Ticket, locale: str, whole: bool = False) -> dict[str, Any]:
    visitor = sessions.find(session, ticket)
    content = views.cart_view(cart.view(session, visitor.customer_id) if visitor else cart.Cart((), 0, 0, ""), locale)
    return content if whole else _public(content)


def _public(content: dict[str, Any]) -> dict[str, Any]:
    return {key: content[key] for key in ("lines", "count", "total")}


def _known_address(session: Session, ticket: Ticket) -> dict[str, str]:
    visitor = sessions.find(session, ticket)
    if visitor is None or not visitor.signed_in:
        return {}
    customer = session.get_one(Customer, visitor.customer_id)
    return {"name": customer.name, "email": customer.email or "", **{k: v for k, v in customer.address.items() if k in FIELDS and v}}


def _checkout(session: Session, ticket: Ticket, fields: dict[str, str], settings: Settings) -> tuple[str, str]:
    visitor, token = sessions.enter(session, ticket, settings)
    key = f"web:{visitor.customer_id}:{fields.get('key', '')[:80]}"
    address = {name: fields.get(name, "") for name in FIELDS if name != "email"}
    order = orders.checkout(session, visitor.customer_id, key, address, fields.get("email", ""), fields.get("delivery", ""))
    return order.number, token


def _orders(session: Session, ticket: Ticket, locale: str) -> list[dict[str, Any]]:
    visitor = sessions.find(session, ticket)
    return [views.order_view(order, now(), locale) for order in orders.orders_of(session, visitor.customer_id)] if visitor else []


def _invoice(session: Session, ticket: Ticket, number: str, locale: str) -> dict[str, Any]:
    visitor = sessions.find(session, ticket)
    order = orders.by_number(session, number)
    if visitor is None or order is None or order.status == "cancelled" or not _may_see(session, visitor, order):
        raise HTTPException(404)
    return {"order": views.order_view(order, now(), locale), "seller": policies.current().seller}


def _may_see(session: Session, visitor: sessions.Visitor, order: Order) -> bool:
    if order.customer_id == visitor.customer_id:
        return True
    thread = sessions.conversation_of(session, visitor)
    public_id = session.get_one(Conversation, thread).public_id if thread is not None else ""
    return verification.may_see(session, order, visitor.customer_id, visitor.signed_in, public_id)


def _order(session: Session, ticket: Ticket, number: str, locale: str) -> dict[str, Any]:
    """The visitor's own order; anybody else's does not exist for them."""
    visitor = sessions.find(session, ticket)
    order = orders.by_number(session, number)
    if visitor is None or order is None or order.customer_id != visitor.customer_id:
        raise HTTPException(404)
    return views.order_view(order, now(), locale)
