"""Questions about what one has or wants of the shop's things: warranty, being back in stock, points."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions import looking, pointing
from actions.finding import NEED
from actions.running import action
from actions.turn import Events, Turn, Unclear
from shop import points, policies, warranty
from shop.models import Order, OrderLine, Product


@action
def action_warranty(turn: Turn) -> Events:
    """Of the thing bought or pointed at, by the shop's policies; without one, the general rule."""
    covers = policies.current().warranty.covers
    if (bought := bought_thing(turn)) is not None:
        order, line, product = bought
        months = warranty.months(product.category_path)
        until = turn.date(warranty.until(order.delivered_at, months)) if order.delivered_at else ""
        key = "utter_warranty_none" if not months else "utter_warranty_until" if until else "utter_warranty_of"
        turn.say(key, title=line.title, months=months, covers=covers, until=until)
        return []
    product_id = pointing.pointed_at(turn)
    if product_id is not None:
        product = pointing.product_of(turn, product_id)
        months = warranty.months(product.category_path)
        turn.say("utter_warranty_of" if months else "utter_warranty_none", title=product.title, months=months, covers=covers)
        return [SlotSet("focus", product_id)]
    turn.say("utter_warranty", months=policies.current().warranty.months, covers=covers)
    return []


def bought_thing(turn: Turn) -> tuple[Order, OrderLine, Product] | None:
    """The line of the customer's orders whose title the message shares words with."""
    with turn.store.read() as session:
        orders = [order for order in NEED["track"].candidates(session, turn) if order.status != "cancelled"]
        lines = {line.id: (order, line) for order in orders for line in order.lines if line.product_id is not None}
        line = pointing.by_words(turn, [line for _, line in lines.values()])
        product = session.get(Product, line.product_id) if line is not None else None
    return (*lines[line.id], product) if line is not None and product is not None else None


@action
def action_restock(turn: Turn) -> Events:
    """Nobody knows the day; what is known is the stock of this moment."""
    product_id = pointing.pointed_at(turn)
    if product_id is None:
        raise Unclear("utter_restock_which")
    product = pointing.product_of(turn, product_id)
    if product.stock > 0:
        return looking.describe(turn, product_id)
    turn.say("utter_restock_unknown", title=product.title)
    return [SlotSet("focus", product_id)]


@action
def action_points(turn: Turn) -> None:
    rules = policies.current().points
    if not rules.offered:
        raise Unclear("utter_points_none")
    values = {"spend_for_one": turn.money(rules.spend_for_one), "worth": turn.money(rules.worth), "redeem": rules.redeem}
    if not turn.signed_in:
        raise Unclear("utter_points_how", **values)
    with turn.store.read() as session:
        balance = points.earned(session, turn.customer_id)
    turn.say("utter_points", points=balance, value=turn.money(balance * rules.worth), **values)
