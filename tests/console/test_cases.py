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
