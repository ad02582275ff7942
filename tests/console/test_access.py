"""Every route, for every role, on one's own things and on others': the matrix says who gets through, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from console.access import ALL, COOKIE, MATRIX, OWN, Gate
from console.app import create_app
from shop import conversations, desk, identity, staff
from shop.models import CannedReply, Note, Staff
from tests.console.conftest import Colleague

PUBLIC = {("GET", "/sign-in"), ("POST", "/sign-in"), ("POST", "/sign-in/code")}


def walk(routes) -> Iterator[APIRoute]:
    """All routes, those of included routers too; the folder of static files is for everybody."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from walk(route.original_router.routes)
        else:
            assert route.path.startswith("/static/")


ROUTES = list(walk(create_app().routes))
pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def gate_of(route: APIRoute) -> Gate | None:
    return next((d.dependency for d in route.dependencies if isinstance(d.dependency, Gate)), None)


def name_of(route: APIRoute) -> tuple[str, str]:
    return next(iter(route.methods)), route.path


def arranged(store, mine: Staff, spare: Staff, owner: Staff) -> dict[str, Any]:
    """What the paths' parameters name: a chat, a note and a ready answer of `owner`, and things that belong to nobody."""
    with store.write() as session:
        customer = identity.guest(session)
        chat = conversations.open_conversation(session, "web", f"for-{mine.id}", customer.id)
        desk.take(session, chat.id, owner.id)
        note = Note(conversation_id=chat.id, staff_id=owner.id, text="a note")
        reply = CannedReply(shortcut=f"r{mine.id}", title="a", text="b", staff_id=owner.id)
        session.add_all([note, reply])
        session.flush()
        return {
            "staff_id": spare.id, "session_id": 1, "chat": chat.public_id, "note_id": note.id, "reply_id": reply.id,
            "number": "SK-NONE", "thread": "none",
        }  # fmt: skip


def test_only_the_sign_in_stands_before_the_gate(store):
    assert {name_of(route) for route in ROUTES if gate_of(route) is None} == PUBLIC


@pytest.mark.parametrize("role", staff.ROLES)
def test_the_matrix_holds_for_each_route_and_owner(role, store, url, hire):
    """Everything on others' things; what the matrix opens for one's own, on one's own too."""
    spare, other = hire("agent", "Spare"), hire("agent", "Other")
    hire("admin", "Chief")
    wrong = []
    for own in (False, True):
        someone, values = None, {}
        for route in sorted(ROUTES, key=name_of):  # what only reads comes first: one colleague and one chat do for all of it
            gate, (method, path) = gate_of(route), name_of(route)
            if gate is None or (own and MATRIX[gate.area].get(role) != OWN):
                continue
            if someone is None or method == "POST":
                mine = hire(role, "Me")
                someone, values = Colleague(url, store, mine), arranged(store, mine, spare, mine if own else other)
            where = route.path_format.format(**values)
            with someone.http.stream(method, where, data={"csrf": someone.csrf} if method == "POST" else None) as answer:
                allowed = own or MATRIX[gate.area].get(role) == ALL
                if (answer.status_code == 403) == allowed or answer.status_code in (401, 405, 500):
                    wrong.append(f"{role} {method} {path} own={own}: {answer.status_code}")
            if method == "POST":
                someone.http.close()
    assert wrong == []


def test_nobody_gets_through_without_signing_in(store, url):
    with httpx.Client(base_url=url + "/console", headers={"Origin": url}) as http:
        for route in ROUTES:
            method, path = name_of(route)
            if (method, path) not in PUBLIC:
                values = dict.fromkeys(route.param_convertors, 1)
                assert http.request(method, route.path_format.format(**values)).status_code == 401, path
        page = http.get("/people", headers={"Accept": "text/html"})
        assert page.status_code == 303
        assert page.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fpeople"


def test_a_change_without_the_sessions_token_is_refused_everywhere(store, sign_in, hire):
    chief, other = sign_in(hire("admin")), sign_in(hire("admin"))
    for route in ROUTES:
        method, path = name_of(route)
        if method == "POST" and (method, path) not in PUBLIC:
            where = route.path_format.format(**dict.fromkeys(route.param_convertors, 1))
            for token in ("", "x" * 43, "é", other.csrf):
                answer = chief.http.post(where, data={"csrf": token})
                assert (answer.status_code, "out of date" in answer.text) == (403, True), path
    assert chief.get("/people").status_code == 200


def test_an_area_that_tells_own_from_others_must_name_the_owner(store):
    with pytest.raises(ValueError, match="whose"):
        Gate("chats.hold")


def test_another_sites_page_cannot_post_even_with_the_token(store, sign_in, hire):
    chief = sign_in(hire("admin"))
    answer = chief.http.post("/sign-out", data={"csrf": chief.csrf}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert chief.get("/people").status_code == 200


def test_the_cookie_is_for_the_console_alone(store, url, hire):
    who = hire("admin")
    with httpx.Client(base_url=url, headers={"Origin": url}) as http:
        answer = http.post("/console/sign-in", data={"email": who.email, "password": "correct horse battery"})
        cookie = answer.headers["set-cookie"].lower()
        assert cookie.startswith(COOKIE)
        assert {"httponly", "samesite=lax", "path=/console"} <= {part.strip() for part in cookie.split(";")}
