"""Looking at one product, or at the article in another colour or size."""

from __future__ import annotations

import re

from rasa_sdk.events import FollowupAction, SlotSet

from actions import asking, listing, pointing, results, speaking, things
from actions.running import action
from actions.turn import Events, Turn, Unclear
from shop import catalogue, interactions
from shop.models import Product

# "Does it come with a bulb?": asks for one property.
PROPERTY = re.compile(
    r"(?:(?:and|but|ok|so)\s+)?(?:does|do|is|are|can|could|will|has|have)\s+(?:it|they|this|that|these|those|the)\b", re.IGNORECASE
)

# A column of the catalogue -> how it is asked for.
COLUMNS = {
    "material": re.compile(r"\bmade (?:of|from|out of|with)\b|\b(?:what|which) (?:material|fabric|wood|metal)\b", re.IGNORECASE),
    "size": re.compile(r"\bhow (?:big|large|small)\b|\b(?:what|which) size\b", re.IGNORECASE),
    "brand": re.compile(
        r"\bwho(?:['’]?s| is| are)? (?:(?:it|this|that|they|the \w+) )?(?:makes?|made(?: by)?|by)\b|\b(?:what|which) (?:brand|make)\b",
        re.IGNORECASE,
    ),
    "colour": re.compile(r"\b(?:what|which) colou?r\b", re.IGNORECASE),
}
MEASURES = re.compile(
    r"\bhow (?:big|large|small|tall|wide|high|deep|thick|heavy|long (?:is|are))\b|\b(?:dimensions?|measurements?|weigh|weight)\b",
    re.IGNORECASE,
)


@action
def action_product_detail(turn: Turn) -> Events:
    if turn.slot("last_list") and asking.only_rules_out(turn):  # "not cast iron, they have induction"
        return [FollowupAction("action_refine")]
    product_id = wanted(turn)
    product = pointing.product_of(turn, product_id)
    column = next((name for name, asked in COLUMNS.items() if asked.search(turn.text) and getattr(product, name)), None)
    events = describe(turn, product_id, column)
    if column is None and not answered(turn, product):
        turn.say("utter_not_in_description")
    return events


def answered(turn: Turn, product: Product) -> bool:
    """Whether the description says what is asked, as far as a few patterns and words can tell."""
    if MEASURES.search(turn.text):
        return any(char.isdigit() for char in product.description)
    return not PROPERTY.match(turn.text.strip()) or things.told_of(turn, product)


@action
def action_other_variant(turn: Turn) -> Events:
    """The same article in another colour or size; similar ones when it has no such variant."""
    product = pointing.product_of(turn, wanted(turn, by_attribute=False))
    wishes = asking.wishes_of(turn)
    if things.another(turn, [product]):  # "do you have the mug in green", while looking at a bowl
        return results.search(turn, wishes, asking.query_text(turn))
    sizes = None if "sizes" in wishes else asking.beyond(turn, wishes, product.id)
    if sizes is None and wishes and fits(product, wishes):  # it is in that colour already
        return describe(turn, product.id)
    with turn.store.read() as session:
        others = [variant for variant in catalogue.variants(session, product) if variant.id != product.id]
    if sizes is not None:  # "do you have it in a bigger size"
        wishes = {"colours": [product.colour] if product.colour else [], "sizes": list(sizes), **wishes}
        if not any(variant.size in sizes for variant in others):
            turn.say("utter_no_size_beyond", title=product.title)
            return [SlotSet("focus", product.id)]
    fitting = [variant for variant in others if fits(variant, wishes)]
    if fitting:
        cards = listing.plain_cards(turn, fitting[: turn.settings.recommendations_shown], "chat_variants")
        asked_one = bool(wishes) and len(fitting) == 1
        turn.say("utter_variant_asked" if asked_one else "utter_variants", {"products": cards}, title=product.title)
        return listing.remembered(cards, "similar", wishes, "", product.id, 0)
    if not wishes and product.colour:
        wishes = {"not_colours": [product.colour]}
    same_kind = {**wishes, "categories": [catalogue.leaf(product.category_path)]}
    answer = listing.find(turn, "similar", same_kind, like=product.id)
    if not answer.items or answer.relaxed:
        answer = listing.find(turn, "similar", wishes, like=product.id)
    response = "utter_no_variant_asked" if asking.wishes_of(turn) and not answer.relaxed else "utter_no_variant"
    return listing.show(turn, answer, "similar", wishes, like=product.id, response=response, title=product.title)


def fits(product: Product, wishes: asking.Wishes) -> bool:
    return all(
        any(value.casefold() in getattr(product, kind).casefold() for value in wishes[field])
        for kind, field in asking.FIELDS.items()
        if kind in pointing.ATTRIBUTES and wishes.get(field)
    )


def wanted(turn: Turn, by_attribute: bool = True) -> int:
    """The id of the product the question is about. With only a list to go by, its first: it is what was asked for. Of another kind of
    thing than those in view, its only article; where there are several, Unclear, when they have been listed."""
    # "Does it come in blue": blue tells what is wished, not which is meant.
    chosen = pointing.named(turn) if by_attribute else pointing.by_place_or_title(turn)
    if chosen is None and (kind := things.another(turn, in_view(turn))):
        chosen = turn.recommender.resolve(kind)
        if chosen is None:
            raise Unclear("", events=results.search(turn, asking.wishes_of(turn), kind))
    if chosen is None:
        chosen = pointing.pointed_at(turn) if by_attribute else turn.slot("focus")
    if chosen is None:
        chosen = next(iter(pointing.shown_ids(turn)), None) or turn.recommender.resolve(turn.text)
    if chosen is None:
        raise Unclear("utter_no_list")
    return chosen


def in_view(turn: Turn) -> list[Product]:
    """What is shown, and what is being talked about."""
    focus = turn.slot("focus")
    return [*pointing.shown(turn), *([pointing.product_of(turn, focus)] if focus else [])]


def describe(turn: Turn, product_id: int, column: str | None = None) -> Events:
    """All of it in short, or what one column of the catalogue says of it."""
    product = pointing.product_of(turn, product_id)
    with turn.store.write() as session:
        interactions.record(session, turn.customer_id, "view", product.id, source="chat", event_key=turn.key("view"))
    level = speaking.stock_level(product.stock)
    response = {"in_stock": "utter_product", "low": "utter_product_low", "out": "utter_product_out"}[level]
    turn.say(
        f"utter_its_{column}" if column else response,
        {"products": listing.plain_cards(turn, [product], "chat_detail")},
        value=getattr(product, column) if column else "",
        title=product.title,
        price=turn.money(product.price_minor, product.currency),
        description=speaking.short(product.description),
        stock=product.stock,
    )
    return [SlotSet("focus", product.id), SlotSet("goal", None)]
