"""The audit log, newest first."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from console.context import console
from console.pages import Pages, render
from shop import audit, paging, staff

router = Pages()


@router.page("/audit", "audit.see")
async def show(request: Request, at: str = "", who: str = "", action: str = "", about: str = "") -> Response:
    asked = (paging.place(at, [int]), int(who) if who.isdecimal() and len(who) < 18 else None, action[:60], about[:60])
    content = await console(request).database.read(_log, *asked)
    return render(request, "audit.html", {**content, "asked": {"who": who, "action": action, "about": about}})


def _log(session: Session, *asked: Any) -> dict[str, Any]:
    found, everyone = audit.entries(session, *asked), staff.everyone(session)
    shown = {"entries": [row.AuditEntry for row in found], "paging": found.paging}
    return {**shown, "everyone": everyone, "names": {str(one.id): one.name for one in everyone}}
