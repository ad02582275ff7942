"""Passwords, second factors, sessions that can be ended."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pyotp
import pytest
from sqlalchemy import select, update

from shop import audit, staff
from shop.errors import ShopError
from shop.models import AuditEntry, Staff, StaffSession, now
from tests.console.conftest import PASSWORD

sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def browser(url):
    with httpx.Client(base_url=url, headers={"Origin": url, "Accept": "text/html"}, timeout=20) as http:
        yield http


def enter(http: httpx.Client, who: Staff, password: str = PASSWORD, **more: str) -> httpx.Response:
    return http.post("/console/sign-in", data={"email": who.email, "password": password, **more})


def test_the_right_password_opens_the_console_and_a_wrong_one_does_not(browser, hire, store):
    who = hire("admin")
    assert enter(browser, who, "wrong").status_code == 401
    assert browser.get("/console/people").status_code == 303
    assert enter(browser, who).headers["location"] == "/console/"
    assert browser.get("/console/people").status_code == 200
    with store.read() as session:
        assert session.scalar(select(Staff.password_hash).where(Staff.id == who.id)).startswith("$argon2id$")
        assert [row.AuditEntry.action for row in audit.entries(session)] == ["staff.sign_in", "staff.refused"]


@sqlite
def test_refused_sign_ins_are_in_the_log_without_what_was_typed(browser, hire, store):
    who = hire()
    enter(browser, who, "my old password")
    browser.post("/console/sign-in", data={"email": "who@shop.example", "password": "x"})
    with store.read() as session:
        lines = [row.AuditEntry for row in audit.entries(session, action="staff.refused")]
    assert [(line.staff_id, line.subject_id, line.details) for line in lines] == [
        (None, "", {"because": "password"}),
        (None, str(who.id), {"because": "password"}),
    ]


@sqlite
def test_an_unknown_email_and_a_wrong_password_read_the_same(browser, hire):
    who = hire()
    unknown = browser.post("/console/sign-in", data={"email": "who@shop.example", "password": "x"})
    wrong = browser.post("/console/sign-in", data={"email": who.email, "password": "x"})
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.text.replace("who@shop.example", "") == wrong.text.replace(who.email, "")


@sqlite
@pytest.mark.parametrize(
    "next", ["https://evil.example", "//evil.example", "/console/../", "/console\\evil", "/cart", "javascript:alert(1)"]
)
def test_sign_in_leads_nowhere_but_into_the_console(browser, hire, next):
    assert enter(browser, hire(), next=next).headers["location"] == "/console/"


@sqlite
def test_sign_in_leads_to_the_page_that_was_asked_for(browser, hire):
    assert enter(browser, hire(), next="/console/people?x=1").headers["location"] == "/console/people?x=1"


@sqlite
def test_after_ten_tries_an_account_waits(browser, hire):
    who = hire()
    codes = [enter(browser, who, "wrong").status_code for _ in range(10)] + [enter(browser, who).status_code]
    assert codes == [401] * 10 + [429]


def test_with_a_second_factor_the_password_alone_opens_nothing(browser, hire, store):
    who = hire()
    secret = pyotp.random_base32()
    with store.write() as session:
        staff.set_totp(session, who.id, secret)
    page = enter(browser, who)
    assert page.status_code == 200
    assert "six digits" in page.text
    assert browser.get("/console/account").status_code == 303
    assert browser.post("/console/sign-in/code", data={"code": "000000"}).status_code == 401
    code = pyotp.TOTP(secret).now()
    assert browser.post("/console/sign-in/code", data={"code": code}).status_code == 303
    assert browser.get("/console/account").status_code == 200
    browser.cookies.clear()
    enter(browser, who)
    assert browser.post("/console/sign-in/code", data={"code": code}).status_code == 401, "a code works once"


@sqlite
def test_a_second_factor_starts_only_with_a_code_that_proves_the_secret_arrived(sign_in, hire, store):
    who = hire()
    colleague = sign_in(who)
    secret = pyotp.random_base32()
    assert colleague.post("/account/two-factors", password=PASSWORD, secret=secret, code="000000").status_code == 422
    assert colleague.post("/account/two-factors", password="wrong", secret=secret, code=pyotp.TOTP(secret).now()).status_code == 422
    with store.read() as session:
        assert session.get_one(Staff, who.id).totp_secret == ""
    assert colleague.post("/account/two-factors", password=PASSWORD, secret=secret, code=pyotp.TOTP(secret).now()).status_code == 303
    with store.read() as session:
        assert session.get_one(Staff, who.id).totp_secret == secret


def test_a_code_half_a_minute_late_is_taken_and_a_minute_late_is_not():
    secret, at = pyotp.random_base32(), now()
    totp = pyotp.TOTP(secret)
    assert staff.code_step(secret, totp.at(at - timedelta(seconds=30)), at) == totp.timecode(at) - 1
    assert staff.code_step(secret, totp.at(at - timedelta(seconds=90)), at) is None


@sqlite
def test_a_session_ends_by_sign_out_by_age_by_idleness_and_when_the_account_is_closed(sign_in, hire, store):
    hire("admin")

    def open_now(colleague) -> bool:
        return colleague.get("/account").status_code == 200

    def ended(change) -> bool:
        colleague = sign_in(hire())
        assert open_now(colleague)
        change(colleague)
        return not open_now(colleague)

    def age(**columns):
        def change(colleague):
            with store.write() as session:
                session.execute(update(StaffSession).where(StaffSession.staff_id == colleague.who.id).values(**columns))

        return change

    def close(colleague):
        with store.write() as session:
            staff.set_active(session, colleague.who.id, False)

    assert ended(lambda colleague: colleague.post("/sign-out"))
    assert ended(age(expires_at=now()))
    assert ended(age(last_seen_at=now() - staff.IDLE_FOR))
    assert ended(close)


@sqlite
def test_a_new_password_signs_out_the_other_browsers_and_keeps_this_one(sign_in, hire):
    who = hire()
    here, there = sign_in(who), sign_in(who)
    assert here.post("/account/password", old="wrong", new="a long new password").status_code == 422
    assert here.post("/account/password", old=PASSWORD, new="too short").status_code == 422
    assert there.get("/account").status_code == 200
    assert here.post("/account/password", old=PASSWORD, new="a long new password").status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303


@sqlite
def test_one_cannot_end_the_session_of_somebody_else(sign_in, hire, store):
    victim, attacker = sign_in(hire()), sign_in(hire())
    with store.read() as session:
        theirs = session.scalar(select(StaffSession.id).where(StaffSession.staff_id == victim.who.id))
    assert attacker.post(f"/account/sessions/{theirs}/end").status_code == 404
    assert victim.get("/account").status_code == 200


def test_the_last_administrator_cannot_be_lost(store, hire):
    admin = hire("admin")
    for change in (lambda session: staff.set_role(session, admin.id, "agent"), lambda session: staff.set_active(session, admin.id, False)):
        with pytest.raises(ShopError, match="last_admin"), store.write() as session:
            change(session)


@sqlite
def test_an_administrator_hires_changes_and_signs_out_and_the_log_tells(sign_in, hire, store):
    chief = sign_in(hire("admin"))
    new = {"name": "Ann", "email": "ann@shop.example", "role": "agent", "team": "returns", "password": PASSWORD}
    assert chief.post("/people", **new).status_code == 303
    assert chief.post("/people", **new).status_code == 422
    assert chief.post("/people", **{**new, "email": "b@shop.example", "role": "king"}).status_code == 422
    with store.read() as session:
        ann = staff.by_email(session, "ann@shop.example")
    browser = sign_in(ann)
    assert chief.post(f"/people/{ann.id}", role="supervisor", active="on", team="service").status_code == 303
    assert browser.get("/audit").status_code == 200, "the new role counts at once"
    assert chief.post(f"/people/{ann.id}/sign-out").status_code == 303
    assert browser.get("/account").status_code == 303
    page = chief.get("/audit").text
    assert all(words in page for words in ("staff: add", "staff: change", "staff: sign out", "role: supervisor"))
    with store.read() as session:
        assert session.scalar(select(AuditEntry.staff_name).limit(1)) == chief.who.name
