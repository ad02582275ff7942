"""Words that are not obeyed: two hundred payloads in each field that a page of the console shows, and in each header that it reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from shop import desk, staff
from shop.models import (
    AuditEntry,
    CannedReply,
    CartLine,
    Case,
    Claim,
    ConversationEvent,
    Customer,
    Evidence,
    Filing,
    Handover,
    Impression,
    Lesson,
    Note,
    Order,
    OrderLine,
    OutboxMessage,
    Product,
    SavedFilter,
    Staff,
    Story,
    Survey,
    Tag,
    now,
)
from tests.browser.conftest import ready, take
from tests.harness.talk import exchange, thread

pytestmark = pytest.mark.browser
TOGETHER = 8  # payloads that stand on one page of the dashboard: its tables have ten lines


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


def spoilt(session: Session, number: int, word: str, reader: Staff) -> str:
    """A chat with the payload wherever anybody, or anything that is not ours, can put words. Its public id."""
    at = now() - timedelta(days=number // TOGETHER)
    unclean = {word: word, "list": [word]}
    customer = Customer(name=word, email=f"{number}<svg/onload=alert(1)>@shop.example", country=word[:100], external_id=word + str(number))
    product = Product(sku=f"{number}{word}"[:120], group_key=f"{number}", title=word, price_minor=100, currency="GBP", stock=3, brand=word,
                      category_path=word, image_url=word)  # fmt: skip
    writer = Staff(email=f"{number}{word}@shop.example"[:320], name=word[:120], role="agent", team=word[:60], password_hash="none")
    session.add_all([customer, product, writer])
    session.flush()
    chat = thread(session, customer, f"spoilt-{number}", channel=word[:40], created_at=at, last_message_at=at)
    ranking = [{"name": word, "confidence": 0.5}, {"name": word + " ", "confidence": 0.3}]
    card = {"sku": product.sku, "title": word, "price": word, "image": word, "url": word, "reason": word}
    answer = {
        "text": word, "products": [card], "quick_replies": [word], "links": [{"title": word, "url": word}],
        "order": {"number": word, "status": word}, "cart": {"count": word, "total": word},
    }  # fmt: skip
    turn = exchange(
        session, chat, word, word[:80], answer, at=at, confidence=0.4, intent_ranking=ranking, slots=unclean, actions=[word],
        error=word[:200], entities=[{"entity": word, "value": word, "start": 0, "end": len(word), "role": word}],
    )  # fmt: skip
    lost = exchange(session, chat, word, "nlu_fallback", {"text": word}, at=at, confidence=0.1)
    missed = exchange(session, chat, word + " again", "search_product", {"text": word}, at=at)
    shown = {"product_id": product.id, "surface": "chat", "propensity": 1.0, "list_id": "l", "position": 1, "score": 1.0}
    session.add(Impression(**shown, turn_id=turn.id, reason=word, contributions={word: 1.0}))
    session.add(Impression(**shown, turn_id=missed.id))
    order = Order(number=f"{number}{word}"[:40], customer_id=customer.id, currency="GBP", subtotal_minor=1, total_minor=1, status=word[:20])
    order.lines = [OrderLine(title=word, quantity=1, unit_price_minor=1)]
    session.add_all([order, CartLine(customer_id=customer.id, product_id=product.id, quantity=1)])
    signals = [{"kind": kind, "key": key, "weight": 1.0} for kind in ("category", "issue", word) for key in (word,)]
    signals += [{"kind": kind, "key": f"colour:{word}", "weight": 1.0} for kind in ("aversion", "preference")]
    session.add(Evidence(customer_id=customer.id, turn_id=turn.id, signals=signals))
    stay = Handover(conversation_id=chat.id, reason=word[:20], staff_id=writer.id, requested_at=at)
    session.add(stay)
    session.flush()
    desk.filing(session, chat.id).team = word[:60]
    session.get_one(Filing, chat.id).assignee_id = writer.id
    chat.state = "open" if number % 2 else "waiting"
    session.add_all(
        [
            Case(number=f"{number}{word}"[:40], kind=word[:30], customer_id=customer.id, conversation_id=chat.id, text=word),
            Note(conversation_id=chat.id, staff_id=writer.id, text=word),
            Note(conversation_id=chat.id, staff_id=writer.id, text=f"[{word}]({word}) ![{word}]({word})\n\n> {word}\n\n- [x](<{word}>)"),
            Tag(conversation_id=chat.id, tag=word[:40]),
            CannedReply(shortcut=f"e{number}", title=word[:120], text=word, staff_id=writer.id),
            AuditEntry(
                staff_name=word[:120], action=word[:60], subject=word[:40], subject_id=word[:60], details={word: word}, address=word[:60]
            ),
            Lesson(turn_id=turn.id, reasons=[word]),
            Lesson(turn_id=lost.id, reasons=[word], state="corrected", intent=word[:80], decided_at=at),
            Story(conversation_id=chat.id, name=word[:120]),
            SavedFilter(staff_id=reader.id, name=f"{number}{word}"[:80], query=word),
            ConversationEvent(conversation_id=chat.id, kind="tagged", staff_id=writer.id, details={"tag": word, "to": word}),
            ConversationEvent(conversation_id=chat.id, kind=word[:20], staff_id=writer.id),
            Survey(
                conversation_id=chat.id, handover_id=stay.id, staff_id=writer.id, question=word, scale=5, score=1, comment=word,
                answered_at=at,
            ),
            OutboxMessage(conversation_id=chat.id, author="agent", payload={"text": word, "agent": word, "survey": {"question": word}}),
        ]
    )  # fmt: skip
    if number % 2:
        session.add(Claim(conversation_id=chat.id, staff_id=writer.id, expires_at=now() + timedelta(hours=1)))
    return chat.public_id


@pytest.fixture
def spoil(store, agent) -> Iterator[tuple[Page, list[str]]]:
    """An administrator's browser, and two hundred spoilt chats."""
    words, fetched = payloads(), []
    assert len(words) == len(set(words)) == 200
    admin = agent("Ann Lee", role="admin")
    admin.on("request", lambda request: fetched.append(request.url) if urlsplit(request.url).path == "/hacked" else None)
    with store.write() as session:
        reader = staff.by_email(session, "ann@shop.example")
        assert reader is not None
        chats = [spoilt(session, number, word, reader) for number, word in enumerate(words)]
    yield admin, chats
    assert fetched == []


