"""The audit log: what colleagues did. Written in the transaction of what it tells, so that neither exists without the other."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import paging
from shop.models import AuditEntry, Staff
from shop.paging import Marker, Page


def record(
    session: Session, staff: Staff | str | None, action: str, subject: str = "", subject_id: Any = "", address: str = "", **details: Any
) -> None:
    """`staff`: the colleague, or words for who else it was; None is the command line. `details` are ids, states and amounts; never a
    customer's words or address, for the log outlives an erasure."""
    who = {"staff_id": staff.id, "staff_name": staff.name} if isinstance(staff, Staff) else {"staff_name": staff or "command line"}
    entry = AuditEntry(**who, action=action, subject=subject, subject_id=str(subject_id)[:60], details=details, address=address[:60])
    session.add(entry)


def entries(
    session: Session, at: Marker | None = None, staff_id: int | None = None, action: str = "", subject_id: str = "", limit: int = 50
) -> Page:
    """Newest first, each row with its `AuditEntry`; `action` is a beginning such as "chat."."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc())
    if staff_id is not None:
        query = query.where(AuditEntry.staff_id == staff_id)
    if action:
        query = query.where(AuditEntry.action.startswith(action, autoescape=True))
    if subject_id:
        query = query.where(AuditEntry.subject_id == subject_id)
    return paging.page(session, query, limit, at)
