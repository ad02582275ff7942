"""The console in a real browser: takeover seen from both sides, agents who race, reloads in the middle, and the
keyboard alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from shop import canned, conversations, desk, identity, outbox
from shop.models import Claim, Conversation, Staff
from shop.store import Store
from tests.browser.conftest import ready, take
from tests.harness.web import facts

pytestmark = pytest.mark.browser


def asks_for_a_person(store: Store, rasa) -> None:
    """Rasa as it answers a wish for a person."""

    def reply(request):
        with store.write() as session:
            conversations.request_person(session, request["conversation_id"], request["message_id"])
        return {"messages": [{"text": "I have asked a person."}], "facts": facts(intent="talk_to_person"), "state": "1"}

    rasa.reply = reply


def customer_writes(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.press("#text", "Enter")


def bubble(page: Page, author: str, text: str):
    return page.locator(f"li.{author} .bubble", has_text=text)


def three_questions(store: Store, then: Callable[..., object] = lambda *_: None) -> None:
    with store.write() as session:
        for k in range(3):
            thread = conversations.open_conversation(session, "web", f"{k}", identity.guest(session).id)
            outbox.append(session, thread.id, [{"text": f"question {k}"}], "customer")
            then(session, thread.id, "asked")


def test_a_takeover_seen_from_both_sides_with_reloads_in_the_middle(url, store, rasa, new_page, agent, pictures):
    asks_for_a_person(store, rasa)
    ann = agent("Ann Lee")
    customer = new_page()
    customer.goto(f"{url}/chat")
    customer_writes(customer, "I want a person")
    expect(bubble(customer, "bot", "asked a person")).to_be_visible()

    waiting = ann.locator("#queue .chat").first
    expect(waiting).to_contain_text("waits")
    expect(ann).to_have_title("(1) Inbox – Harbour & Hearth")
    waiting.click()
    expect(bubble(ann, "customer", "I want a person")).to_be_visible()
    ready(ann)
    take(ann)
    expect(bubble(customer, "system", "Ann Lee has joined")).to_be_visible()

    customer.locator("#text").press_sequentially("My mug", delay=30)
    expect(ann.locator("#writes")).to_be_visible()
    customer.press("#text", "Enter")
    expect(bubble(ann, "customer", "My mug")).to_be_visible()
    ann.screenshot(path=pictures / "console-takeover.png")

    ann.fill("#text", "Half a sentence that")
    ann.reload()
    ready(ann)
    expect(ann.locator("#text")).to_have_value("Half a sentence that")
    ann.locator("#text").press_sequentially(" is finished")
    expect(customer.locator("#typing")).to_be_visible()
    customer.reload()
    ann.locator("#text").press("Control+Enter")
    expect(bubble(customer, "agent", "Half a sentence that is finished")).to_be_visible()
    expect(customer.locator("li.agent .state")).to_have_text("Ann Lee")
    expect(bubble(ann, "agent", "is finished")).to_have_count(1)
    assert len(rasa.asked) == 1, "the bot is not asked while a person has the chat"

    ann.keyboard.press("Escape")
    ann.keyboard.press("e")
    expect(bubble(customer, "system", "settled")).to_be_visible()
    customer.get_by_role("button", name="4", exact=True).click()
    expect(customer.locator(".survey")).to_contain_text("Thank you")
    expect(ann.locator(".step", has_text="answered the survey: 4 of 5")).to_be_visible()


def test_of_two_agents_who_press_take_one_gets_the_chat_and_the_other_is_told(url, store, new_page, agent):
    customer = new_page()
    customer.goto(f"{url}/chat")
    customer_writes(customer, "hello")
    expect(bubble(customer, "bot", "hello")).to_be_visible()
    ann, ben = agent("Ann Lee"), agent("Ben Moss")
    for page in (ann, ben):
        page.goto(f"{url}/console/inbox?view=all")
        page.locator("#queue .chat").click()
        expect(page.locator("#take")).to_be_visible()
        ready(page)
    # Both clicks are on their way before either is answered.
    for page in (ann, ben):
        page.evaluate("document.getElementById('take').click()")
    for page in (ann, ben):
        expect(page.locator("#composer").or_(page.locator("p.offer", has_text="Somebody else"))).to_be_visible()
    with_chat = ann if ann.locator("#composer").count() else ben
    without = ben if with_chat is ann else ann
    expect(with_chat.locator("#composer")).to_be_visible()
    expect(without.locator("p.offer")).to_have_text("Somebody else has this chat.")
    expect(without.locator("#composer")).to_have_count(0)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Claim)) == 1


def test_a_message_written_while_the_line_is_broken_is_kept_and_arrives_once(url, store, new_page, agent):
    customer = new_page()
    customer.goto(f"{url}/chat")
    customer_writes(customer, "hello")
    expect(bubble(customer, "bot", "hello")).to_be_visible()
    ann = agent("Ann Lee")
    ann.goto(f"{url}/console/inbox?view=all")
    ann.locator("#queue .chat").click()
    expect(ann.locator("#take")).to_be_visible()
    ready(ann)
    take(ann)
    ann.context.set_offline(True)
    ann.fill("#text", "Are you still there?")
    ann.press("#text", "Control+Enter")
    expect(ann.locator("#unsent")).to_contain_text("No connection")
    ann.context.set_offline(False)
    ann.reload()
    expect(bubble(customer, "agent", "Are you still there?")).to_have_count(1)
    expect(bubble(ann, "agent", "Are you still there?")).to_have_count(1)


def test_the_desk_works_by_keyboard_alone(url, store, new_page, agent):
    three_questions(store, desk.ask_for_person)
    ann = agent("Ann Lee")
    with store.write() as session:
        canned.save(session, "bye", "Goodbye", "Good day, yours, {agent}", session.scalars(select(Staff.id)).one())
    ready(ann)
    ann.keyboard.press("j")
    expect(bubble(ann, "customer", "question 0")).to_be_visible()
    ready(ann)
    ann.keyboard.press("j")
    expect(bubble(ann, "customer", "question 1")).to_be_visible()
    ready(ann)
    here = ann.locator("#queue .chat[aria-current]")
    here.focus()
    ann.keyboard.press("f")
    expect(ann.locator('#head [data-post="flag"]')).to_have_attribute("aria-pressed", "true")
    expect(here.locator('[title="flagged"]')).to_be_visible()
    expect(here).to_be_focused()
    ann.keyboard.press("#")
    ann.keyboard.type("late")
    ann.keyboard.press("Enter")
    expect(ann.locator("#filing .pill", has_text="late")).to_be_visible()
    ann.keyboard.press("n")
    ann.keyboard.type("call back @an")
    ann.keyboard.press("ArrowDown")
    ann.keyboard.press("Enter")
    ann.keyboard.press("Tab")
    ann.keyboard.press("Enter")
    expect(ann.locator(".note .text")).to_have_text("call back @ann.lee")
    take(ann)
    ann.keyboard.press("r")
    ann.keyboard.type("Hello there")
    ann.keyboard.press("Control+Enter")
    expect(bubble(ann, "agent", "Hello there")).to_be_visible()
    ann.keyboard.type("/b")
    ann.keyboard.press("Enter")
    expect(ann.locator("#text")).to_have_value("Good day, yours, Ann Lee")
    ann.keyboard.press("Control+Enter")
    expect(bubble(ann, "agent", "Good day, yours, Ann Lee")).to_be_visible()
    ann.keyboard.press("Escape")
    ann.keyboard.press("?")
    expect(ann.locator("#keys")).to_be_visible()
    ann.keyboard.press("Escape")
    ann.keyboard.press("b")
    ann.locator("#back").get_by_role("button", name="order_number").click()
    ann.keyboard.type("SK-7Q2M-X9KD")
    ann.get_by_role("button", name="Hand back").click()
    expect(ann.locator(".step", has_text="handed back to the bot: order_number")).to_be_visible()
    with store.read() as session:
        assert sorted(session.scalars(select(Conversation.state))) == ["bot", "waiting", "waiting"]


def test_a_transcript_is_filed_and_taken_over_by_keyboard_alone_from_the_list_it_was_found_in(url, store, new_page, agent):
    three_questions(store)
    ann = agent("Ann Lee")
    ann.goto(f"{url}/console/transcripts")
    ready(ann)
    ann.keyboard.press("/")
    ann.keyboard.type("question")
    ann.keyboard.press("Enter")
    ann.wait_for_url("**q=question")
    ready(ann)
    ann.keyboard.press("j")
    ann.keyboard.press("Enter")
    for question in ("question 2", "question 1"):
        expect(bubble(ann, "customer", question)).to_be_visible()
        ready(ann)
        ann.keyboard.press("j")
    expect(bubble(ann, "customer", "question 0")).to_be_visible()
    ready(ann)
    ann.keyboard.press("j")
    expect(ann.locator("#toast")).to_have_text("This is the last one of the list.")
    ann.keyboard.press("k")
    expect(bubble(ann, "customer", "question 1")).to_be_visible()
    ready(ann)
    for key in "fsv":
        ann.keyboard.press(key)
    for name in ("flag", "save", "review"):
        expect(ann.locator(f'#marks [data-post="{name}"]')).to_have_attribute("aria-pressed", "true")
    ann.keyboard.press("#")
    ann.keyboard.type("late")
    ann.keyboard.press("Enter")
    ann.keyboard.press("n")
    ann.keyboard.type("call **back**")
    ann.keyboard.press("Tab")
    ann.keyboard.press("Enter")
    expect(ann.locator("#kept")).to_have_text("late 1 note")
    ann.keyboard.press("a")
    ann.keyboard.press("A")
    expect(ann.locator("#kept")).to_have_text("late for Ann Lee 1 note")
    ann.keyboard.press("Escape")
    ann.keyboard.press("?")
    expect(ann.locator("#keys")).to_be_visible()
    ann.keyboard.press("Escape")
    ann.keyboard.press("t")
    expect(ann.locator("#composer #text")).to_be_focused()
    expect(ann.locator(".note .text")).to_have_text("call back")
