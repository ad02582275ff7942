"""Finding, teaching and figures in a real browser: what a reviewer does in a day, by mouse and by keyboard."""

from __future__ import annotations

import shutil

import pytest
import yaml
from playwright.sync_api import expect
from typer.testing import CliRunner

from cli.main import app
from shop import lessons
from shop.models import Customer, Handover, Lesson, now
from shop.settings import PROJECT
from tests.browser.conftest import ready, take
from tests.harness.talk import exchange, thread

pytestmark = pytest.mark.browser
MISREAD = "my vase came out of the box in three pieces, zelda.quick@example.org"


@pytest.fixture
def week(store) -> dict[str, str]:
    """Three conversations of today: misread, not understood, and with a person. Their public ids."""
    with store.write() as session:
        zelda, omar = Customer(name="Zelda Quick", email="zelda.quick@example.org"), Customer(name="Omar Field", email="omar@example.org")
        session.add_all([zelda, omar])
        session.flush()
        misread, lost, served = (thread(session, who, address) for who, address in ((zelda, "1"), (omar, "2"), (omar, "3")))
        guesses = [{"name": "search_product", "confidence": 0.4}, {"name": "report_damaged", "confidence": 0.35}]
        exchange(session, misread, "hello", "greet", {"text": "Hello!"})
        unsure = exchange(session, misread, MISREAD, "search_product", {"text": "Here are vases."}, confidence=0.4, intent_ranking=guesses)
        exchange(session, lost, "flurb", "nlu_fallback", {"text": "I did not understand."}, confidence=0.1)
        exchange(session, served, "a person please", "talk_to_person", {"text": "I ask a person."})
        session.add(Handover(conversation_id=served.id, reason="asked", ended_at=now(), outcome="resolved"))
        session.add(Lesson(turn_id=unsure.id, reasons=["low_confidence"]))
        session.flush()
        return {"misread": misread.public_id, "lost": lost.public_id, "served": served.public_id}


def test_a_correction_made_by_keyboard_and_a_conversation_made_a_test_are_exported(
    url, store, week, agent, pictures, tmp_path, monkeypatch
):
    ann = agent("Ann Lee")
    ann.goto(f"{url}/console/review")
    task = ann.locator(".task")
    expect(task).to_have_count(1)
    expect(task).to_be_focused()
    ann.screenshot(path=pictures / "console-teach.png")
    ann.keyboard.press("2")
    expect(ann.locator(".pill", has_text="corrected: report_damaged")).to_be_visible()
    expect(ann.locator(".task")).to_have_count(0)

    ann.goto(f"{url}/console/transcripts/{week['misread']}")
    expect(ann.locator(".facts .pill", has_text="corrected: report_damaged")).to_be_visible()
    ann.fill("#story", "Zelda Quick gets a broken vase")
    ann.get_by_role("button", name="Make it a test").click()
    expect(ann.get_by_role("button", name="Rename the test")).to_be_visible()

    project = tmp_path / "project"
    shutil.copytree(PROJECT / "nlu_data", project / "nlu_data")
    monkeypatch.setenv("DATABASE_URL", store.url.render_as_string(hide_password=False))
    monkeypatch.setenv("SHOPKEEPER_VAR_DIR", str(tmp_path / "var"))
    exported = CliRunner().invoke(app, ["review", "export", "--project", str(project)])
    assert exported.exit_code == 0, exported.output
    changed = {
        path.name: set(path.read_text().splitlines()) - set((PROJECT / "nlu_data" / path.name).read_text().splitlines())
        for path in (project / "nlu_data").glob("*.yml")
    }
    new = [line.strip() for lines in changed.values() for line in lines]
    assert len(new) == 1
    assert new[0].startswith("- my vase came out of the box in three pieces")
    assert "zelda" not in new[0]
    story = yaml.safe_load((project / "tests/dialogues/taught.yml").read_text())[0]
    assert [turn["intent"] for turn in story["turns"]] == ["greet", "report_damaged"]
    assert "Zelda" not in str(story)
    ann.goto(f"{url}/console/review")
    expect(ann.get_by_text("Decided, not exported yet")).to_have_count(0)


