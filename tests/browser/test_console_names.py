"""Every page of the console as a screen reader and a keyboard find it: names, landmarks, contrast, focus, in four looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from console.access import COOKIE
from shop import staff
from shop.demo.colleague import EMAIL
from shop.store import Store
from tests.harness.desk import LOOKS, PAGES, at_work
from tests.harness.stack import free_ports

pytestmark = pytest.mark.browser
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}  # axe-core's names of its sets of rules


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str], str]]:
    """Address, chats, and a session of the demo's administrator: signing in again and again would be refused."""
    folder: Path = tmp_path_factory.mktemp("desk") / "var"
    with at_work(folder, free_ports(1)[0]) as (address, settings, shown):
        store = Store(settings.store_url)
        with store.write() as session:
            admin = staff.by_email(session, EMAIL)
            assert admin is not None
            token = staff.open_session(session, admin.id, "tests", confirmed=True)
        store.close()
        yield address, shown, token


@pytest.fixture
def signed_in(desk, new_page) -> Page:
    address, _, token = desk
    page = new_page()
    page.context.add_cookies([{"name": COOKIE, "value": token, "url": f"{address}/console"}])
    return page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_names_landmarks_contrast_and_nothing_wider_than_itself(desk, signed_in, name):
    address, shown, _ = desk
    for width, height, scheme in LOOKS:
        signed_in.set_viewport_size({"width": width, "height": height})
        signed_in.emulate_media(color_scheme=scheme)
        signed_in.goto(f"{address}/console/{PAGES[name].format(**shown)}")
        found = Axe().run(signed_in, options=RULES).response["violations"]
        faults = [(one["id"], one["help"], [node["html"][:160] for node in one["nodes"]][:4]) for one in found]
        assert faults == [], (name, width, scheme)
        assert signed_in.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (name, width)


def test_whoever_uses_the_keyboard_sees_where_they_are(desk, signed_in):
    """Each stop of the tabulator has a ring of two pixels at least, on the page with the most of them."""
    address, shown, _ = desk
    signed_in.goto(f"{address}/console/inbox/{shown['chat']}")
    stops = []
    while stops.count("body") < 2:  # Chromium may begin in the middle of the page: to its end, and then once around
        signed_in.keyboard.press("Tab")
        drawn = signed_in.evaluate(FOCUSED)
        stops.append("body" if drawn["what"].startswith("<body") else drawn["what"])
        assert stops[-1] == "body" or drawn["ring"] >= 2, drawn
    assert len(stops) - stops.index("body") > 40


FOCUSED = """() => {
    const style = getComputedStyle(document.activeElement);
    return {what: document.activeElement.outerHTML.slice(0, 120), ring: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth)};
}"""
