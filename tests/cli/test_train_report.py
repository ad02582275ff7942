"""The page of `shopkeeper train --report`, on a small shop."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest

from cli import charts
from cli.train_report import Example, render
from recommender.blend import DEFAULTS, DEFAULTS_AGAIN
from recommender.learn import Learned
from recommender.report import LENGTHS, SHARES, measure
from tests.recommender.conftest import START


@pytest.fixture(scope="module")
def report():
    """Sixty customers of two tastes who came twice."""
    import pandas as pd

    from recommender.dataset import Dataset

    rng = np.random.default_rng(4)
    columns = dict.fromkeys(("brand", "colour", "size", "material", "tags", "description"), "")
    items = pd.DataFrame(
        {
            "item": np.arange(100, 124),
            "sku": [f"S{k}" for k in range(24)],
            "group": [f"g{k}" for k in range(24)],
            "title": [f"Thing {k}" for k in range(24)],
            "text": [f"thing {k}" for k in range(24)],
            "category": ["Home" if k % 2 else "Garden" for k in range(24)],
            "price": 100,
            "stock": 5,
            "active": True,
            **columns,
        }
    )
    rows = []
    for user in range(60):
        for day in (1, 20):
            for item in rng.choice(np.arange(user % 2, 24, 2), 3, replace=False):
                rows.append((user, 100 + int(item), "purchase", np.nan, START + pd.Timedelta(days=day + user / 100)))
    did = pd.DataFrame(rows, columns=["user", "item", "kind", "value", "at"]).sort_values("at")
    did["at"] = pd.to_datetime(did["at"], utc=True)
    vectors = rng.normal(size=(24, 8)).astype(np.float32)
    data = Dataset(items, did, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return measure(data, Learned(DEFAULTS, DEFAULTS_AGAIN, {}, {}))


def test_the_figures_are_shares_of_what_was_held_out(report):
    assert report.customers == sum(report.sizes) == 60
    assert all(len(values) == len(LENGTHS) for values in report.accuracy.values())
    assert all(len(values) == len(SHARES) for values in report.curve.values())
    assert report.curve["blend"][-1] == pytest.approx(np.average([v or 0 for v in report.accuracy["blend"]], weights=report.sizes))
    assert report.curve["blend"][-1] > report.curve["popularity"][-1]
    for tenths in report.bias.values():
        assert sum(tenths) == pytest.approx(1.0)
    assert all(0 <= value <= 1 for value in report.coverage.values())
    found = np.mean([right for _, right in report.calibration])
    assert np.mean([predicted for predicted, _ in report.calibration]) == pytest.approx(found, rel=0.05)
    assert report.categories["blend"] < report.categories["popularity"]  # customers of one taste are shown their own


def test_the_page_needs_nothing_else_and_texts_are_escaped(report):
    manifest = {"trained_at": "2026-01-01T10:00:00+00:00", "seconds": 3.0, "gate": {"accepted": True, "cases": 50, "old": 0.1, "new": 0.2}}
    page = render(report, [Example(["<b>Mug</b>"], ["Lamp"], ["Vase"])], "what is popular", "v1", manifest)
    assert "&lt;b&gt;Mug" in page
    assert "0.2000 against 0.1000" in page
    assert page.count("<svg") == 4
    for outside in ("http://", "https://", "<script", "src="):
        assert outside not in page


@pytest.mark.parametrize("top", [0.0007, 0.09, 0.1, 0.73, 1.0, 17.0, 990.0])
def test_bars_and_lines_stay_inside_the_picture(top):
    for drawn in (
        charts.bars({"a": [top, None, top / 3]}, list("xyz"), "x", "y"),
        charts.lines({"a": [top, None, 0.0]}, list("xyz"), "x", "y"),
    ):
        marks = [SimpleNamespace(**mark.attrib) for mark in ET.fromstring(drawn).iter() if mark.tag in ("rect", "circle")]
        heights = [float(getattr(mark, "y", None) or mark.cy) for mark in marks]
        assert all(charts.TOP - 1e-6 <= height <= charts.HEIGHT + 5 for height in heights)


def test_an_empty_picture_is_no_error():
    assert "<svg" in charts.scatter([], "x", "y")
    assert "<svg" in charts.bars({"a": []}, [], "x", "y")
