"""What an agent does for the customer beside the chat: products dropped into it, and changes of orders, by the shop's own rules."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session
from wtforms import Form, StringField

from console.access import Person
from console.context import console
from console.forms import checked, required
from console.holding import Keyed, holder_of, step
from console.pages import Pages, render
from console.problems import Refusal
from shop import audit, catalogue, desk, orders, outbox, returns
from shop.commands import once
from shop.models import Conversation, Note, Order, Product, Staff, now
from shop.settings import Settings

router = Pages()
FOUND = 8


class Dropped(Form):
    sku = StringField(validators=required("A product's number", 200))


class Reason(Form):
    reason = StringField(validators=required("A reason", 500, 3))


@router.page("/inbox/{chat}/products", "chats.see")
async def products(request: Request, chat: str, q: str = "") -> Response:
    """A piece of the page: what the search finds."""
    site = console(request)
    found = await site.database.read(_search, q[:200].strip()) if q.strip() else []
    shown = [site.draw.card(product, site.settings.locale) for product in found]
    return render(request, "found.html", {"found": shown, "chat_id": chat, "q": q})


@router.act("/inbox/{chat}/product", "chats.hold", holder_of)
async def drop(request: Request, chat: str) -> Response:
    draw = console(request).draw

    def change(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> None:
        product = catalogue.by_sku(session, checked(given, Dropped).sku.data)
        if product is None or not product.active:
            raise Refusal(404, "This product is no longer sold.")
        card = {key: value for key, value in draw.card(product, settings.locale).items() if key not in ("stock_left", "brand", "material")}
        _tell(session, conversation, person, given, {"products": [card]})

    return await step(request, chat, "chat.product", change)


@router.act("/inbox/{chat}/orders/{number}/resend", "customers.serve")
async def resend(request: Request, chat: str, number: str) -> Response:
    """The confirmation once more, as a message in the chat."""
    draw = console(request).draw

    def change(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> None:
        order = _own(session, conversation, number)
        shown = {
            "text": f"Here is the confirmation of your order {order.number} once more.",
            "order": draw.order(order, now(), settings.locale),
        }
        _tell(session, conversation, person, given, shown)

    return await step(request, chat, "order.resend", change)


@router.act("/inbox/{chat}/orders/{number}/cancel", "customers.serve")
async def cancel(request: Request, chat: str, number: str) -> Response:
    def change(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> None:
        order = _own(session, conversation, number)
        reason = _reason(given)
        orders.cancel(session, order.id, f"console:cancel:{order.number}")
        _log(session, conversation, person, "order.cancel", order, reason)
        _tell(session, conversation, person, given, {"text": f"Your order {order.number} is cancelled."})

    return await step(request, chat, "chat.order", change)


@router.act("/inbox/{chat}/orders/{number}/refund", "customers.serve")
async def refund(request: Request, chat: str, number: str) -> Response:
    draw = console(request)

    def change(session: Session, conversation: Conversation, person: Person, given: dict[str, str], settings: Settings) -> None:
        order = _own(session, conversation, number)
        reason = _reason(given)
        paid = returns.refund(session, order.id, reason, f"console:refund:{order.number}")
        money = draw.pages.env.filters["money"](paid.refund_minor, order.currency)
        _log(
            session,
            conversation,
            person,
            "order.refund",
            order,
            reason,
            refund=paid.number,
            minor=paid.refund_minor,
            currency=order.currency,
        )
        _tell(session, conversation, person, given, {"text": f"We have refunded {money} for your order {order.number} ({paid.number})."})

    return await step(request, chat, "chat.order", change)


def _search(session: Session, query: str) -> list[Product]:
    exact = catalogue.by_sku(session, query)
    return [exact] if exact is not None else catalogue.page(session, None, query, None, FOUND)


def _own(session: Session, conversation: Conversation, number: str) -> Order:
    order = orders.by_number(session, number)
    if order is None or order.customer_id != conversation.customer_id:
        raise Refusal(404, "This customer has no such order.")
    return order


def _reason(given: dict[str, str]) -> str:
    return checked(given, Reason).reason.data


def _tell(session: Session, conversation: Conversation, person: Person, given: dict[str, str], payload: dict[str, Any]) -> None:
    """Once for each key, like all that an agent says."""
    key = checked(given, Keyed).key.data

    def write() -> dict[str, Any]:
        outbox.append(session, conversation.id, [{**payload, "agent": person.name}], "agent")
        desk.replied(session, conversation.id)
        return {}

    once(session, f"say:{conversation.public_id}:{key}", "agent_message", write)


def _log(session: Session, conversation: Conversation, person: Person, action: str, order: Order, reason: str, **details: Any) -> None:
    """The reason stands in a note of the conversation; the log, which outlives an erasure, has no words about the customer."""
    audit.record(session, session.get_one(Staff, person.id), action, "order", order.number, **details)
    done = "Cancelled" if action == "order.cancel" else "Refunded"
    session.add(Note(conversation_id=conversation.id, staff_id=person.id, text=f"{done} {order.number}: {reason}"))
