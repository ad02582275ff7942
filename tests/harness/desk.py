"""A support desk at work: the demo shop with chats in every state, for pictures and for looking at the console by hand.

`python -m tests.harness.desk` serves it and prints how to sign in; `--pictures FOLDER` takes pictures of its pages instead.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.gateway.app import create_app
from cli.up import console_sign_in
from marketing import propensity
from recommender.encoder import Encoder, EncoderMissing
from shop import canned, cases, desk, outbox, ratings, returns, staff, surveys
from shop.demo import load_demo
from shop.demo.colleague import EMAIL, add_demo_colleagues, demo_password
from shop.migrate import migrate
from shop.models import Conversation, ConversationEvent, Customer, Impression, Note, Order, OutboxMessage, Product, Staff, now
from shop.settings import Settings
from shop.store import Store
from tests.harness.stack import TEMPLATE, free_ports
from tests.harness.talk import exchange, thread
from tests.harness.web import FakeRasa, served
from worker.lessons import Lessons
from worker.profiling import Encode

# Who says what: (customer's words, intent, confidence, the bot's answer).
TALKS: list[list[tuple[str, str, float, str]]] = [
    [("Hello", "greet", 0.98, "Hello! What can I do for you?"),
     ("Where is my parcel?", "track_order", 0.95, "It left on Monday and should be with you on Thursday."),
     ("That is later than you promised", "complain", 0.71, "I am sorry about that. Shall I ask a colleague?")],
    [("I am looking for a candle holder under 20 pounds", "search_product", 0.93, "These would suit you."),
     ("anything in green?", "refine", 0.88, "Here are green ones.")],
    [("the lid of my casserole does not sit flush", "nlu_fallback", 0.22, "I did not understand that. Could you say it in other words?"),
     ("the lid does not sit flush on the pot", "nlu_fallback", 0.25, "I still do not understand.")],
    [("my vase came out of the box in three pieces", "search_product", 0.41, "Here are some vases.")],
    [("two of the six glasses arrived smashed", "search_product", 0.44, "Here are some glasses.")],
    [("the plate was shattered when I opened the parcel", "search_product", 0.38, "Here are some plates.")],
    [("How do I send something back?", "return_policy", 0.94, "You have 30 days. Shall I start a return?"),
     ("yes please", "affirm", 0.97, "Done. The label is in your inbox.")],
    [("do you gift wrap", "gift_wrap", 0.9, "We do, for £3.50.")],
    [("can I pay with a cheque", "payment_methods", 0.83, "We take cards and PayPal.")],
    [("got any kayaks?", "search_product", 0.86, "I found nothing like that.")],
]  # fmt: skip


ARTICLES = ("vase", "glasses", "plate", "casserole", "pot")


def furnish(session: Session) -> dict[str, str]:
    """Chats of the last days in every state. What is worth a picture: name -> public id."""
    people = list(session.scalars(select(Customer).where(Customer.email.is_not(None), Customer.name != "").order_by(Customer.id).limit(60)))
    products = list(session.scalars(select(Product).where(Product.active).order_by(Product.id)))
    grace, tom = (staff.by_email(session, f"{name}@demo.example") for name in ("grace", "tom"))
    assert grace is not None
    assert tom is not None
    shown: dict[str, str] = {}
    for number in range(60):
        talk = TALKS[(number if number < 30 else number * number) % len(TALKS)]  # people ask other things than they did the week before
        at = now() - timedelta(hours=1 + number * 5.5, minutes=number % 7)
        chat = thread(session, people[number], f"desk-{number}", channel=("web", "web", "email")[number % 3], created_at=at)
        for k, words in enumerate(talk):
            _say(session, chat, words, at + timedelta(minutes=2 * k), products, number)
        chat.last_message_at = at + timedelta(minutes=2 * len(talk))
        session.flush()
        if number % 10 == 0:
            _with_a_person(session, chat, grace if number % 20 else tom, number)
    waiting, held = (list(session.scalars(select(Conversation).order_by(Conversation.id)))[k] for k in (1, 0))
    desk.ask_for_person(session, waiting.id, "asked")
    shown["waiting"], shown["chat"] = waiting.public_id, held.public_id
    canned.save(session, "late", "A late parcel", "Hello {customer}, I am sorry that {order} is late. I have asked the carrier.", grace.id)
    canned.save(session, "broken", "Something arrived broken", "I am sorry, {customer}. I send a new one today; keep the pieces.", grace.id)
    for person, kind, text in zip(people[3:7], ("damaged", "missing", "complaint", "invoice"), CASES, strict=True):
        cases.open_case(session, person.id, kind, text, f"desk:{person.id}")
    delivered = session.scalars(select(Order).where(Order.status == "delivered").order_by(Order.delivered_at.desc()).limit(1)).one()
    returns.request_return(session, delivered.id, None, "smaller than I thought", "desk:return")
    return shown


NOTE = """The carrier says **Thursday**. @grace please look in the morning:

