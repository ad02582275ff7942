"""What customers reported and somebody has to look into: cases, and things on their way back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from console.access import person_of
from console.context import console
from console.pages import Pages, address_of, back_to, render
from console.problems import Refusal
from shop import audit, cases, paging
from shop.models import Case, Conversation, Customer, Order, ReturnRequest, Staff
from shop.paging import Marker

router = Pages()
PAGE = 50
OPEN_RETURNS = ("requested", "received")


@router.page("/cases", "chats.see")
async def show(request: Request) -> Response:
    given = request.query_params
    kind = given.get("kind", "") if given.get("kind") in cases.KINDS else ""
    places = [paging.place(given.get(name, ""), (datetime, int)) for name in ("cases", "returns")]
    found = await console(request).database.read(_open, kind, *places)
    return render(request, "cases.html", {**found, "kind": kind, "kinds": cases.KINDS, "serves": person_of(request).may("customers.serve")})


@router.act("/cases/{number}/close", "customers.serve")
async def close(request: Request, number: str) -> Response:
    """Dealt with; the customer is told so when they ask about it."""
    await console(request).database.write(_close, number, person_of(request).id, address_of(request))
    return back_to(request, "/cases?said=saved")


def _open(session: Session, kind: str, cases_at: Marker | None, returns_at: Marker | None) -> dict[str, Any]:
    """A page of each, the longest waiting first: (case, customer, order's number, chat's id) and (return, order, customer)."""
    waiting = (
        select(Case, Customer, Order.number.label("order"), Conversation.public_id.label("chat"))
        .join(Customer, Customer.id == Case.customer_id)
        .outerjoin(Order, Order.id == Case.order_id)
        .outerjoin(Conversation, Conversation.id == Case.conversation_id)
        .where(Case.state == "open", *([Case.kind == kind] if kind else []))
        .order_by(Case.opened_at, Case.id)
    )
    coming = (
        select(ReturnRequest, Order, Customer)
        .join(Order, Order.id == ReturnRequest.order_id)
        .outerjoin(Customer, Customer.id == Order.customer_id)
        .where(ReturnRequest.status.in_(OPEN_RETURNS), ReturnRequest.refunded_at.is_(None))
        .order_by(ReturnRequest.requested_at, ReturnRequest.id)
    )
    return {"cases": paging.page(session, waiting, PAGE, cases_at), "returns": paging.page(session, coming, PAGE, returns_at)}


def _close(session: Session, number: str, staff_id: int, address: str) -> None:
    case = cases.by_number(session, number)
    if case is None:
        raise Refusal(404, "There is no such case, or its customer was erased.")
    cases.resolve(session, case.id)
    audit.record(session, session.get_one(Staff, staff_id), "case.close", "case", case.number, address)
