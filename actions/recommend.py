"""Suggesting products, saying why, and learning from what the customer says about them."""

from __future__ import annotations

import re

from rasa_sdk.events import SlotSet

from actions import asking, finding, listing, narrowing, pointing, preferences, things, wording
from actions.running import action
from actions.turn import Events, Turn, Unclear
from recommender.resolve import meant
from shop import catalogue, interactions
from shop.models import Product

CHEAPER = re.compile(r"\b(cheap\w*|less (money|expensive)|(not so|less) (dear|pricey)|lower price\w*|more affordable)\b", re.IGNORECASE)
DEARER = re.compile(r"\b(dearer|pricier|more expensive|posher|fancier|more luxurious)\b", re.IGNORECASE)


# "Which one would you pick?" of those that are shown.
PICK = re.compile(
    r"\bwhich(?: one)?(?: of (?:them|these|those|the \w+))? (?:would|do|should) (?:you|i) "
    r"(?:pick|choose|take|get|buy|go for|recommend|suggest|prefer|like best)\b",
    re.IGNORECASE,
)


DETAIL = re.compile(r"\b(?:address|e-?mail|phone|postcode|name)\b", re.IGNORECASE)


@action
def action_recommend(turn: Turn) -> Events:
    if pointing.shown_ids(turn) and PICK.search(turn.text):
        return pick(turn)
    wishes, query, last = asking.wishes_of(turn), wording.telling(asking.query_text(turn)), turn.slot("last_list")
    if not wishes and last and last["kind"] == "recommend":  # "other ideas": under the same wishes, but others
        wishes = asking.refined(turn.slot("constraints") or {}, {"not_items": pointing.articles(turn, pointing.shown_ids(turn))})
    return listing.show(turn, listing.find(turn, "recommend", wishes, query=query), "recommend", wishes, query=query)


def pick(turn: Turn) -> Events:
    """The first of those shown, which was ranked best, with the reason it had."""
    best = pointing.product_of(turn, pointing.shown_ids(turn)[0])
    reason = turn.slot("shown")[0]["reason"]
    response = "utter_my_pick" if reason else "utter_my_pick_first"
    turn.say(response, {"products": listing.plain_cards(turn, [best], "chat_detail")}, title=best.title, reason=reason)
    return [SlotSet("focus", best.id), SlotSet("goal", None)]


@action
def action_similar(turn: Turn) -> Events:
    return around(turn, "similar")


@action
def action_complement(turn: Turn) -> Events:
    return around(turn, "complement")


def around(turn: Turn, kind: str) -> Events:
    """A list around one product: the one pointed at, else the first of those shown."""
    attributes = asking.wishes_of(turn)
    like = pointing.named(turn)
    if like is None or turn.entity("ordinal") is None and turn.entity("sku") is None and not turn.entity("product"):
        # "Similar, but in blue": an attribute says what is wished, unless the only thing there is to point at has it.
        like = turn.slot("focus") or next(iter(pointing.shown_ids(turn)), None) or like
    else:
        attributes = {field: value for field, value in attributes.items() if field.startswith(("price", "not_"))} or attributes
    if like is None:
        like = turn.recommender.resolve(turn.text)
    if like is None:
        raise Unclear("utter_no_anchor")
    product = pointing.product_of(turn, like)
    title, query = product.title, own_words(turn)
    if kind == "similar" and not {"price_min", "price_max"} & attributes.keys() and (bound := price_bound(turn.text, product)):
        attributes = attributes | bound
        answer = listing.find(turn, kind, attributes, query=query, like=like)
        if answer.relaxed or not answer.items:
            response = "utter_nothing_cheaper" if "price_max" in bound else "utter_nothing_dearer"
            raise Unclear(response, price=turn.money(product.price_minor, product.currency))
    answer = listing.find(turn, kind, attributes, query=query, like=like)
    if kind == "similar" and attributes and "categories" not in attributes:  # "like this one, but in brass"
        leaf = catalogue.leaf(product.category_path)
        of_its_kind = listing.find(turn, kind, {**attributes, "categories": [leaf]}, query=query, like=like)
        if of_its_kind.items and not of_its_kind.relaxed:
            answer = of_its_kind
        elif answer.items and not answer.relaxed:
            return listing.show(
                turn, answer, kind, attributes, query=query, like=like, response="utter_similar_of_other_kind", things=leaf.lower()
            )
    return listing.show(turn, answer, kind, attributes, query=query, like=like, title=title)


def own_words(turn: Turn) -> str:
    """What "like this, but for the garden" says besides pointing and criticising: "garden"."""
    return " ".join(meant(" ".join(sorted(things.other_words(turn)))))


def price_bound(text: str, product: Product) -> asking.Wishes:
    """ "Similar but cheaper": below the price of that one."""
    if CHEAPER.search(text):
        return {"price_max": product.price_minor - 1}
    return {"price_min": product.price_minor + 1} if DEARER.search(text) else {}


@action
def action_why(turn: Turn) -> Events:
    """The reasons that were given to the recommender's choices, as they were when shown; or why something is asked for."""
    if asked := turn.active_loop or turn.slot("goal") in finding.NEED or ("checkout_form" if DETAIL.search(turn.text) else ""):
        turn.say("utter_why_details" if asked == "checkout_form" else "utter_why_order_number")
        return []
    shown = {product["id"]: product["reason"] for product in turn.slot("shown") or []}
    one = pointing.named(turn) or turn.slot("focus")
    titles = {product.id: product.title for product in pointing.shown(turn)}
    if one in titles and shown.get(one):
        turn.say("utter_why", title=titles[one], reason=shown[one])
        return []
    reasons = "; ".join(f"{titles[id_]}: {reason}" for id_, reason in shown.items() if reason and id_ in titles)
    if not reasons:
        raise Unclear("utter_nothing_to_explain")
    turn.say("utter_why_each", reasons=reasons)
    return []


@action
def action_rate(turn: Turn) -> Events:
    """Like or dislike of a product; of a colour or a material when the message names one that no shown product is meant by."""
    rated = pointing.pointed_at(turn)
    if asking.wishes_of(turn) and pointing.named(turn) is None:
        return preferences.action_state_taste(turn)
    if rated is None and turn.intent == "dislike_product" and turn.slot("last_list"):  # "not my thing", of the whole list
        return narrowing.none_of_these(turn)
    if rated is None:
        raise Unclear("utter_which_product" if pointing.shown_ids(turn) else "utter_no_list")
    product = pointing.product_of(turn, rated)
    kind = "like" if turn.intent == "like_product" else "dislike"
    with turn.store.write() as session:
        interactions.record(session, turn.customer_id, kind, product.id, source="chat", event_key=turn.key(kind))
    turn.say("utter_liked" if kind == "like" else "utter_disliked", title=product.title)
    return [SlotSet("focus", product.id if kind == "like" else None)]
