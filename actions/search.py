"""Finding products, looking at one, and narrowing a list."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk.events import SlotSet

from actions import asking, cart, finding, listing, orders, pointing, speaking, things
from actions.running import action, when_confirmed, when_declined
from actions.turn import Events, Turn, Unclear, ask_confirmation
from recommender.contract import Answer
from shop import catalogue, interactions
from shop.models import Product

QUICK, NAMED = 4, 30  # of the catalogue's categories: offered to press, and named
NONE_OF_THESE = re.compile(
    r"\b(?:none|neither|not) (?:of )?(?:these|those|them)\b|\bdo(?:n't| not) like (?:any|these|those|them|it|that)\b"
    r"|\bnot (?:really |quite |exactly |very )?(?:her|him|me|my|his|us|our|their|them|you)\b"
    r"(?! (?:size|budget|order|name|email|address|account))"
    r"|\bnot (?:really |quite |exactly )?(?:(?:this|that|it)(?: one)?(?=\s*(?:$|[,.;!]))|what (?:i|we|she|he|they)\b)",
    re.IGNORECASE,
)
ALSO = re.compile(r"(?:(?:oh|ah|ok(?:ay)?|hm+|well)[,.]?\s+)*(?:and|also|plus|preferably|ideally)\b[,.]?\s*", re.IGNORECASE)
THE_ONE = re.compile(r"\b(?:this|that|it)\b", re.IGNORECASE)
OF_THEM = re.compile(
    r"\b(?:\d+|two|three|four|five|six|a couple|a pair) of (?:them|those|these|it)\b", re.IGNORECASE
)  # "the first, two of them"
# "Does it come with a bulb?": asks for one property.
PROPERTY = re.compile(
    r"(?:(?:and|but|ok|so)\s+)?(?:does|do|is|are|can|could|will|has|have)\s+(?:it|they|this|that|these|those|the)\b", re.IGNORECASE
)
NEGATED = re.compile(r"\b(no|not|without|except|but)\b", re.IGNORECASE)


@action
def action_search(turn: Turn) -> Events:
    """A new search: earlier wishes are gone, aversions stay. "Only linen ones", understood as a search, narrows the last list."""
    if turn.slot("last_list") and only_attributes(turn):
        return action_refine(turn)
    if goes_on(turn):
        return with_more_words(turn)
    query = asking.query_text(turn)
    with turn.store.write() as session:
        if query:
            interactions.record(session, turn.customer_id, "search", query=query, source="chat", event_key=turn.key("search"))
    return search(turn, asking.wishes_of(turn), query)


def only_attributes(turn: Turn) -> bool:
    """Whether the message names attributes or prices and nothing that they could be attributes of."""
    if not asking.wishes_of(turn) or {"category", "product"} & {entity["entity"] for entity in turn.entities}:
        return False
    return not things.other_words(turn)


def goes_on(turn: Turn) -> bool:
    """Whether "oh and dishwasher safe" adds to the last search: it begins so, and names no thing of its own."""
    last = turn.slot("last_list")
    if not last or last["kind"] != "search" or not ALSO.match(turn.text.strip()):
        return False
    return not {"category", "product"} & {entity["entity"] for entity in turn.entities} and not things.another(turn, pointing.shown(turn))


def with_more_words(turn: Turn) -> Events:
    """The last search with what this message says besides."""
    last, said = turn.slot("last_list"), ALSO.sub("", asking.query_text(turn).strip())
    wishes = refined_wishes(turn, asking.wishes_of(turn))
    return narrowed(turn, last | {"query": f"{last['query']} {said}", "page": 0}, wishes)


def search(turn: Turn, wishes: asking.Wishes, query: str, asked_about: bool = False) -> Events:
    """The products for the wishes. Wishes that contradict each other, or what the customer said never to want, are asked about first."""
    if (both := asking.contradiction(wishes)) is not None:
        raise Unclear("utter_contradiction_price" if both == "price" else "utter_contradiction", value=both.lower())
    if not asked_about and (clashing := asking.averse_to(turn, wishes)):
        taste = ", ".join(value.lower() for values in clashing.values() for value in values)
        return ask_confirmation("despite_aversion", {"taste": taste}, wishes=wishes, query=query, clashing=clashing)
    answer = listing.find(turn, "search", wishes, query=query)
    if query and (answer.method == "popular" or not answer.items and turn.slot("shown")):
        # Nothing matched at all: "the second one" goes on meaning the list that is on the screen.
        raise Unclear("utter_not_found")
    return listing.show(turn, answer, "search", wishes, query=query)


@when_confirmed("despite_aversion")
def search_despite(turn: Turn, pending: dict[str, Any]) -> Events:
    """For this once: the aversion is kept, and gives way to what is asked for."""
    return search(turn, pending["wishes"], pending["query"], asked_about=True)


@when_declined("despite_aversion")
def search_without(turn: Turn, pending: dict[str, Any]) -> Events:
    clashing = pending["clashing"]
    kept = {field: value for field, value in pending["wishes"].items() if field not in clashing}
    words = [value for values in clashing.values() for value in values]
    return search(turn, kept, without_words(pending["query"], words), asked_about=True)


@action
def action_product_detail(turn: Turn) -> Events:
    product_id = wanted(turn)
    events = describe(turn, product_id)
    if PROPERTY.match(turn.text.strip()) and not things.told_of(turn, pointing.product_of(turn, product_id)):
        turn.say("utter_not_in_description")
    return events


@action
def action_choose(turn: Turn) -> Events:
    """ "The second one": looks at it, or does what the bot had asked "which one?" for."""
    if turn.slot("goal") in finding.NEED and finding.chosen_of_shown(turn):
        return orders.action_order_request(turn)
    chosen = pointing.pointed_at(turn)
    if chosen is None:
        # "The blue one" when several or none of those shown are blue narrows the list.
        if asking.wishes_of(turn):
            return action_refine(turn)
        raise Unclear("utter_which_product" if pointing.shown_ids(turn) else "utter_no_list")
    if turn.slot("goal") == "add_to_cart" or OF_THEM.search(turn.text):
        return cart.add(turn, chosen, pointing.quantity(turn) or 1)
    return describe(turn, chosen)


@action
def action_refine(turn: Turn) -> Events:
    """Cheaper, dearer, in blue, under 20 pounds, not wool: the last list again, under the wishes so far and the new ones."""
    last = turn.slot("last_list")
    new = asking.wishes_of(turn)
    if (outermost := pointing.by_price(turn)) is not None:  # "the cheapest of them" is one of those shown, no cheaper one
        return describe(turn, outermost)
    if not last and not new and turn.intent in ("ask_cheaper", "ask_dearer"):
        raise Unclear("utter_no_list")
    if not last or names_another_thing(turn) or (new.get("categories") and last["kind"] in ("search", "recommend")):
        return search(turn, asking.refined(turn.slot("constraints") or {}, new), asking.query_text(turn))
    if turn.intent in ("ask_cheaper", "ask_dearer") and not ({"price_min", "price_max"} & new.keys()):
        return along_price(turn, last, new)
    if not asking.dropped(turn.text) and (rejected := NONE_OF_THESE.search(turn.text)):
        one = turn.slot("focus") if THE_ONE.search(rejected.group()) else None
        rejected_ids = [one] if one else pointing.shown_ids(turn)
        another_look = {"colours", "sizes", "materials"} & new.keys()  # "not those, in blue"
        new = {**new, "not_items": rejected_ids if another_look else pointing.articles(turn, rejected_ids)}
    wishes = refined_wishes(turn, new)
    return narrowed(turn, last | {"query": without_given_up(turn, last["query"])}, wishes)


@when_confirmed("narrow_despite_aversion")
def narrow_despite(turn: Turn, pending: dict[str, Any]) -> Events:
    return narrowed(turn, pending["last"], pending["wishes"], asked_about=True)


def narrowed(turn: Turn, last: dict[str, Any], wishes: asking.Wishes, asked_about: bool = False) -> Events:
    """The last list again under these wishes; contradictions are asked about as in a search."""
    if (both := asking.contradiction(wishes)) is not None:
        raise Unclear("utter_contradiction_price" if both == "price" else "utter_contradiction", value=both.lower())
    if not asked_about and (clashing := asking.averse_to(turn, wishes)):
        taste = ", ".join(value.lower() for values in clashing.values() for value in values)
        return ask_confirmation("narrow_despite_aversion", {"taste": taste}, wishes=wishes, last=last)
    answer = listing.find(turn, last["kind"], wishes, query=last["query"], like=last["like"])
    return show_again(turn, answer, last, wishes)


def none_of_these(turn: Turn) -> Events:
    """The last list without what was shown of it."""
    return narrowed(turn, turn.slot("last_list"), refined_wishes(turn, {"not_items": pointing.articles(turn, pointing.shown_ids(turn))}))


def without_given_up(turn: Turn, query: str) -> str:
    """The search's words without the values of the wishes that the message gives up."""
    before = turn.slot("constraints") or {}
    values = [value for field in asking.dropped(turn.text) for value in before.get(field) or () if isinstance(before.get(field), list)]
    return without_words(query, values)


