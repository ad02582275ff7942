"""`shopkeeper report daily` writes a page that stands alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.conftest import factory_for
from tests.harness.talk import exchange, thread


@pytest.fixture
def run(shop_store):
    customer = factory_for(shop_store).customer()
    with shop_store.write() as session:
        at = datetime(2026, 3, 2, 9, tzinfo=UTC)
        exchange(session, thread(session, customer), "<script>kayaks</script>", "nlu_fallback", at=at)
    return lambda *arguments: CliRunner().invoke(app, ["report", "daily", *arguments])


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
