"""Lists a page at a time, on either database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from shop import audit, paging
from shop.errors import ShopError
from shop.models import AuditEntry

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
ORDER = (datetime, int)


@pytest.fixture
def rows(store):
    """Nine entries, three at each of three moments."""
    with store.write() as session:
        session.add_all(AuditEntry(staff_name="Ada", action=f"a{n}", at=MOMENT + timedelta(days=n // 3)) for n in range(9))
    return select(AuditEntry.action, AuditEntry.id, AuditEntry.at).order_by(AuditEntry.at.desc(), AuditEntry.id)


def test_pages_lead_on_and_back_by_links_and_miss_nothing_that_was_there(store, rows):
    read = []
    link = ""
    while True:
        with store.read() as session:
            page = paging.page(session, rows, 4, paging.place(link, ORDER))
        read.append([row.action for row in page])
        if not page.paging.has_next:
            break
        link = page.paging.bookmark_next
        with store.write() as session:
            session.add(AuditEntry(staff_name="Ada", action="late", at=MOMENT + timedelta(days=9)))
    assert read == [["a6", "a7", "a8", "a3"], ["a4", "a5", "a0", "a1"], ["a2"]]
    with store.read() as session:
        back = paging.page(session, rows, 4, paging.place(page.paging.bookmark_previous, ORDER))
        first = paging.page(session, rows, 4, paging.place(back.paging.bookmark_previous, ORDER))
    assert [row.action for row in back] == read[1]
    assert [row.action for row in first] == read[0]
    assert first.paging.has_previous, "what came meanwhile"


def test_the_audit_log_is_read_a_page_at_a_time(store, rows):
    with store.read() as session:
        newest = audit.entries(session, limit=5)
        rest = audit.entries(session, newest.paging.next, limit=5)
    assert [row.AuditEntry.action for row in [*newest, *rest]] == [f"a{n}" for n in range(8, -1, -1)]
    assert not rest.paging.has_next


@pytest.mark.parametrize(
    "text",
    ["x", ">", "<", "nonsense", ">i:1", ">dt:2026-03-01T00:00:00+00:00", ">dt:2026-03-01T00:00:00~i:1", ">dt:0001-01-01T00:00:00+14:00~i:1",
     ">dt:2026-03-01T00:00:00+00:00~i:99999999999999999999", ">dt:2026-03-01T00:00:00+00:00~s:1", ">dt:never~i:1", ">~", ">\n", ">\\",
     ">\x00",     ">dt:2026-03-01T00:00:00+00:00~true", ">x~x", ">i:" + "9" * 5000],
)  # fmt: skip
def test_a_damaged_link_is_refused(text):
    with pytest.raises(ShopError, match="bad_place"):
        paging.place(text, ORDER)


def test_no_place_is_the_first_page():
    assert paging.place("", ORDER) is None
