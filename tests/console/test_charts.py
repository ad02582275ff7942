"""Charts: what Vega-Lite is told, and the pictures that come of it."""

from __future__ import annotations

import asyncio
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from anyio import BrokenWorkerProcess

from console import charts, drawing

SVG = "{http://www.w3.org/2000/svg}"
MARKUP = "<script>alert(1)</script>\x0b\" onload='x'"


def link(figure: str, value: str = "", first: str = "", last: str = "") -> str:
    return f"{charts.HOST}/console/{figure}?value={quote(value)}&from={first}&to={last}"


def no_link(*_: str) -> None:
    return None


def bars(spec: charts.Spec) -> list[ElementTree.Element]:
    return ElementTree.fromstring(drawing.draw(spec)).findall(".//*[@aria-roledescription='bar']")


def height(bar: ElementTree.Element) -> float:
    return float(bar.get("d", "").split("v")[1].split("h")[0])


def test_each_bar_is_as_high_as_its_value_and_leads_to_what_it_counts():
    spec = charts.daily({"2026-03-01": 2, "2026-03-02": 0, "2026-03-03": 6}, [1, 2, 3], lambda day: f"day {day[-1:]}", link)
    one, three = bars(spec)
    assert height(three) == pytest.approx(3 * height(one))
    picture = drawing.draw(spec)
    first, last = ElementTree.fromstring(picture).findall(f".//{SVG}a")
    assert (first.get("href"), first.get("aria-label")) == ("/console/conversations?value=&from=2026-03-01&to=2026-03-01", "day 1: 2")
    assert last.find(f".//{SVG}title").text == "day 3: 6"
    assert ">day 2</text>" in picture, "a day without a bar has its place"
    assert "stroke-dasharray" in picture, "the span before"


def test_pieces_of_an_hour_lie_on_each_other_in_the_order_of_the_series():
    pieces = bars(charts.hourly({"web": [3] + [0] * 23, "email": [1, 2] + [0] * 22}, link))
    tops = {piece.get("aria-label"): float(piece.get("d", "").split(",")[1].split("h")[0]) for piece in pieces}
    assert tops["00 h, web: 3"] == pytest.approx(tops["00 h, email: 1"] + height(pieces[1]))
    assert {piece.get("fill") for piece in pieces} == {"var(--s0)", "var(--s1)"}


def test_a_share_too_small_for_its_number_has_none():
    picture = drawing.draw(charts.shares({"by_bot": ("by the bot", 97), "abandoned": ("abandoned", 3), "reopened": ("again", 0)}, link))
    assert "97 %" in picture
    assert "3 %" not in picture
    assert 'aria-label="abandoned: 3"' in picture
    assert "again" not in picture


def test_a_line_breaks_where_nothing_was_counted_and_a_lone_value_is_a_point():
    spec = charts.spark([1.0, 2.0, None, 0.0])
    assert [row["x"] for row in spec["layer"][1]["data"]["values"]] == [3]
    assert "mark-symbol" in drawing.draw(spec)
    assert charts.spark([None, 1.0]) is charts.spark([]) is None, "a line needs two values"


@pytest.mark.parametrize("to", [link, no_link])
def test_what_people_wrote_stays_text_and_nothing_in_a_picture_needs_leave_of_the_policy(to):
    picture = drawing.draw(charts.hourly({MARKUP: [1] * 24}, to))
    root = ElementTree.fromstring(picture)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {"svg", "g", "path", "line", "text", "title", "a"}
    assert not any(name == "style" or name.startswith("on") for element in root.iter() for name in element.attrib)
    assert (len(root.findall(f".//{SVG}a")) == 24) is (to is link)
    assert "vega" not in "".join(anchor.get("href", "") for anchor in root.iter(f"{SVG}a"))


def test_one_day_has_a_slim_bar_whole_steps_and_a_point_for_the_day_before():
    picture = drawing.draw(charts.daily({"2026-03-01": 2}, [1], str, link))
    labels = [text.text for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]
    assert labels == ["2026-03-01", "0", "1", "2"]
    assert "h64v" in picture.replace(".0", "")
    assert "mark-symbol" in picture


@pytest.mark.parametrize("spec", [charts.daily({"2026-03-01": 0}, [0], str, link), charts.hourly({}, link), charts.shares({}, link)])
def test_nothing_counted_is_a_chart_too(spec):
    assert drawing.draw(spec).startswith("<svg")


def test_a_chart_is_drawn_once_for_the_same_figures_and_a_page_does_without_it_where_that_fails(monkeypatch):
    asked: list[int] = []

    async def draw_here(function, specs, **_):
        asked.append(len(specs))
        return function(specs)

    async def broken(*_, **__):
        raise BrokenWorkerProcess

    monkeypatch.setattr(drawing, "_kept", type(drawing._kept)())
    monkeypatch.setattr(drawing.to_process, "run_sync", draw_here)
    one, other = charts.spark([1, 2]), charts.spark([2, 1])
    first = asyncio.run(drawing.pictures({"a": one, "nothing": None}))
    assert asyncio.run(drawing.pictures({"a": one, "b": other})) == {**first, "b": drawing.draw(other)}
    assert asked == [1, 1]
    monkeypatch.setattr(drawing.to_process, "run_sync", broken)
    assert asyncio.run(drawing.pictures({"a": one, "c": charts.spark([3, 4])})) == first