def without_words(query: str, words: list[str]) -> str:
    return " ".join(re.sub(rf"\b(?:{'|'.join(map(re.escape, words))})\b", " ", query, flags=re.IGNORECASE).split()) if words else query


def refined_wishes(turn: Turn, new: asking.Wishes) -> asking.Wishes:
    """The wishes so far with the new ones, and without those that the message gives up."""
    given_up = asking.dropped(turn.text)
    return {field: value for field, value in asking.refined(turn.slot("constraints") or {}, new).items() if field not in given_up}


def names_another_thing(turn: Turn) -> bool:
    """Whether "linen shirt size L", heard as a refinement, is about another thing than those shown."""
    if turn.intent != "refine" or NEGATED.search(turn.text) or asking.dropped(turn.text):
        return False
    return things.another(turn, pointing.shown(turn))


def along_price(turn: Turn, last: dict[str, Any], new: asking.Wishes) -> Events:
    """Cheaper or dearer than all that was shown, or at least than its first. No other wish is given up for it."""
    cheaper = turn.intent == "ask_cheaper"
    for edge in edges(turn):
        bound = {"price_max": edge.price_minor - 1} if cheaper else {"price_min": edge.price_minor + 1}
        wishes = asking.refined(turn.slot("constraints") or {}, new | bound)
        answer = listing.find(turn, last["kind"], wishes, query=last["query"], like=last["like"])
        if answer.items and not answer.relaxed:
            return show_again(turn, answer, last, wishes)
    response = "utter_nothing_cheaper" if cheaper else "utter_nothing_dearer"
    turn.say(response, price=turn.money(edge.price_minor, edge.currency))
    return []


