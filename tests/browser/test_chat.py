"""A customer in a real browser: chats, reloads, buys; and what happens when the line breaks or the words are hostile."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import FrameLocator, Page, expect
from sqlalchemy import select

from bot.gateway.app import create_app
from shop import cart, catalogue
from shop.demo import load_demo
from shop.models import InboxMessage, Order
from shop.store import Store
from tests.browser.conftest import DESK, PHONE
from tests.conftest import factory_for
from tests.harness.web import echo, facts, served

pytestmark = pytest.mark.browser
EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


@pytest.fixture
def store(shop):
    opened = Store(shop.store_url)
    yield opened
    opened.close()


@pytest.fixture
def demo(store):
    load_demo(store)
    return store


def shopkeeper(store: Store):
    """A Rasa that shows four products, and really adds to the cart when a card's button is pressed."""

    def reply(request):
        with store.write() as session:
            if request["command"]:
                product = catalogue.by_sku(session, request["command"]["entities"]["sku"])
                cart.add(session, request["metadata"]["customer_id"], product.id, key=request["message_id"], source="chat")
                lines = [{"sku": product.sku, "title": product.title, "quantity": 1, "total": "£18.00"}]
                said = {
                    "text": "It is in your cart.",
                    "cart": {"lines": lines, "count": 1, "total": "£18.00"},
                    "quick_replies": ["Check out"],
                }
            else:
                cards = [card(product, k) for k, product in enumerate(catalogue.page(session, "Home > Lighting", limit=4), 1)]
                said = {
                    "text": "I think you will like these.",
                    "products": cards,
                    "quick_replies": ["Something cheaper", "In another colour"],
                }
        return {"messages": [said], "facts": facts(), "state": "1"}

    return reply


def card(product, position: int, **changes):
    return {
        "sku": product.sku, "title": product.title, "price": "£18.00", "image": product.image_url, "url": f"/p/{product.sku}",
        "stock": "in_stock", "colour": product.colour, "size": product.size, "reason": "because you like warm light", "list_id": "l",
        "position": position, "id": product.id, "score": 0.5, "contributions": {}, "propensity": 1.0, "surface": "chat_recommend",
        **changes,
    }  # fmt: skip


def chat_of(page: Page) -> FrameLocator:
    return page.frame_locator("#shopkeeper-frame")


def write(page: Page, text: str) -> None:
    chat_of(page).locator("#text").fill(text)
    chat_of(page).locator("#text").press("Enter")


@pytest.mark.parametrize(("name", "size"), [("desk", DESK), ("phone", PHONE)])
def test_a_customer_chats_reloads_finds_the_history_adds_from_a_card_and_checks_out(new_page, url, demo, rasa, pictures, name, size):
    rasa.reply = shopkeeper(demo)
    page = new_page(size)
    page.goto(url)
    page.screenshot(path=pictures / f"{name}_front.png")
    page.get_by_role("button", name="Chat with us").click()
    write(page, "What do you recommend?")
    expect(chat_of(page).locator(".card")).to_have_count(4)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=pictures / f"{name}_chat.png")

    page.reload()
    if size is PHONE:  # there the chat fills the screen, so it does not open by itself
        page.get_by_role("button", name="Chat with us").click()
    expect(chat_of(page).locator(".bubble")).to_have_text(["What do you recommend?", "I think you will like these."])

    chat_of(page).locator(".card").first.get_by_role("button").click()
    expect(chat_of(page).locator(".slip")).to_contain_text("Your cart")
    expect(page.locator("[data-cart-count]")).to_have_text("1")
    page.screenshot(path=pictures / f"{name}_added.png")
    chat_of(page).get_by_role("button", name="Close the chat").click()

    page.locator(".cart-link").click()
    page.screenshot(path=pictures / f"{name}_cart.png")
    page.get_by_role("link", name="Go to checkout").click()
    for label, value in [("Full name", "Ann Smith"), ("Email", "ann@example.com"), ("Address", "1 Quay Street"), ("Postcode", "YO21 1AA")]:
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Town or city").fill("Whitby")
    page.screenshot(path=pictures / f"{name}_checkout.png", full_page=True)
    page.get_by_role("button", name="Place the order").click()
    page.wait_for_url("**/orders/SK-*")
    page.screenshot(path=pictures / f"{name}_order.png")
    with demo.read() as session:
        order = session.scalars(select(Order).where(Order.email == "ann@example.com")).one()
        assert page.get_by_role("heading", level=1).inner_text() == f"Order {order.number}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out at the side"


def test_hostile_words_in_catalogue_and_messages_stay_words(new_page, url, store, rasa):
    factory = factory_for(store)
    product = factory.product(title=EVIL, colour="<b>", category_path=EVIL, image_url="javascript:alert(3)")
    hostile = {
        "text": EVIL, "products": [card(product, 1, url="javascript:alert(4)", reason=EVIL)], "quick_replies": [EVIL],
        "order": {"number": EVIL, "status": EVIL, "lines": [{"title": EVIL, "quantity": 1}]},
    }  # fmt: skip
    rasa.reply = lambda request: {"messages": [hostile], "facts": facts(), "state": "1"}
    page = new_page()
    page.goto(url)
    page.get_by_role("button", name="Chat with us").click()
    write(page, EVIL)
    chat = chat_of(page)
    expect(chat.locator(".bubble")).to_have_text([EVIL, EVIL])
    expect(chat.locator(".card h3")).to_have_text(EVIL)
    expect(chat.locator(".reply >> visible=true")).to_have_text([EVIL])
    assert chat.locator("[onerror], script:not([src]), .card [href^=javascript], #log img[src=x]").count() == 0
    page.goto(f"{url}/p/{product.sku}")
    expect(page.get_by_role("heading", level=1)).to_have_text(EVIL)
    # The fixture `new_page` fails the test if any of it opened a dialog.


