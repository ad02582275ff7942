"""The cart: what is in it, and changing it. Every sentence is made from the cart as it is after the change."""

from __future__ import annotations

import re

from rasa_sdk.events import FollowupAction, SlotSet

from actions import finding, looking, orders, pointing, speaking, things
from actions.running import action, when_confirmed
from actions.turn import Events, Turn, Unclear, ask_confirmation
from shop import cart, catalogue
from shop.cart import Cart, Line
from shop.models import Product

_BUY = re.compile(
    r"\s*(?:ok(?:ay)?,? |yes,? )?(?:buy|order|purchase)(?: (?:it|this|that|them|these))?(?: now)?(?: please)?[\s.!]*", re.IGNORECASE
)
_NOT_IN = re.compile(r"\b(?:do ?n['’]?t|do not|please not)\s+(?:put|add|pop|stick|chuck|buy|order|get)\b", re.IGNORECASE)
# "One more", of what is in the cart; "show me three more" is of the list.
_MORE = rf"\b(?:(?:\d{{1,2}}|{'|'.join(pointing.NUMBER_WORDS)}) more|another)\b"
MORE_TO_SEE = re.compile(
    rf"(?=.*\b(?:show|see|look|find|list|page|options?|ideas?|suggest\w*|recommend\w*|colou?r|size|kind)\b).*{_MORE}", re.IGNORECASE
)
MORE_OF_IT = re.compile(rf"(?!{MORE_TO_SEE.pattern}).*{_MORE}", re.IGNORECASE)


@action
def action_add_to_cart(turn: Turn) -> Events:
    if _NOT_IN.search(turn.text):  # "don't put it in": whatever is in already comes out
        return [FollowupAction("action_remove_from_cart" if carted(turn).lines else "action_declined")]
    if len(several := pointing.several(turn)) > 1:
        return add_several(turn, several)
    chosen = pointing.pointed_at(turn)
    if _BUY.fullmatch(turn.text) and chosen in {line.product_id for line in carted(turn).lines}:
        return [FollowupAction("action_checkout")]  # it is in the cart already
    if chosen is None:
        if not pointing.shown_ids(turn):
            chosen = turn.recommender.resolve(turn.text)
        if chosen is None:
            raise Unclear("utter_which_product", [SlotSet("goal", "add_to_cart")])
    return add(turn, chosen, pointing.quantity(turn) or 1)


def add(turn: Turn, product_id: int, number: int) -> Events:
    with turn.store.write() as session:
        content = cart.add(session, turn.customer_id, product_id, number, key=turn.key("add_to_cart"), source="chat")
    line = next((line for line in content.lines if line.product_id == product_id), None)
    title = line.title if line else pointing.product_of(turn, product_id).title
    turn.say("utter_added", speaking.cart_payload(turn, content), quantity=number, title=title, total=total(turn, content))
    return [SlotSet("focus", product_id), SlotSet("goal", None)]


def add_several(turn: Turn, wanted: list[tuple[int, int]]) -> Events:
    """ "Two of the first and one of the third": all or none."""
    with turn.store.write() as session:
        for product_id, number in wanted:
            content = cart.add(session, turn.customer_id, product_id, number, key=turn.key(f"add_to_cart:{product_id}"), source="chat")
    quantities = dict(wanted)
    titles = speaking.in_words((quantities[x.product_id], x.title) for x in content.lines if x.product_id in quantities)
    turn.say("utter_added_several", speaking.cart_payload(turn, content), titles=titles, total=total(turn, content))
    return [SlotSet("goal", None)]


@action
def action_view_cart(turn: Turn) -> Events:
    content = present(turn)
    turn.say("utter_cart", speaking.cart_payload(turn, content), count=content.count, total=total(turn, content))
    return []


