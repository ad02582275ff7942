"""Narrowing the list that was shown, turning its pages, choosing from it."""

from __future__ import annotations

import re
from typing import Any

from actions import asking, cart, finding, listing, looking, orders, pointing, results, things
from actions.running import action
from actions.turn import Events, Turn, Unclear
from recommender.contract import Answer
from shop.models import Product

NONE_OF_THESE = re.compile(
    r"\b(?:none|neither|not) (?:of )?(?:these|those|them)\b|\bdo(?:n't| not) like (?:any|these|those|them|it|that)\b"
    r"|\bnot (?:really |quite |exactly |very )?(?:her|him|me|my|his|us|our|their|them|you)\b"
    r"(?! (?:size|budget|order|name|email|address|account))"
    r"|\bnot (?:really |quite |exactly )?(?:(?:this|that|it)(?: one)?(?=\s*(?:$|[,.;!]))|what (?:i|we|she|he|they)\b)",
    re.IGNORECASE,
)
THE_ONE = re.compile(r"\b(?:this|that|it)\b", re.IGNORECASE)
# "The first, two of them".
OF_THEM = re.compile(r"\b(?:\d+|two|three|four|five|six|a couple|a pair) of (?:them|those|these|it)\b", re.IGNORECASE)
# "Something soft for the sofa" is looked for anew, where "something for less" narrows.
ANYTHING_FOR = re.compile(
    r"(?:(?:and|or|ok(?:ay)?|maybe|now|then|also|i want|i need|i'?d like|show me|got|have you)[,.]?\s+)*(?:something|anything|sth|smth)\b"
    r".*\bfor (?!(?:him|her|them|me|us|you|it|this|that|less|under|over)\b)",
    re.IGNORECASE,
)
# "Or blue", "blue would do as well": beside what was asked for, not in its place.
BESIDE = re.compile(r"^\W*(?:ok(?:ay)?,? )?or\b|\b(?:as well|too|also)\W*$|\balso\b", re.IGNORECASE)
NEGATED = re.compile(r"\b(no|not|without|except|but)\b", re.IGNORECASE)


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
    return looking.describe(turn, chosen)


@action
def action_refine(turn: Turn) -> Events:
    """Cheaper, dearer, in blue, under 20 pounds, not wool: the last list again, under the wishes so far and the new ones."""
    last = turn.slot("last_list")
    new = asking.wishes_of(turn)
    if (outermost := pointing.by_price(turn)) is not None:  # "the cheapest of them" is one of those shown, no cheaper one
        return looking.describe(turn, outermost)
    if not last and not new and turn.intent in ("ask_cheaper", "ask_dearer"):
        raise Unclear("utter_no_list")
    if not last or names_another_thing(turn) or (new.get("categories") and last["kind"] in ("search", "recommend", "gift")):
        return results.search(turn, asking.refined(turn.slot("constraints") or {}, new), asking.query_text(turn))
    if turn.intent in ("ask_cheaper", "ask_dearer") and not ({"price_min", "price_max"} & new.keys()):
        return along_price(turn, last, new)
    if not asking.dropped(turn.text) and (rejected := NONE_OF_THESE.search(turn.text)):
        one = turn.slot("focus") if THE_ONE.search(rejected.group()) else None
        rejected_ids = [one] if one else pointing.shown_ids(turn)
        another_look = {"colours", "sizes", "materials"} & new.keys()  # "not those, in blue"
        new = {**new, "not_items": rejected_ids if another_look else pointing.articles(turn, rejected_ids)}
    wishes = refined_wishes(turn, new)
    return results.narrow(turn, last | {"query": without_given_up(turn, last["query"])}, wishes)


def names_another_thing(turn: Turn) -> bool:
    """Whether "linen shirt size L", heard as a refinement, is about another thing than those shown."""
    if turn.intent == "refine" and ANYTHING_FOR.match(turn.text.strip()) and things.other_words(turn):
        return True
    if turn.intent != "refine" or NEGATED.search(turn.text) or asking.dropped(turn.text):
        return False
    return things.another(turn, pointing.shown(turn))


