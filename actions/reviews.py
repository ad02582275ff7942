"""Reviews of what the customer bought and got."""

from __future__ import annotations

import re

from rasa_sdk.events import FollowupAction, SlotSet

from actions import pointing
from actions.finding import NEED, form
from actions.pointing import NUMBER_WORDS
from actions.running import action
from actions.turn import Events, Turn, Unclear
from shop import reviews
from shop.errors import ShopError
from shop.models import Order, OrderLine
from shop.orders import OrderStatus

ARRIVED = ("delivered", "returned", "refunded")
OFFERED = 4
FEW_WORDS = 6
_LAST = re.compile(r"\b(last|latest|newest|most recent)\b", re.IGNORECASE)
_STARS = re.compile(rf"\b(\d+|{'|'.join(NUMBER_WORDS)})\s*(?:stars?|/\s*5|out of (?:5|five))|★", re.IGNORECASE)


@action
def action_review(turn: Turn) -> Events:
    """Which product is meant, of those this customer got; then the stars and the words."""
    with turn.store.read() as session:
        orders = [order for order in NEED["track"].candidates(session, turn) if order.status in ARRIVED]
    if not orders and not turn.signed_in:
        raise form(turn, "review", None)
    return start(turn, orders)


def of_order(turn: Turn, order: Order, _: OrderStatus) -> Events:
    """The order form has found out which order it is about."""
    return start(turn, [order] if order.status in ARRIVED else [])


def start(turn: Turn, orders: list[Order]) -> Events:
    bought = {line.product_id: (order, line) for order in reversed(orders) for line in order.lines if line.product_id is not None}
    if not bought:
        raise Unclear("utter_review_nothing")
    order, line = meant(turn, bought, orders)
    told = stars(turn.text)
    about = {"order": order.id, "product": line.product_id, "title": line.title}
    settled = [SlotSet("reviewed", about), SlotSet("rating", told), SlotSet("review_text", None)]
    turn.say("utter_review_of", title=line.title)
    return [*settled, FollowupAction("review_form")]


def meant(turn: Turn, bought: dict[int, tuple[Order, OrderLine]], orders: list[Order]) -> tuple[Order, OrderLine]:
    """The product named, or being talked about, or the only one. Raises Unclear with the choice."""
    named = pointing.by_title(turn) or turn.slot("focus")
    if named in bought:
        return bought[named]
    by_words = pointing.by_words(turn, [line for _, line in bought.values()])
    if by_words is not None:
        return bought[by_words.product_id]
    choice = [line for line in orders[0].lines if line.product_id in bought] if _LAST.search(turn.text) else [x for _, x in bought.values()]
    if len(choice) == 1:
        return bought[choice[0].product_id]
    replies = [f"Write a review for the {line.title}" for line in choice[:OFFERED]]
    turn.say("utter_which_review", {"quick_replies": replies})
    raise Unclear("", [SlotSet("goal", None)])


@action
def action_store_review(turn: Turn) -> Events:
    """Stars and words were given: the review is stored, and said is what was stored."""
    about, rating, text = turn.slot("reviewed"), int(turn.slot("rating")), turn.slot("review_text")
    done = [SlotSet(slot, None) for slot in ("reviewed", "rating", "review_text")]
    try:
        with turn.store.write() as session:
            stored = reviews.store_review(session, turn.customer_id, about["order"], about["product"], rating, text, turn.key("review"))
    except ShopError as refusal:
        if refusal.code != "not_bought":
            raise
        turn.say("utter_review_nothing")
        return done
    turn.say("utter_review_stored", title=about["title"], rating=stored.rating)
    return done


def stars(text: str, alone: bool = False) -> str | None:
    """The stars a text gives, "1" to "5"; with `alone`, a bare number will do. None when it gives none, or none that exist."""
    found = _STARS.search(text)
    word = found.group(1) if found else None
    if word is None and found:
        word = str(text.count("★"))
    if word is None and alone and len(text.split()) <= FEW_WORDS and "?" not in text:
        word = next((w for w in re.findall(r"\w+", text.casefold()) if w.isdigit() or w in NUMBER_WORDS), None)
    if word is None:
        return None
    number = int(word) if word.isdigit() else NUMBER_WORDS[word.casefold()]
    return str(number) if number in reviews.STARS else None