def edges(turn: Turn) -> list[Product]:
    """What "cheaper" and "dearer" are measured by: the product pointed at, else the cheapest (dearest) shown and then the first."""
    one = pointing.named(turn) or turn.slot("focus")
    if one is not None:
        return [pointing.product_of(turn, one)]
    shown = pointing.shown(turn)
    if not shown:
        raise Unclear("utter_no_list")
    outermost = min if turn.intent == "ask_cheaper" else max
    return [outermost(shown, key=lambda product: product.price_minor), shown[0]]


def show_again(turn: Turn, answer: Answer, last: dict[str, Any], wishes: asking.Wishes, page: int = 0) -> Events:
    """The last list, narrowed or turned over; where that leaves the very things that were shown, it says so."""
    values = {} if last["like"] is None else {"title": pointing.product_of(turn, last["like"]).title}
    same = not answer.relaxed and [item.item for item in answer.items] == pointing.shown_ids(turn)
    response = "utter_still_these" if same else None
    return listing.show(turn, answer, last["kind"], wishes, query=last["query"], like=last["like"], page=page, response=response, **values)


@action
def action_other_variant(turn: Turn) -> Events:
    """The same article in another colour or size; similar ones when it has no such variant."""
    product = pointing.product_of(turn, wanted(turn, by_attribute=False))
    wishes = asking.wishes_of(turn)
    if things.another(turn, [product]):  # "do you have the mug in green", while looking at a bowl
        return search(turn, wishes, asking.query_text(turn))
    if wishes and fits(product, wishes):  # it is in that colour already
        return describe(turn, product.id)
    with turn.store.read() as session:
        others = [variant for variant in catalogue.variants(session, product) if variant.id != product.id]
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


@action
def action_range(turn: Turn) -> Events:
    """ "What do you sell?": the catalogue's own departments."""
    with turn.store.read() as session:
        names = list(dict.fromkeys(catalogue.leaf(path) for path in catalogue.categories(session)))
    if not names:
        raise Unclear("utter_not_found")
    replies = [f"Show me {name.lower()}" for name in names[:QUICK]]
    turn.say("utter_range", {"quick_replies": replies}, names=", ".join(names[:NAMED]).lower())
    return []


@action
def action_page(turn: Turn) -> Events:
    """The next or the previous page of the last list; "back to the lamps" names the list."""
    if asking.wishes_of(turn).get("categories"):
        return action_search(turn)
    last = turn.slot("last_list")
    if not last:
        raise Unclear("utter_no_list")
    page = last["page"] + (1 if turn.intent == "next_page" else -1)
    if page < 0:
        raise Unclear("utter_first_page")
    wishes = turn.slot("constraints") or {}
    answer = listing.find(turn, last["kind"], wishes, query=last["query"], like=last["like"], page=page)
    if not answer.items:
        raise Unclear("utter_no_more")
    return show_again(turn, answer, last, wishes, page)


def wanted(turn: Turn, by_attribute: bool = True) -> int:
    """The product the question is about. With only a list to go by, its first: it is what was asked for."""
    if by_attribute:
        chosen = pointing.pointed_at(turn)
    else:  # "does it come in blue": blue tells what is wished, not which is meant
        ordinal = turn.entity("ordinal")
        chosen = pointing.by_position(turn, ordinal) if ordinal is not None and pointing.shown_ids(turn) else pointing.by_title(turn)
        chosen = chosen or turn.slot("focus")
    if chosen is None:
        chosen = next(iter(pointing.shown_ids(turn)), None) or turn.recommender.resolve(turn.text)
    if chosen is None:
        raise Unclear("utter_no_list")
    return chosen


def describe(turn: Turn, product_id: int) -> Events:
    product = pointing.product_of(turn, product_id)
    with turn.store.write() as session:
        interactions.record(session, turn.customer_id, "view", product.id, source="chat", event_key=turn.key("view"))
    level = speaking.stock_level(product.stock)
    response = {"in_stock": "utter_product", "low": "utter_product_low", "out": "utter_product_out"}[level]
    turn.say(
        response,
        {"products": listing.plain_cards(turn, [product], "chat_detail")},
        title=product.title,
        price=turn.money(product.price_minor, product.currency),
        description=speaking.short(product.description),
        stock=product.stock,
    )
    return [SlotSet("focus", product.id), SlotSet("goal", None)]