def none_of_these(turn: Turn) -> Events:
    """The last list without what was shown of it."""
    return results.narrow(
        turn, turn.slot("last_list"), refined_wishes(turn, {"not_items": pointing.articles(turn, pointing.shown_ids(turn))})
    )


def without_given_up(turn: Turn, query: str) -> str:
    """The search's words without the values of the wishes that the message gives up."""
    before = turn.slot("constraints") or {}
    values = [value for field in asking.dropped(turn.text) for value in before.get(field) or () if isinstance(before.get(field), list)]
    return results.without_words(query, values)


def refined_wishes(turn: Turn, new: asking.Wishes) -> asking.Wishes:
    """The wishes so far with the new ones, and without those that the message gives up."""
    given_up, before = asking.dropped(turn.text), turn.slot("constraints") or {}
    if BESIDE.search(turn.text):
        new = {field: [*before.get(field, []), *value] if field in asking.FIELDS.values() else value for field, value in new.items()}
    return {field: value for field, value in asking.refined(before, new).items() if field not in given_up}


def along_price(turn: Turn, last: dict[str, Any], new: asking.Wishes) -> Events:
    """Cheaper or dearer than all that was shown, or at least than its first. One thing alone is no choice: then all that is cheaper
    (dearer) than the other end of the list, by price. No other wish is given up for it."""
    limits = edges(turn)
    found = [
        (answer, wishes) for answer, wishes in (past(turn, last, new, limit) for limit in limits) if answer.items and not answer.relaxed
    ]
    if not found:
        response = "utter_nothing_cheaper" if turn.intent == "ask_cheaper" else "utter_nothing_dearer"
        turn.say(response, price=turn.money(limits[-1].price_minor, limits[-1].currency))
        return []
    answer, wishes = next((one for one in found if len(one[0].items) > 1), found[0])
    if len(answer.items) == 1 and len(limits) > 1:
        order = {"by_price": "rising" if turn.intent == "ask_cheaper" else "falling"}
        answer, wishes = past(turn, last, new | order, other_end(turn))
    return results.again(turn, answer, last, wishes)


def past(turn: Turn, last: dict[str, Any], new: asking.Wishes, limit: Product) -> tuple[Answer, asking.Wishes]:
    """The last list beyond the limit's price, and its wishes."""
    bound = {"price_max": limit.price_minor - 1} if turn.intent == "ask_cheaper" else {"price_min": limit.price_minor + 1}
    wishes = asking.refined(turn.slot("constraints") or {}, new | bound)
    return listing.find(turn, last["kind"], wishes, query=last["query"], like=last["like"]), wishes


def other_end(turn: Turn) -> Product:
    """Of those shown the dearest for "cheaper", the cheapest for "dearer"."""
    outermost = max if turn.intent == "ask_cheaper" else min
    return outermost(pointing.shown(turn), key=lambda product: product.price_minor)


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


@action
def action_page(turn: Turn) -> Events:
    """The next or the previous page of the last list; "back to the lamps" names the list."""
    if asking.wishes_of(turn).get("categories"):
        return results.search(turn, asking.wishes_of(turn), asking.query_text(turn))
    in_cart = {line.product_id for line in cart.carted(turn).lines} if cart.MORE_OF_IT.match(turn.text) else ()
    if turn.slot("focus") in in_cart:
        return cart.add(turn, turn.slot("focus"), pointing.quantity(turn) or 1)
    last = turn.slot("last_list")
    if not last:
        raise Unclear("utter_no_list")
    page = last["page"] + (-1 if turn.intent == "previous_page" else 1)
    if page < 0:
        raise Unclear("utter_first_page")
    wishes = turn.slot("constraints") or {}
    answer = listing.find(turn, last["kind"], wishes, query=last["query"], like=last["like"], page=page)
    if not answer.items:
        raise Unclear("utter_no_more")
    return results.again(turn, answer, last, wishes, page)
