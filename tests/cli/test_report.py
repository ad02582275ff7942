"""`shopkeeper report daily` writes a page that stands alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from cli.main import app
from shop.models import Conversation, InboxMessage, Turn
from shop.store import Store
from tests.conftest import factory_for


@pytest.fixture
def run(tmp_path, sqlite_copy, monkeypatch):
    with sqlite_copy(tmp_path) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("SHOPKEEPER_VAR_DIR", str(tmp_path / "var"))
        store = Store(url)
        customer = factory_for(store).customer()
        with store.write() as session:
            thread = Conversation(channel="web", address="1", customer_id=customer.id)
            session.add(thread)
            session.flush()
            message = InboxMessage(conversation_id=thread.id, client_message_id="1", text="x")
            session.add(message)
            session.flush()
            about = {"conversation_id": thread.id, "customer_id": customer.id, "inbox_id": message.id, "channel": "web"}
            session.add(Turn(**about, text="<script>kayaks</script>", intent="nlu_fallback", at=datetime(2026, 3, 2, 9, tzinfo=UTC)))
        store.close()
        yield lambda *arguments: CliRunner().invoke(app, ["report", "daily", *arguments])


def test_the_page_has_the_days_figures_and_needs_nothing_else(run, tmp_path):
    result = run("--day", "2026-03-02")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "var/reports/2026-03-02.html").read_text()
    assert re.search(r"Not understood</span><b>100 %", page)
    assert re.search(r"Abandoned</span><b>1<", page)
    assert "<script" not in page
    assert "&lt;script&gt;kayaks" in page
    assert not re.search(r'(src|href)="', page)


def test_a_day_without_anything_is_a_page_too(run, tmp_path):
    assert run("--day", "2025-01-01", "--out", str(tmp_path / "empty.html")).exit_code == 0
    assert "Nobody was needed." in (tmp_path / "empty.html").read_text()


def test_a_wrong_day_is_explained(run):
    result = run("--day", "monday")
    assert result.exit_code == 2
    assert "2026-11-30" in result.output