@action
def action_change_cart_quantity(turn: Turn) -> Events:
    if turn.slot("goal") == "change_quantity":  # the bot had asked this about an order
        return orders.action_order_request(turn)
    if turn.slot("goal") in finding.NEED and finding.chosen_of_shown(turn):
        return orders.action_order_request(turn)
    if (number := pointing.bare_number(turn)) and turn.slot("goal") != "set_quantity" and pointing.shown_ids(turn):
        return looking.describe(turn, pointing.by_position(turn, number))
    if MORE_TO_SEE.match(turn.text) and pointing.shown_ids(turn):
        return [FollowupAction("action_page")]
    content = carted(turn)
    if not content.lines and pointing.quantity(turn) and pointing.shown_ids(turn):  # "3 of those then", of what was shown
        return action_add_to_cart(turn)
    content = present(turn)
    line, number, more = meant(turn, content), pointing.quantity(turn), MORE_OF_IT.match(turn.text)
    if number is None and more:
        number = 1
    if number is None:
        raise Unclear("utter_ask_quantity", [SlotSet("focus", line.product_id), SlotSet("goal", "set_quantity")], title=line.title)
    if more:
        return add(turn, line.product_id, number)
    with turn.store.write() as session:
        content = cart.set_quantity(session, turn.customer_id, line.product_id, number)
    if number == 0:
        return removed(turn, line.title, content)
    return changed(turn, line, number, content)


def changed(turn: Turn, line: Line, number: int, content: Cart) -> Events:
    turn.say(
        "utter_quantity_changed",
        speaking.cart_payload(turn, content),
        title=line.title,
        quantity=number,
        total=total(turn, content),
    )
    return [SlotSet("focus", line.product_id), SlotSet("goal", None)]


@action
def action_remove_from_cart(turn: Turn) -> Events:
    line = meant(turn, present(turn))
    if (fewer := turn.entity("quantity")) is not None and 0 < int(fewer) < line.quantity:  # "remove one" of four
        with turn.store.write() as session:
            content = cart.set_quantity(session, turn.customer_id, line.product_id, line.quantity - int(fewer))
        return changed(turn, line, line.quantity - int(fewer), content)
    with turn.store.write() as session:
        content = cart.remove(session, turn.customer_id, line.product_id)
    return removed(turn, line.title, content)


def removed(turn: Turn, title: str, content: Cart) -> Events:
    turn.say(
        "utter_removed" if content.lines else "utter_removed_last",
        speaking.cart_payload(turn, content),
        title=title,
        total=total(turn, content),
    )
    return [SlotSet("focus", None)]


@action
def action_clear_cart(turn: Turn) -> Events:
    content = present(turn)
    say = {"count": content.count, "total": total(turn, content)}
    return ask_confirmation("clear_cart", say, speaking.cart_payload(turn, content))


@when_confirmed("clear_cart")
def clear(turn: Turn, _: dict) -> Events:
    with turn.store.write() as session:
        cart.clear(session, turn.customer_id)
    turn.say("utter_cart_cleared")
    return []


def present(turn: Turn) -> Cart:
    """The cart as it is. Raises Unclear when there is nothing in it."""
    content = carted(turn)
    if not content.lines:
        raise Unclear("utter_cart_empty")
    return content


def carted(turn: Turn) -> Cart:
    with turn.store.read() as session:
        return cart.view(session, turn.customer_id)


def meant(turn: Turn, content: Cart) -> Line:
    """The line of the cart that the message is about: its only one, or the one named. A position counts the cart's lines."""
    ordinal = turn.entity("ordinal")
    if ordinal is not None:
        index = int(ordinal) - 1 if int(ordinal) > 0 else len(content.lines) + int(ordinal)
        if 0 <= index < len(content.lines):
            return content.lines[index]
        raise Unclear("utter_no_such_position", count=len(content.lines))
    if (line := pointing.by_words(turn, content.lines)) is not None:
        return line
    product_id = pointing.by_title(turn) or pointing.by_attribute(turn)
    if product_id is None and not things.another(turn, in_cart(turn, content)):
        product_id = content.lines[0].product_id if len(content.lines) == 1 else turn.slot("focus")
    for line in content.lines:
        if line.product_id == product_id:
            return line
    turn.say("utter_not_in_cart", speaking.cart_payload(turn, content))
    raise Unclear("utter_which_product")


def in_cart(turn: Turn, content: Cart) -> list[Product]:
    with turn.store.read() as session:
        return catalogue.products(session, [line.product_id for line in content.lines])


def total(turn: Turn, content: Cart) -> str:
    return turn.money(content.subtotal_minor, content.currency)