- is it in Leeds? ([their page](https://carrier.example/track))
- if not, send a new one and note `lost`"""
CASES = (
    "Two of the six glasses arrived smashed.", "The parcel had no napkins in it.", "Third late delivery this year.",
    "I need an invoice with our VAT number.",
)  # fmt: skip


def _say(session: Session, chat: Conversation, words: tuple[str, str, float, str], at: Any, products: list[Product], number: int) -> None:
    text, intent, confidence, answer = words
    payload: dict[str, Any] = {"text": answer}
    cards = products[number * 3 : number * 3 + 3] if intent in ("search_product", "refine") and "nothing" not in answer else []
    if cards:
        payload["products"] = [{"sku": one.sku, "title": one.title, "price": f"£{one.price_minor / 100:.2f}"} for one in cards]
    ranking = [{"name": intent, "confidence": confidence}, {"name": "report_damaged", "confidence": round((1 - confidence) / 2, 2)}]
    turn = exchange(
        session, chat, text, intent, payload, at=at, confidence=confidence, intent_ranking=ranking, timings={"total": 80.0 + number},
        actions=["action_search_products" if cards else f"utter_{intent}"],
        entities=[
            {"entity": kind, "value": word, "start": (at_word := text.index(word)), "end": at_word + len(word)}
            for kind, words in (("colour", ("green",)), ("category", ARTICLES)) for word in words if word in text
        ],
        slots={"focus": number} if cards else {},
    )  # fmt: skip
    for position, one in enumerate(cards, 1):
        score = round(0.9 - 0.1 * position, 3)
        about = {"list_id": f"desk-{turn.id}", "surface": "chat_search", "propensity": 1.0, "contributions": {"content": score / 2}}
        session.add(
            Impression(**about, turn_id=turn.id, product_id=one.id, position=position, score=score, reason="matches what was asked")
        )
    if number % 4 == 3:
        said = session.scalars(select(OutboxMessage.id).where(OutboxMessage.turn_id == turn.id)).first()
        ratings.rate(session, chat.id, said or 0, up=confidence > 0.6)


def _with_a_person(session: Session, chat: Conversation, who: Staff, number: int) -> None:
    """Some minutes after what the customer wrote last."""
    asked_at, waited, took = chat.last_message_at, timedelta(minutes=2 + number % 7), timedelta(minutes=12 + number % 23)
    desk.ask_for_person(session, chat.id, "asked", at=asked_at)
    session.flush()
    desk.take(session, chat.id, who.id)
    stay = desk.running(session, chat.id)
    assert stay is not None
    outbox.append(session, chat.id, [{"text": "Hello, I am looking into it.", "agent": who.name}], "agent")
    desk.replied(session, chat.id, asked_at + waited)
    session.add(Note(conversation_id=chat.id, staff_id=who.id, text=NOTE))
    if number:
        survey = desk.resolve(session, chat.id, who.id, "How satisfied are you with our help?", 5)
        assert survey is not None
        surveys.answer(session, chat.id, survey.id, 5 - number % 3, "Quick and kind." if number % 3 == 0 else "")
        stay.ended_at = survey.answered_at = asked_at + took
    stay.claimed_at = asked_at + waited
    since = [(ConversationEvent, asked_at), (Note, asked_at + waited), (OutboxMessage, asked_at + waited)]
    for table, at in since:
        session.execute(update(table).where(table.conversation_id == chat.id, table.at > asked_at).values(at=at))
    chat.last_message_at = asked_at + waited


@contextmanager
def at_work(folder: Path, port: int) -> Iterator[tuple[str, Settings, dict[str, str]]]:
    """The desk, served: its address, settings, and the chats worth a picture. It uses the tests' encoder and models if there are any."""
    settings = Settings(_env_file=None, var_dir=folder, database_url="", demo=True, port=port, rasa_port=free_ports(1)[0])
    (folder / "models").mkdir(parents=True)
    for made in (TEMPLATE / "encoder", TEMPLATE / "cache", *(TEMPLATE / "models").glob("*")):
        if made.exists() and made.name != propensity.path(settings).name:
            (folder / made.relative_to(TEMPLATE)).symlink_to(made)
    store = Store(settings.store_url)
    migrate(store)
    load_demo(store)
    add_demo_colleagues(settings, store)
    with store.write() as session:
        shown = furnish(session)
    Lessons(store, encoder_of(settings)).step()
    with store.read() as session:
        propensity.train(settings, session)
    store.close()
    with served(FakeRasa().app, settings.rasa_port), served(create_app(settings), port) as address:
        yield address, settings, shown


def encoder_of(settings: Settings) -> Encode | None:
    """What groups messages by meaning; without it each is a group of its own."""
    try:
        return Encoder.open(settings).encode
    except EncoderMissing:
        return None


PAGES = {
    "sign-in": "sign-in", "inbox": "inbox", "chat": "inbox/{chat}", "next": "inbox/{chat}", "cases": "cases", "find": "transcripts",
    "transcript": "transcripts/{chat}",
    "teach": "review", "figures": "dashboard", "behind": "dashboard/conversations?figure=handed_over", "answers": "replies",
    "people": "people",
    "audit": "audit", "account": "account",
}  # fmt: skip
LOOKS = [(width, height, scheme) for width, height in ((1280, 860), (834, 1112)) for scheme in ("light", "dark")]
IN_THE_GUIDE = ("chat", "next", "transcript", "teach", "figures", "cases", "find")  # light, 1280 px


def take_pictures(folder: Path, port: int, everything: bool) -> None:
    """PNGs of the pages: those of the guide, or each at two widths, light and dark."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import FLAGS, chromium_path, sign_in_at

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, at_work(Path(work), port) as (address, settings, shown), sync_playwright() as driver:
        store = Store(settings.store_url)
        password = demo_password(settings, store) or ""
        store.close()
        browser = driver.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(120_000)  # the first recommendation waits for the recommender to open
        sign_in_at(address, page, EMAIL, password)
        for width, height, scheme in LOOKS if everything else LOOKS[:1]:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            for name in PAGES if everything else IN_THE_GUIDE:
                page.goto(f"{address}/console/{PAGES[name].format(**shown)}")
                if name == "chat":
                    page.wait_for_selector("#needs:not([data-later])")
                if name == "next":
                    page.locator("#needs:not([data-later]) summary").first.click()
                    page.locator("#needs").scroll_into_view_if_needed()
                path = folder / (f"console-{name}-{scheme}-{width}.png" if everything else f"console-{name}.png")
                page.screenshot(path=path)
                print(path)
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=7140)
    parser.add_argument("--pictures", type=Path, help="take the pictures of docs/for_support_staff.md into this folder")
    parser.add_argument("--everything", action="store_true", help="take each page at two widths, light and dark")
    given = parser.parse_args()
    if given.pictures:
        take_pictures(given.pictures, given.port, given.everything)
        return
    with tempfile.TemporaryDirectory() as work, at_work(Path(work), given.port) as (address, settings, _):
        print(f"{address}/console/", *console_sign_in(settings), "Ctrl-C ends it.", sep="\n", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
