"""What customers reported, as colleagues see it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop import cases, returns
from shop.models import AuditEntry, Case, now
from tests.harness.talk import thread

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def test_open_cases_and_returns_are_listed_and_a_case_is_closed(store, factory, sign_in, hire):
    customer = factory.customer(name="Emma Hughes")
    order = factory.order(customer, [(factory.product(), 1)], status="delivered", delivered_at=now())
    with store.write() as session:
        chat = thread(session, customer)
        case, _ = cases.open_case(session, customer.id, "damaged", "It came in <b>pieces</b>", "k1", chat.public_id, order.id)
        cases.open_case(session, customer.id, "invoice", "No invoice", "k2")
        back = returns.request_return(session, order.id, None, "too small", "k3")
        number, chat_id = case.number, chat.public_id
    ann = sign_in(hire())
    page = ann.get("/cases").text
    for part in (number, "It came in &lt;b&gt;pieces&lt;/b&gt;", f"/inbox/{chat_id}", order.number, back.number, "too small", "No invoice"):
        assert part in page
    assert "No invoice" not in ann.get("/cases?kind=damaged").text
    assert ann.post(f"/cases/{number}/close").status_code == 303
    assert ann.post("/cases/CS-NONE/close").status_code == 404
    assert number not in ann.get("/cases").text
    with store.read() as session:
        assert session.scalar(select(Case.state).where(Case.number == number)) == "resolved"
        assert session.scalars(select(AuditEntry.subject_id).where(AuditEntry.action == "case.close")).all() == [number]


def test_more_cases_than_a_page_has_are_on_the_next_one_and_a_damaged_link_is_explained(store, factory, sign_in, hire):
    customer = factory.customer()
    with store.write() as session:
        for k in range(53):
            cases.open_case(session, customer.id, "damaged", f"case {k} of many", f"k{k}")
    ann = sign_in(hire())
    page = ann.get("/cases?kind=damaged").text
    assert page.count(" of many") == 50
    assert "damaged" in (link := page.split('rel="next" href="')[1].split('"')[0])
    rest = ann.get("/cases" + link.replace("&amp;", "&")).text
    assert [f"case {k} of many" in rest for k in (49, 50, 52)] == [False, True, True]
    assert 'rel="prev"' in rest
    for path in ("cases?cases=x", "cases?returns=%3Ei%3A1", "audit?at=%3Es%3Ax", "transcripts?at=%3E%00"):
        answer = sign_in(hire("admin")).get(f"/{path}")
        assert (answer.status_code < 500, "start at the first page" in answer.text) == (True, True), path
