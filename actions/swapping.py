"""One thing in the cart for another: "put the first one in instead", "swap the candle for the blue one"."""

from __future__ import annotations

import re

from rasa_sdk.events import SlotSet

from actions import cart as carts
from actions import pointing, questions, speaking
from actions.running import action
from actions.turn import Events, Turn, Unclear
from shop import cart
from shop.cart import Cart, Line
from shop.commands import result_of

_FORMS = [
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"\b(?:swap|replace|exchange|switch|change|trade)\b(?P<old>.*?)\b(?:for|with|by|to|against)\b(?P<new>.+)",
        r"\b(?:take|remove|drop|lose|delete|leave|not)\b(?P<old>.*?)(?:,|\b(?:and|then|but)\b)(?P<new>.+)",
        r"(?P<new>.+?)\b(?:instead of|rather than|in place of|not)\b(?P<old>.*)",
    )
]


@action
def action_swap_in_cart(turn: Turn) -> Events:
    """Both at once or neither: what is sold out never costs the customer what is in the cart already. With an empty cart it is a wish to
    buy, when a thing is meant, and else a question about exchanges."""
    key = turn.key("swap_in_cart")
    with turn.store.read() as session:
        swapped = result_of(session, key)
    content = carts.carted(turn)
    if swapped is None:
        old_part, new_part = parts(turn)
        if not content.lines:
            wanted = pointing.named(new_part)
            return questions.answer(turn, "ask_exchange") if wanted is None else carts.add(turn, wanted, 1)
        old = given_back(turn, old_part, content)
        new = pointing.in_variant(new_part, old.product_id) if of_the_same(new_part, old) else pointing.named(new_part)
        if new is None or new == old.product_id:
            raise Unclear("utter_which_product")
        with turn.store.write() as session:
            swapped = cart.swap(session, turn.customer_id, old, pointing.product_of(turn, new), key=key, source="chat")
            content = cart.view(session, turn.customer_id)
    turn.say("utter_swapped", speaking.cart_payload(turn, content), **swapped, total=carts.total(turn, content))
    return [SlotSet("focus", swapped["product_id"]), SlotSet("goal", None)]


def parts(turn: Turn) -> tuple[Turn | None, Turn]:
    """The stretches of the message that name what goes out (None when none does) and what comes in."""
    for form in _FORMS:
        if (found := form.search(turn.text)) and found["new"].strip():
            return turn.part(*found.span("old")), turn.part(*found.span("new"))
    return None, turn


def given_back(turn: Turn, part: Turn | None, content: Cart) -> Line:
    """The line of the cart that the customer does not want any more. Raises Unclear when that could be several."""
    if len(content.lines) == 1:
        return content.lines[0]
    named = pointing.by_words(part, content.lines) if part else None
    line = named or next((line for line in content.lines if line.product_id == turn.slot("focus")), None)
    if line is None:
        turn.say("utter_cart", speaking.cart_payload(turn, content), count=content.count, total=carts.total(turn, content))
        raise Unclear("utter_swap_which")
    return line


def of_the_same(part: Turn, old: Line) -> bool:
    """ "The blue one", when none of those shown is meant by it: the same article in blue."""
    if not pointing.attributes_said(part) or part.entity("ordinal") is not None or part.entity("product") is not None:
        return False
    return pointing.by_attribute(part) in (None, old.product_id) and pointing.in_variant(part, old.product_id) != old.product_id
