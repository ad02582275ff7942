"""What the customer has looked at before."""

from __future__ import annotations

from actions import asking, listing, things
from actions.running import action
from actions.turn import Events, Turn, Unclear
from shop import catalogue, interactions

REMEMBERED = 100


@action
def action_viewed(turn: Turn) -> Events:
    """ "What was that candle I looked at?": the latest first, of the kind that is named."""
    wishes = asking.wishes_of(turn)
    kinds = wishes.get("categories", [])
    with turn.store.read() as session:
        ids = interactions.viewed(session, turn.customer_id, REMEMBERED)
        seen = {product.id: product for product in catalogue.products(session, ids) if not kinds or things.of_a_kind(product, kinds)}
    latest = [seen[id_] for id_ in ids if id_ in seen][: turn.settings.recommendations_shown]
    if not latest:
        raise Unclear("utter_viewed_none")
    cards = listing.plain_cards(turn, latest, "chat_viewed")
    turn.say("utter_viewed", {"products": cards})
    return listing.remembered(cards, "search", wishes, "", None, 0)