def test_a_message_of_a_transcript_is_corrected_by_mouse_with_its_entities_and_taken_back(url, store, week, agent):
    ann = agent("Ann Lee")
    ann.goto(f"{url}/console/transcripts/{week['lost']}")
    ann.get_by_role("button", name="Correct").click()
    ann.locator("[data-other]").fill("search_product")
    ann.locator("[data-said]").dblclick()
    expect(ann.locator("[data-chosen]")).to_have_text("“flurb”")
    expect(ann.locator("[data-kind]")).to_be_focused()
    ann.keyboard.type("category")
    ann.keyboard.press("Enter")
    expect(ann.get_by_label("Entities")).to_have_value("category=flurb")
    expect(ann.locator("[data-said] mark")).to_have_text("flurbcategory")
    ann.get_by_role("button", name="Correct", exact=True).click()
    expect(ann.locator(".pill", has_text="corrected: search_product")).to_be_visible()
    with store.read() as session:
        (decided,) = lessons.to_export(session)
        assert decided.Lesson.entities == [{"entity": "category", "value": "flurb", "start": 0, "end": 5}]
    ann.get_by_role("button", name="Take back").click()
    expect(ann.locator(".task")).to_have_count(2)
    ann.locator(".task", has_text="flurb").locator("[data-state=ignored]").click()
    expect(ann.locator(".task")).to_have_count(1)


def test_filters_are_put_together_by_mouse_kept_and_found_again_after_a_reload(url, week, agent, pictures):
    ann = agent("Ann Lee", role="supervisor")
    ann.goto(f"{url}/console/transcripts")
    expect(ann.locator(".thread")).to_have_count(3)
    ann.select_option("#field", "intent")
    ann.fill("#value", "greet")
    ann.get_by_role("button", name="and", exact=True).click()
    ann.select_option("#field", "fallback")
    ann.fill("#value", "yes")
    ann.get_by_role("button", name="or", exact=True).click()
    expect(ann.locator("#q")).to_have_value("(intent:greet) OR fallback:yes")
    ann.press("#q", "Enter")
    expect(ann.locator(".thread")).to_have_count(2)
    ann.select_option("#field", "text")
    ann.fill("#value", "vase came")
    ann.get_by_role("button", name="and not").click()
    ann.locator("#q").evaluate("field => { field.value = '(intent:greet OR fallback:yes) -text:\"vase came\"' }")
    ann.press("#q", "Enter")
    expect(ann.locator(".thread")).to_have_count(1)
    ann.fill("#name", "Lost ones")
    ann.get_by_role("button", name="Save filter").click()
    expect(ann.get_by_role("link", name="Lost ones")).to_be_visible()
    ann.reload()
    ann.get_by_role("link", name="Lost ones").click()
    expect(ann.locator(".thread")).to_have_count(1)
    ann.screenshot(path=pictures / "console-find.png")
    ann.locator("details.taken summary").click()
    with ann.expect_download() as download:
        ann.get_by_role("link", name="CSV").last.click()
    rows = download.value.path().read_text().splitlines()
    assert [row.split(",")[5] for row in rows] == ["author", "customer", "bot"]
    ann.fill("#q", "confidence<much")
    ann.press("#q", "Enter")
    expect(ann.get_by_role("alert")).to_contain_text("is not a number")


