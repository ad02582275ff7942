"""The audit log, newest first."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from console.context import console
from console.pages import Pages, render
from shop import audit, staff

router = Pages()
PAGE = 50


@router.page("/audit", "audit.see")
async def show(request: Request, before: int | None = None, who: str = "", action: str = "", about: str = "") -> Response:
    asked = (before, int(who) if who.isdecimal() and len(who) < 18 else None, action[:60], about[:60])
    content = await console(request).database.read(_log, *asked)
    return render(request, "audit.html", {**content, "who": who, "action": action, "about": about})


def _log(session: Session, before: int | None, staff_id: int | None, action: str, about: str) -> dict[str, Any]:
    found = audit.entries(session, before, staff_id, action, about, PAGE + 1)
    everyone = staff.everyone(session)
    more = found[PAGE - 1].id if len(found) > PAGE else None
    return {"entries": found[:PAGE], "more": more, "everyone": everyone, "names": {str(one.id): one.name for one in everyone}}
