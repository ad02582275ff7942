"""Who may do what: one table of area and role, and the gate before every route that asks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session

from console.context import console
from console.csrf import is_token, token_of
from console.forms import form
from console.problems import Refusal, SignInFirst
from shop import staff
from shop.models import Staff, now

COOKIE = "shopkeeper_staff"
SAFE_METHODS = ("GET", "HEAD")

ALL, OWN = "all", "own"  # OWN: only what the colleague owns, by the route's `owner`

# Area -> role -> how far it reaches. A role that is not named may not.
MATRIX: dict[str, dict[str, str]] = {
    "account": dict.fromkeys(staff.ROLES, ALL),  # one's own sign-in and preferences
    "chats.see": {"agent": ALL, "supervisor": ALL, "developer": ALL, "admin": ALL},
    "chats.take": {"agent": ALL, "supervisor": ALL, "admin": ALL},
    "chats.hold": {"agent": OWN, "supervisor": ALL, "admin": ALL},  # answer, transfer, hand back, resolve: who has the chat
    "chats.file": {"agent": ALL, "supervisor": ALL, "developer": ALL, "admin": ALL},  # tag, flag, assign, note, save, review
    "notes.delete": {"agent": OWN, "supervisor": ALL, "developer": OWN, "admin": ALL},
    "customers.serve": {"agent": ALL, "supervisor": ALL, "admin": ALL},  # change a customer's orders
    "replies.see": {"agent": ALL, "supervisor": ALL, "admin": ALL},
    "replies.edit": {"agent": OWN, "supervisor": ALL, "admin": ALL},
    "bot.teach": {"agent": ALL, "supervisor": ALL, "developer": ALL, "admin": ALL},
    "figures.see": dict.fromkeys(staff.ROLES, ALL),
    "export": {"supervisor": ALL, "developer": ALL, "admin": ALL},
    "audit.see": {"supervisor": ALL, "admin": ALL},
    "people.manage": {"admin": ALL},
}

Owner = Callable[[Session, dict[str, Any]], int | None]  # path parameters -> the owner's staff id


@dataclass(frozen=True)
class Person:
    """The colleague behind a request, and what signs the tokens of their session."""

    id: int
    email: str
    name: str
    role: str
    team: str
    preferences: dict[str, Any]
    two_factors: bool
    session_id: int
    secret: str  # of the session: its forms' tokens are signed with it

    @property
    def csrf(self) -> str:
        return token_of(self.secret, self.session_id)

    def may(self, area: str) -> bool:
        """Whether at all; what belongs to others may still be closed."""
        return self.role in MATRIX[area]


@dataclass(frozen=True)
class Gate:
    """A route's dependency: signed in, allowed, and (where something changes) asked for by one of our own pages."""

    area: str
    owner: Owner | None = None

    def __post_init__(self) -> None:
        if self.owner is None and OWN in MATRIX[self.area].values():
            raise ValueError(f"a route of the area {self.area} must say whose things it touches")

    async def __call__(self, request: Request) -> Person:
        """Raises SignInFirst or Refusal."""
        site = console(request)
        token = request.cookies.get(COOKIE, "")
        found = await site.database.read(_person, token) if token else None
        if found is None:
            raise SignInFirst
        person, last_seen = found
        if request.method not in SAFE_METHODS:
            given = request.headers.get("x-csrf-token") or (await form(request)).get("csrf", "")
            if not is_token(given, person.secret, person.session_id):
                raise Refusal(403, "This page is out of date. Nothing was changed: reload it and try again.")
        await self._allowed(request, person)
        if now() - last_seen > staff.SEEN_EVERY:
            await site.database.write(staff.seen, person.session_id)
        request.state.person = person
        return person

    async def _allowed(self, request: Request, person: Person) -> None:
        reach = MATRIX[self.area].get(person.role)
        if reach == OWN and self.owner is not None:
            owner = await console(request).database.read(self.owner, dict(request.path_params))
            reach = ALL if owner == person.id else None
        if reach != ALL:
            raise Refusal(403, "Your role does not allow this.")


def person_of(request: Request) -> Person:
    """The colleague whom the route's gate let in."""
    return request.state.person


def _person(session: Session, token: str) -> tuple[Person, Any] | None:
    found = staff.session_of(session, token)
    if found is None:
        return None
    row, who = found
    return person(who, row.id, row.csrf), row.last_seen_at


def person(who: Staff, session_id: int, secret: str) -> Person:
    return Person(who.id, who.email, who.name, who.role, who.team, dict(who.preferences), bool(who.totp_secret), session_id, secret)