def unharmed(page: Page) -> None:
    assert page.evaluate("document.body.dataset.hacked") is None


def test_nothing_that_anybody_writes_runs_in_a_chat_or_a_transcript(url, spoil):
    """`new_page` fails on a dialog, an error in a page, or a breach of the policy."""
    admin, chats = spoil
    for chat in chats:
        for page in (f"inbox/{chat}?view=saved", f"inbox/{chat}/needs", f"transcripts/{chat}"):
            answer = admin.goto(f"{url}/console/{page}", wait_until="domcontentloaded")
            assert answer is not None
            assert answer.status == 200
            unharmed(admin)
    admin.goto(f"{url}/console/inbox/{chats[0]}")
    ready(admin)
    take(admin)
    admin.fill("#text", "/e")
    expect(admin.locator("#offers button").first).to_be_visible()
    admin.locator("#offers button").first.click()
    admin.press("#text", "Control+Enter")
    expect(admin.locator("li.agent .bubble").last).to_contain_text("alert(1)")
    admin.locator("#suggest").click()
    admin.locator("[data-open=shelf]").click()
    admin.fill("#q", "alert")
    expect(admin.locator("#found li").first).to_be_visible()
    unharmed(admin)


def test_nothing_that_anybody_writes_runs_on_a_page_that_lists_it(url, spoil, pictures):
    admin, _ = spoil
    today = now().date()
    days = [today - timedelta(days=k) for k in range(len(payloads()) // TOGETHER)]
    pages = [*(f"inbox?view={view}" for view in ("all", "waiting", "open", "resolved")), "people", "replies", "account", "audit", "cases"]
    pages += [f"dashboard?from={day}&to={day}" for day in days] + [f"dashboard/conversations?from={days[-1]}&to={today}"]
    for page in pages:
        admin.goto(f"{url}/console/{page}")
        unharmed(admin)
    for first, link in (("audit", "Earlier"), ("transcripts", "Earlier conversations")):
        admin.goto(f"{url}/console/{first}")
        for _ in range(3):
            with admin.expect_navigation():
                admin.get_by_role("link", name=link, exact=True).click()
            unharmed(admin)
    admin.goto(f"{url}/console/review")
    while admin.locator(".task").count():  # twenty tasks a page: what was looked at is put aside
        unharmed(admin)
        with admin.expect_navigation():
            admin.evaluate(IGNORE_ALL)
    admin.screenshot(path=pictures / "console-payloads.png")


# Ignores every message on the page with one post, as the form of the first task would.
IGNORE_ALL = """() => {
    const form = document.querySelector(".task");
    form.elements.lessons.value = [...document.querySelectorAll("[data-lesson]")].map((box) => box.dataset.lesson).join(",");
    form.elements.state.value = "ignored";
    HTMLFormElement.prototype.submit.call(form);
}"""


def test_nothing_in_an_address_or_a_header_runs(url, store, agent):
    admin = agent("Ann Lee", role="admin")
    with store.read() as session:
        reader = staff.by_email(session, "ann@shop.example")
    assert reader is not None
    cookie = {one["name"]: one["value"] for one in admin.context.cookies()}
    with httpx.Client(base_url=f"{url}/console", cookies=cookie) as http:
        for word in payloads():
            names = (b"User-Agent", b"Referer", b"X-Forwarded-For", b"Accept-Language", b"X-Requested-With")
            headers = dict.fromkeys(names, word.encode())
            page = http.get("/account", headers=headers)
            assert page.status_code == 200
            assert word not in page.text
            assert not any(word in text for text in page.headers.values())
    with store.write() as session:
        for word in payloads():
            staff.open_session(session, reader.id, word, True)
    admin.goto(f"{url}/console/account")
    expect(admin.locator(".rows li")).to_have_count(201)
    unharmed(admin)
    for word in payloads():
        asked = quote(word)
        for page in (f"transcripts?q={asked}&said={asked}", f"audit?action={asked}&about={asked}&who={asked}"):
            admin.goto(f"{url}/console/{page}", wait_until="domcontentloaded")
            unharmed(admin)
    for word in payloads()[::5]:
        asked = quote(word, safe="")
        for page in (f"inbox?view={asked}", f"dashboard?from={asked}", f"dashboard/conversations?outcome={asked}", f"inbox/{asked}",
                     f"transcripts/{asked}", f"transcripts?after={asked}", f"review?lesson={asked}", f"sign-in?next={asked}"):  # fmt: skip
            admin.goto(f"{url}/console/{page}", wait_until="domcontentloaded")
            unharmed(admin)