def test_what_was_written_without_a_connection_is_sent_once_when_it_is_back(new_page, url, store, rasa):
    page = new_page()
    page.goto(url)
    page.get_by_role("button", name="Chat with us").click()
    write(page, "first")
    expect(chat_of(page).locator(".bot .bubble")).to_have_text("1: first")
    page.context.set_offline(True)
    write(page, "written in a tunnel")
    expect(chat_of(page).locator(".offline")).to_be_visible()
    expect(chat_of(page).locator(".unsent .bubble")).to_have_text("written in a tunnel")
    page.context.set_offline(False)
    expect(chat_of(page).locator(".bot .bubble").nth(1)).to_have_text("2: written in a tunnel", timeout=15_000)
    expect(chat_of(page).locator(".unsent")).to_have_count(0)
    with store.read() as session:
        assert session.scalars(select(InboxMessage.text).order_by(InboxMessage.id)).all() == ["first", "written in a tunnel"]


def test_a_message_kept_by_the_browser_survives_a_reload_and_a_stopped_shop(new_page, shop, rasa):
    page = new_page()
    with served(rasa.app, shop.rasa_port):
        with served(create_app(shop), shop.port) as url:
            page.goto(f"{url}/chat")
            page.locator("#text").fill("first")
            page.locator("#text").press("Enter")
            expect(page.locator(".bot .bubble")).to_have_text("1: first")
        page.locator("#text").fill("while you were away")
        page.locator("#text").press("Enter")
        expect(page.locator(".unsent")).to_have_count(1)
        with served(create_app(shop), shop.port):
            page.reload()
            expect(page.locator(".bot .bubble")).to_have_text(["1: first", "2: while you were away"], timeout=15_000)
            expect(page.locator(".customer .bubble")).to_have_text(["first", "while you were away"])


def test_an_answer_that_comes_while_the_chat_is_closed_shows_as_a_badge(new_page, url, rasa):
    closed = threading.Event()
    rasa.reply = lambda request: (request["state"] and closed.wait(10), echo(request))[1]
    page = new_page()
    page.goto(url)
    launcher = page.locator("#shopkeeper-launcher")
    launcher.click()
    write(page, "hello")
    expect(chat_of(page).locator(".bot .bubble")).to_have_count(1)
    write(page, "and another")
    chat_of(page).locator("#text").press("Escape")
    expect(page.locator("#shopkeeper-frame")).to_be_hidden()
    closed.set()
    expect(launcher).to_have_attribute("aria-label", "Chat with us, 1 unread")
    launcher.click()
    expect(launcher).to_have_attribute("aria-label", "Close the chat")


def test_the_chat_is_used_by_keyboard_alone(new_page, url, rasa):
    rasa.reply = lambda request: {"messages": [{"text": "Yes?", "quick_replies": ["Go on"]}], "facts": facts(), "state": "1"}
    page = new_page()
    page.goto(url)
    page.locator("#shopkeeper-launcher").focus()
    page.keyboard.press("Enter")
    expect(chat_of(page).locator("#text")).to_be_focused()
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    expect(chat_of(page).get_by_role("log")).to_contain_text("Yes?")
    page.keyboard.press("Shift+Tab")
    expect(chat_of(page).get_by_role("button", name="Go on")).to_be_focused()
    page.keyboard.press("Enter")
    expect(chat_of(page).locator(".customer .bubble")).to_have_text(["hello", "Go on"])
    page.keyboard.press("Escape")
    expect(page.locator("#shopkeeper-launcher")).to_be_focused()


def test_the_widget_works_on_another_sites_page_and_signs_its_customer_in(new_page, shop, store, rasa):
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    from bot.gateway.account import AUDIENCE
    from shop.identity import demo_shop_token

    emma = factory_for(store).customer(name="Emma", email="emma@shop.example")
    token = demo_shop_token(emma, shop.secret("shop_token_secret"), AUDIENCE)
    script = f'<script src="http://127.0.0.1:{shop.port}/widget.js" data-token="{token}" data-colour="#7a3b8f"></script>'
    host = Starlette(
        routes=[Route("/", lambda request: HTMLResponse(f"<!doctype html><title>Elsewhere</title><h1>Elsewhere</h1>{script}"))]
    )
    with served(host) as elsewhere:
        open_to_it = shop.model_copy(update={"allowed_origins": [elsewhere]})
        with served(rasa.app, shop.rasa_port), served(create_app(open_to_it), shop.port):
            page = new_page()
            with page.expect_response("**/api/session/identify"):
                page.goto(elsewhere)
            page.get_by_role("button", name="Chat with us").click()
            write(page, "hello")
            expect(chat_of(page).locator(".bot .bubble")).to_have_text("1: hello")
    assert rasa.asked[0]["metadata"]["customer_id"] == emma.id
    assert rasa.asked[0]["metadata"]["signed_in"] is True