def test_every_number_of_the_dashboard_leads_to_the_conversations_behind_it(url, week, agent, pictures):
    ann = agent("Ann Lee", role="supervisor")
    ann.goto(f"{url}/console/dashboard")
    ann.screenshot(path=pictures / "console-figures.png", full_page=True)
    for title, count, who in (("Handed over", 1, "served"), ("Resolved by the bot", 2, "misread"), ("Conversations", 3, "lost")):
        tile = ann.locator("a.tile", has_text=title).first
        expect(tile.locator("b")).to_have_text(str(count))
        tile.click()
        expect(ann.locator("h1")).to_have_text(f"{title}: {count}")
        expect(ann.locator(".thread")).to_have_count(count)
        assert ann.locator(f'.thread[href*="{week[who]}"]').count() == 1
        ann.get_by_role("link", name="Figures").last.click()
    for chart, name, count in (
        ("Conversations a day", ": 3", 3),
        ("messages by hour", "h, web: ", 3),
        ("How conversations ended", "handed over", 1),
    ):
        bar = ann.get_by_role("group", name=chart).get_by_role("link", name=name).first
        bar.focus()
        expect(bar).to_be_focused()
        ann.keyboard.press("Enter")
        expect(ann.locator(".thread")).to_have_count(count)
        ann.get_by_role("link", name="Figures").last.click()
    ann.locator("a.tile", has_text="Not understood").click()
    expect(ann.locator(".thread")).to_have_count(1)
    ann.locator(".thread").click()
    expect(ann.locator(".message.customer")).to_contain_text("flurb")


def test_a_reload_in_the_middle_of_teaching_loses_no_decision(url, store, week, agent):
    ann = agent("Ann Lee")
    ann.goto(f"{url}/console/review")
    expect(ann.locator(".task")).to_be_focused()
    ann.keyboard.press("2")
    expect(ann.locator(".pill", has_text="corrected: report_damaged")).to_be_visible()
    ann.reload()
    ann.go_back()
    ann.go_forward()
    expect(ann.locator(".pill", has_text="corrected: report_damaged")).to_be_visible()
    ann.goto(f"{url}/console/inbox/{week['lost']}")
    ready(ann)
    take(ann)
    ann.fill("#note", "half a note")
    ann.fill("#text", "half an answer")
    ann.reload()
    ready(ann)
    expect(ann.locator("#text")).to_have_value("half an answer")
    expect(ann.locator("#note")).to_have_value("half a note")
    ann.get_by_role("button", name="Add the note").click()
    expect(ann.locator(".note .text")).to_have_text("half a note")
    ann.reload()
    expect(ann.locator("#note")).to_have_value("")
    with store.read() as session:
        assert [row.Lesson.intent for row in lessons.to_export(session)] == ["report_damaged"]


def test_every_page_fits_its_width_at_a_desk_and_on_a_tablet(url, week, agent):
    admin = agent("Ann Lee", role="admin")
    pages = ["inbox", f"inbox/{week['lost']}", "cases", "transcripts", f"transcripts/{week['misread']}", "review", "dashboard"]
    pages += ["dashboard/conversations", "replies", "people", "audit", "account"]
    for width, height in ((1280, 860), (834, 1112)):
        admin.set_viewport_size({"width": width, "height": height})
        for name in pages:
            admin.goto(f"{url}/console/{name}", wait_until="domcontentloaded")
            assert admin.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)


def test_a_thumb_in_the_chat_is_kept_over_a_reload_and_seen_by_colleagues(url, store, new_page, agent, pictures):
    customer = new_page()
    customer.goto(f"{url}/chat")
    customer.fill("#text", "hello")
    customer.press("#text", "Enter")
    down = customer.get_by_role("button", name="This did not help")
    down.click()
    expect(down).to_have_attribute("aria-pressed", "true")
    customer.reload()
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(customer.get_by_role("button", name="This helped")).to_have_attribute("aria-pressed", "false")
    customer.screenshot(path=pictures / "chat-thumbs.png")
    ann = agent("Ann Lee")
    ann.goto(f"{url}/console/transcripts?q=thumb:down")
    ann.locator(".thread").click()
    expect(ann.locator(".message.bot")).to_contain_text("did not help")
