"""Cases: what a customer reports and a person looks into. The console lists them; the bot opens them and tells where they stand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.commands import once
from shop.conversations import by_public_id
from shop.models import Case, now
from shop.numbers import new_number, normalise
from shop.text import clean

KINDS = ("complaint", "damaged", "wrong_item", "missing", "price_dispute", "duplicate_charge", "payment", "site", "account", "invoice")
LONGEST = 2000


def open_case(
    session: Session,
    customer_id: int,
    kind: str,
    text: str,
    key: str,
    conversation_public_id: str = "",
    order_id: int | None = None,
    at: datetime | None = None,
) -> tuple[Case, bool]:
    """The case and whether it is new, once for each `key`.

    An open case of the same kind about the same order is not opened twice: what was said now is added to it. Raises ValueError for an
    unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of case {kind!r}; known are {', '.join(KINDS)}")
    said = clean(text, LONGEST)

    def change() -> dict[str, int | bool]:
        same = _open_about(session, customer_id, kind, order_id) if order_id is not None else None
        if same is not None:
            same.text = f"{same.text}\n{said}"[:LONGEST]
            return {"case_id": same.id, "new": False}
        thread = by_public_id(session, conversation_public_id)
        case = Case(
            number=new_number("CS"),
            kind=kind,
            customer_id=customer_id,
            conversation_id=thread.id if thread else None,
            order_id=order_id,
            text=said,
            opened_at=at or now(),
        )
        session.add(case)
        session.flush()
        return {"case_id": case.id, "new": True}

    result = once(session, key, "case", change, customer_id)
    return session.get_one(Case, result["case_id"]), result["new"]


def cases_of(session: Session, customer_id: int, limit: int = 20) -> list[Case]:
    """Newest first."""
    query = select(Case).where(Case.customer_id == customer_id).order_by(Case.opened_at.desc(), Case.id.desc())
    return list(session.scalars(query.limit(limit)))


def open_cases(session: Session, limit: int = 100) -> list[Case]:
    """Of all customers, the longest waiting first."""
    return list(session.scalars(select(Case).where(Case.state == "open").order_by(Case.opened_at, Case.id).limit(limit)))


def by_number(session: Session, number: str) -> Case | None:
    """Case, spaces and missing dashes do not matter."""
    return session.scalars(select(Case).where(Case.number == normalise(number))).one_or_none()


def resolve(session: Session, case_id: int, at: datetime | None = None) -> Case:
    """Closes the case; one that is closed stays as it was."""
    case = session.get_one(Case, case_id)
    if case.state == "open":
        case.state, case.resolved_at = "resolved", at or now()
    return case


def _open_about(session: Session, customer_id: int, kind: str, order_id: int) -> Case | None:
    same = (Case.customer_id == customer_id, Case.kind == kind, Case.order_id == order_id, Case.state == "open")
    return session.scalars(select(Case).where(*same).limit(1)).one_or_none()
