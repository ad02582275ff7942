"""The console in a real browser: takeover seen from both sides, agents who race, reloads in the middle, and words that are not obeyed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from shop import conversations, desk, identity, outbox, staff
from shop.models import AuditEntry, CannedReply, Claim, Conversation, Customer, Note, OutboxMessage, Product, Tag
from shop.settings import Settings
from shop.store import Store
from tests.harness.web import facts

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"
expect.set_options(timeout=20_000)  # milliseconds; a busy machine is no fault of the pages


@pytest.fixture
def store(shop: Settings) -> Iterator[Store]:
    opened = Store(shop.store_url)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def agent(url: str, store: Store, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """A colleague who signs in as a person would."""

    def sign_in(name: str, role: str = "agent", **how) -> Page:
        email = f"{name.split()[0].lower()}@shop.example"
        with store.write() as session:
            staff.add(session, email, name, role, staff.hash_password(PASSWORD))
        page = new_page(**how)
        page.goto(f"{url}/console/")
        page.fill("#email", email)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        expect(page.locator("#queue")).to_be_visible()
        return page

    return sign_in


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


def ready(page: Page) -> None:
    """Keys and buttons work from here on."""
    expect(page.locator("body[data-ready]")).to_be_attached()


def bubble(page: Page, author: str, text: str):
    return page.locator(f"li.{author} .bubble", has_text=text)


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
    ann.keyboard.press("t")
    expect(ann.locator("#composer")).to_be_visible()
    ready(ann)
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
    ann.keyboard.press("t")
    expect(ann.locator("#composer")).to_be_visible()
    ready(ann)
    ann.context.set_offline(True)
    ann.fill("#text", "Are you still there?")
    ann.press("#text", "Control+Enter")
    expect(ann.locator("#unsent")).to_contain_text("No connection")
    ann.context.set_offline(False)
    ann.reload()
    expect(bubble(customer, "agent", "Are you still there?")).to_have_count(1)
    expect(bubble(ann, "agent", "Are you still there?")).to_have_count(1)


def payloads() -> list[str]:
    """Two hundred ways to smuggle a command into a page; each would call `alert`, leave the page, or load something, if it were obeyed."""
    heads = [
        "<script>{}</script>",
        "<img src=x onerror={}>",
        "<svg onload={}>",
        "<svg><script>{}</script></svg>",
        '"><script>{}</script>',
        "'><img src=x onerror={}>",
        '" onmouseover="{}" x="',
        "' onfocus='{}' autofocus x='",
        "</textarea><script>{}</script>",
        "</title><script>{}</script>",
        "</template><script>{}</script>",
        "--><script>{}</script>",
        "]]><script>{}</script>",
        "<iframe srcdoc='<script>parent.{}</script>'></iframe>",
        "<iframe src=javascript:{}>",
        "<object data=javascript:{}>",
        "<embed src=javascript:{}>",
        "<a href=javascript:{}>x</a>",
        "<form action=javascript:{}><button>x</button></form>",
        "<details open ontoggle={}>x</details>",
        "<video><source onerror={}></video>",
        "<audio src=x onerror={}>",
        "<body onload={}>",
        "<input autofocus onfocus={}>",
        "<select autofocus onfocus={}>",
        "<marquee onstart={}>",
        "<math><mtext></form><form><mglyph><style></math><img src onerror={}>",
        "<style>@import 'javascript:{}';</style>",
        "<link rel=stylesheet href=javascript:{}>",
        "<meta http-equiv=refresh content='0;javascript:{}'>",
        "<base href=javascript:{}//>",
        "<template><script>{}</script></template>",
        "<noscript><p title='</noscript><img src=x onerror={}>'>",
        "{{{{constructor.constructor('{}')()}}}}",
        "${{{}}}",
        "#{{{}}}",
        "{{% print({}) %}}",
        "javascript:{}",
        "data:text/html,<script>{}</script>",
        "\u202e<script>{}</script>",
    ]
    commands = ["alert(1)", "window.alert`1`", "top['al'+'ert'](1)", "fetch('/hacked')", "document.body.dataset.hacked=1"]
    return [head.format(command) for head in heads for command in commands]


def test_nothing_that_anybody_writes_runs_in_the_console(url, store, new_page, agent, pictures):
    """Every field that is shown, on every page. `new_page` fails on a dialog, an error in a page, or a breach of the policy."""
    words = payloads()
    assert len(words) == len(set(words)) == 200
    with store.write() as session:
        customer = Customer(name=words[0], email="evil@shop.example", country=words[1][:100])
        session.add(customer)
        session.flush()
        thread = conversations.open_conversation(session, "web", "1", customer.id)
        product = Product(sku="EVIL<svg/onload=alert(1)>", group_key="e", title=words[2], price_minor=1, currency="GBP", stock=1)
        product.image_url = "javascript:alert(1)"
        session.add(product)
        card = {"sku": product.sku, "title": words[3], "price": words[4], "image": "javascript:alert(1)"}
        for word in words:
            outbox.append(session, thread.id, [{"text": word}], "customer")
        order = {"number": words[7], "status": words[8]}
        outbox.append(session, thread.id, [{"text": words[5], "agent": words[6], "products": [card], "order": order}], "agent")
        chief = staff.add(session, "evil2@shop.example", words[9][:100], "agent", "none", words[10][:60])
        desk.ask_for_person(session, thread.id, "asked")
        session.add_all(Note(conversation_id=thread.id, staff_id=chief.id, text=word) for word in words[:60])
        session.add_all(Tag(conversation_id=thread.id, tag=word[:40]) for word in dict.fromkeys(w[:40] for w in words[11:21]))
        session.add_all(CannedReply(shortcut=f"e{k}", title=word[:120], text=word, staff_id=chief.id) for k, word in enumerate(words[:40]))
        session.add_all(AuditEntry(action=word[:60], subject=word[:40], subject_id=word[:60], details={word: word}) for word in words[:40])
        staff.open_session(session, chief.id, words[12], True)
        public_id, first = thread.public_id, session.scalar(select(func.min(OutboxMessage.id)))
    admin = agent("Ann Lee", role="admin", user_agent=words[13], extra_http_headers={"X-Forwarded-For": words[14], "X-Evil": words[15]})
    admin.on("request", lambda request: pytest.fail(request.url) if "hacked" in request.url else None)
    chat = f"/inbox/{public_id}"
    chats = (chat, f"{chat}?m={first}", f"{chat}?m={first + 90}", f"{chat}?before={first + 120}")
    for path in ("/inbox?view=all", *chats, "/people", "/audit", "/replies", "/account"):
        admin.goto(f"{url}/console{path}")
        admin.wait_for_load_state("networkidle" if "inbox" not in path else "load")
        assert admin.evaluate("document.body.dataset.hacked") is None
    admin.goto(f"{url}/console{chat}")
    ready(admin)
    admin.keyboard.press("t")
    expect(admin.locator("#composer")).to_be_visible()
    ready(admin)
    admin.fill("#text", "/e")
    expect(admin.locator("#offers button").first).to_be_visible()
    admin.locator("#offers button").first.click()
    admin.press("#text", "Control+Enter")
    expect(admin.locator("li.agent .bubble").last).to_contain_text("alert(1)")
    admin.locator("[data-open=shelf]").click()
    admin.fill("#q", "alert")
    expect(admin.locator("#found li").first).to_be_visible()
    admin.keyboard.press("Escape")
    for word in words[::10]:
        admin.goto(f"{url}/console/inbox?view={word}&said={word}".replace("#", "%23"))
        admin.goto(f"{url}/console/audit?action={word}&about={word}".replace("#", "%23"))
    admin.screenshot(path=pictures / "console-payloads.png")
    assert admin.evaluate("document.body.dataset.hacked") is None


def test_the_pages_are_looked_at(url, store, new_page, agent, pictures):
    """Pictures of each page, light and dark, desk and tablet; each fits its width."""
    with store.write() as session:
        customer = identity.guest(session)
        thread = conversations.open_conversation(session, "web", "1", customer.id)
        outbox.append(session, thread.id, [{"text": "Where is my parcel?"}], "customer")
        desk.ask_for_person(session, thread.id, "asked")
        public_id = thread.public_id
    admin = agent("Ann Lee", role="admin")
    for scheme in ("light", "dark"):
        admin.emulate_media(color_scheme=scheme)
        for width, height in ((1280, 860), (834, 1112)):
            admin.set_viewport_size({"width": width, "height": height})
            for name in ("inbox", f"inbox/{public_id}", "people", "audit", "replies", "account"):
                admin.goto(f"{url}/console/{name}")
                assert admin.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
                admin.screenshot(path=pictures / f"console-{name.split('/')[-1] if '/' not in name else 'chat'}-{scheme}-{width}.png")


def test_the_desk_works_by_keyboard_alone(url, store, new_page, agent):
    with store.write() as session:
        for k in range(3):
            thread = conversations.open_conversation(session, "web", f"{k}", identity.guest(session).id)
            outbox.append(session, thread.id, [{"text": f"question {k}"}], "customer")
            desk.ask_for_person(session, thread.id, "asked")
    ann = agent("Ann Lee")
    ready(ann)
    ann.keyboard.press("j")
    expect(bubble(ann, "customer", "question 0")).to_be_visible()
    ready(ann)
    ann.keyboard.press("j")
    expect(bubble(ann, "customer", "question 1")).to_be_visible()
    ready(ann)
    ann.keyboard.press("f")
    expect(ann.locator('#head [data-post="flag"]')).to_have_attribute("aria-pressed", "true")
    ann.keyboard.press("#")
    ann.keyboard.type("late")
    ann.keyboard.press("Enter")
    expect(ann.locator("#filing .pill", has_text="late")).to_be_visible()
    ann.keyboard.press("n")
    ann.keyboard.type("call back")
    ann.keyboard.press("Tab")
    ann.keyboard.press("Enter")
    expect(ann.locator(".note .text")).to_have_text("call back")
    ann.keyboard.press("t")
    expect(ann.locator("#composer")).to_be_visible()
    ready(ann)
    ann.keyboard.press("r")
    ann.keyboard.type("Hello there")
    ann.keyboard.press("Control+Enter")
    expect(bubble(ann, "agent", "Hello there")).to_be_visible()
    ann.keyboard.press("Escape")
    ann.keyboard.press("?")
    expect(ann.locator("#keys")).to_be_visible()
    ann.keyboard.press("Escape")
    ann.keyboard.press("b")
    ann.fill("#slots", "colour = blue")
    ann.get_by_role("button", name="Hand back").click()
    expect(ann.locator(".step", has_text="handed back to the bot: colour")).to_be_visible()
    with store.read() as session:
        assert sorted(session.scalars(select(Conversation.state))) == ["bot", "waiting", "waiting"]
