"""Every route that changes something leaves its line in the audit log, and so does what is taken away as a file."""

from __future__ import annotations

from collections.abc import Iterator

import pyotp
import pytest
from sqlalchemy import delete, func, select

from shop import audit, canned, cases, desk, lessons
from shop.models import AuditEntry, Claim, Note, StaffSession
from tests.console.conftest import PASSWORD, Colleague
from tests.console.test_access import ROUTES, name_of
from tests.harness.talk import exchange, thread

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
SECRET = pyotp.random_base32()
KEY = {"key": "0123456789"}
# What is sent to each route; a route that is missing here fails the test, a route that leaves no line has no comment but a reason.
SENT: dict[str, dict[str, str]] = {
    "/account/preferences": {"theme": "dark"},
    "/account/sessions/{session_id:int}/end": {},
    "/account/two-factors": {"password": PASSWORD, "secret": SECRET},
    "/account/password": {"old": PASSWORD, "new": "another long password", "again": "another long password"},
    "/cases/{number}/close": {},
    "/inbox/{chat}/take": {},
    "/inbox/{chat}/say": {"text": "Hello", **KEY},
    "/inbox/{chat}/product": {"sku": "SKU", "key": "product-0123"},
    "/inbox/{chat}/orders/{number}/resend": {"key": "resend-0123"},
    "/inbox/{chat}/orders/{number}/cancel": {"reason": "asked for", "key": "cancel-0123"},
    "/inbox/{chat}/orders/{number}/refund": {"reason": "asked for", "key": "refund-0123"},
    "/inbox/{chat}/flag": {},
    "/inbox/{chat}/save": {},
    "/inbox/{chat}/review": {},
    "/inbox/{chat}/tag": {"tag": "late"},
    "/inbox/{chat}/assign": {"to": ""},
    "/inbox/{chat}/note": {"text": "call back"},
    "/inbox/{chat}/notes/{note_id:int}/delete": {},
    "/inbox/{chat}/release": {},
    "/inbox/{chat}/transfer": {"to": "team:service"},
    "/inbox/{chat}/hand-back": {"slots": ""},
    "/inbox/{chat}/resolve": {},
    "/people": {"name": "New", "email": "new@shop.example", "role": "agent", "team": "", "password": PASSWORD},
    "/people/{staff_id:int}": {"role": "agent", "team": "", "active": "yes"},
    "/people/{staff_id:int}/sign-out": {},
    "/people/{staff_id:int}/password": {"password": "another long password"},
    "/replies": {"shortcut": "late", "title": "Late", "text": "I am sorry."},
    "/replies/{reply_id:int}": {"shortcut": "later", "title": "Later", "text": "I am sorry."},
    "/review/decide": {"lessons": "1", "state": "corrected", "intent": "report_damaged"},
    "/review/undo": {"lessons": "1"},
    "/review/pick": {"turn": "1"},
    "/review/story": {"name": "a vase"},
    "/transcripts/filters": {"name": "mine", "q": "intent:greet"},
    "/transcripts/filters/remove": {"name": "mine"},
    "/sign-out": {},
}
SILENT = {"/inbox/{chat}/here": "being there is no change; it comes every minute"}


def changes() -> Iterator[str]:
    for route in ROUTES:
        method, path = name_of(route)
        if method == "POST" and not path.startswith("/sign-in"):
            yield path


@pytest.fixture
def chief(store, url, hire):
    return lambda: Colleague(url, store, hire("admin"))


@pytest.fixture
def things(store, hire, factory) -> dict[str, str | int]:
    """What the paths and the forms name."""
    spare, buyer = hire("agent"), factory.customer()
    product = factory.product(sku="SKU")
    order, delivered = factory.order(buyer, [(product, 1)]), factory.order(buyer, [(product, 1)], status="delivered")
    with store.write() as session:
        chat = thread(session, buyer)
        turn = exchange(session, chat, "my vase is in bits", "search_product")
        lesson = lessons.lesson_of(session, turn.id)
        case, _ = cases.open_case(session, buyer.id, "damaged", "in bits", "key-1")
        reply = canned.save(session, "sorry", "Sorry", "I am sorry.", spare.id)
        named = {"chat": chat.public_id, "thread": chat.public_id, "staff_id": spare.id, "reply_id": reply.id, "conversation": chat.id}
        return named | {
            "lessons": str(lesson.id),
            "turn": str(turn.id),
            "case": case.number,
            "order": order.number,
            "sent": delivered.number,
        }


def test_each_change_leaves_its_line(store, chief, things):
    assert set(changes()) == set(SENT) | set(SILENT)
    silent = []
    for path, fields in SENT.items():
        who = chief()
        with store.write() as session:
            session.execute(delete(AuditEntry))
            session.execute(delete(Claim))
            note = Note(conversation_id=things["conversation"], staff_id=who.who.id, text="a note")
            session.add(note)
            if path != "/inbox/{chat}/take":
                desk.take(session, things["conversation"], who.who.id)
            session.flush()
            own = session.scalar(select(StaffSession.id).where(StaffSession.staff_id == who.who.id))
            values = things | {"note_id": note.id, "session_id": own, "number": things["case"] if "cases" in path else things["order"]}
        if path.endswith("refund"):
            values["number"] = things["sent"]
        sent = {name: things.get(name, value) if name in ("lessons", "turn") else value for name, value in fields.items()}
        sent |= {"thread": things["thread"]} if path == "/review/story" else {}
        sent |= {"code": pyotp.TOTP(SECRET).now()} if path == "/account/two-factors" else {}
        route = next(route for route in ROUTES if name_of(route) == ("POST", path))
        answer = who.post(route.path_format.format(**values), **sent)
        assert answer.status_code in (200, 303), (path, answer.status_code, answer.text[-300:])
        with store.read() as session:
            lines = [row.AuditEntry for row in audit.entries(session)]
        if not lines or any(line.staff_id != who.who.id for line in lines):
            silent.append(path)
        who.http.close()
    assert silent == []


def test_who_took_conversations_away_as_a_file_is_in_the_log(store, sign_in, hire, things):
    chief = sign_in(hire("admin"))
    assert chief.get("/transcripts-export?rows=messages&format=csv&q=vase").status_code == 200
    with store.read() as session:
        [line] = [row.AuditEntry for row in audit.entries(session, action="export.")]
    assert (line.action, line.details) == ("export.messages", {"format": "csv"}), "what was searched for may be a customer's words"


def test_the_log_names_colleagues_and_leads_to_the_conversation(store, sign_in, hire, things):
    chief, tom = sign_in(hire("admin")), hire("agent", "Tom Moss")
    chief.post(f"/inbox/{things['chat']}/assign", to=tom.id)
    page = chief.get("/audit").text
    assert f'/console/transcripts/{things["chat"]}"' in page
    assert "to: Tom Moss" in page
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "chat.assign")) == 1
