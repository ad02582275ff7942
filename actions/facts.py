"""Facts of one product or of a few: stock, price, sizes, side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rasa_sdk.events import SlotSet

from actions import asking, listing, looking, pointing, speaking, things
from actions.running import action
from actions.turn import Events, Turn, Unclear
from shop import catalogue, policies
from shop.models import Product

AT_MOST = 3  # products side by side
NUMBER = re.compile(r"\b(?:(?P<three>three|3)|two|2|both)\b", re.IGNORECASE)
SAID_AS = {"larger": "bigger"}
ROWS = ("price", "brand", "material", "colour", "size", "stock")


@action
def action_check_stock(turn: Turn) -> Events:
    """Of the product meant, in the colour and size that the message names."""
    product = variant_meant(turn)
    level = speaking.stock_level(product.stock)
    number = pointing.quantity(turn)
    if number and 0 < product.stock < number:
        turn.say("utter_not_enough_stock", available=product.stock, title=product.title)
    else:
        response = {"in_stock": "utter_in_stock", "low": "utter_low_stock", "out": "utter_no_stock"}[level]
        turn.say(response, {"products": listing.plain_cards(turn, [product], "chat_detail")}, title=product.title, stock=product.stock)
    return [SlotSet("focus", product.id), SlotSet("goal", None)]


@action
def action_check_price(turn: Turn) -> Events:
    product = variant_meant(turn)
    payload = {"products": listing.plain_cards(turn, [product], "chat_detail")}
    price = turn.money(product.price_minor, product.currency)
    number = pointing.quantity(turn)
    if number and number > 1:
        total = turn.money(product.price_minor * number, product.currency)
        turn.say("utter_price_of_several", payload, title=product.title, price=price, quantity=number, total=total)
    else:
        turn.say("utter_price", payload, title=product.title, price=price)
    return [SlotSet("focus", product.id), SlotSet("goal", None)]


@action
def action_size_help(turn: Turn) -> Events:
    """The sizes that the article comes in, and which of them are there; the shop keeps no measurements."""
    product = pointing.product_of(turn, looking.wanted(turn, by_attribute=False))
    with turn.store.read() as session:
        variants = [variant for variant in catalogue.variants(session, product) if variant.size]
    sizes = list(dict.fromkeys(variant.size for variant in variants))
    if not sizes:
        turn.say("utter_one_size", title=product.title)
        return [SlotSet("focus", product.id)]
    there = list(dict.fromkeys(variant.size for variant in variants if variant.stock > 0))
    named = [str(entity["value"]) for entity in turn.entities if entity["entity"] == "size"]
    say = {
        "title": product.title,
        "sizes": ", ".join(sizes),
        "available": ", ".join(there) or "none",
        "days": policies.current().returns.days,
    }
    response = "utter_sizes"
    if named and (same := [size for size in sizes if size.casefold() in (named[0].casefold(), named[0][:1].casefold())]):
        response = "utter_size_there" if same[0] in there else "utter_size_sold_out"
        say["size"] = same[0]
    turn.say(response, **say)
    return [SlotSet("focus", product.id)]


@action
def action_compare(turn: Turn) -> Events:
    """Two or three products side by side, from the catalogue's facts alone."""
    products = [pointing.product_of(turn, id_) for id_ in compared(turn)]
    if len(products) < 2:
        raise Unclear("utter_compare_what" if pointing.shown_ids(turn) else "utter_no_list")
    cheapest = min(products, key=lambda product: product.price_minor)
    dearest = max(products, key=lambda product: product.price_minor)
    columns = [product.title for product in products]
    table = {"columns": columns, "rows": [row for name in ROWS if (row := row_of(turn, name, products))]}
    gap = turn.money(dearest.price_minor - cheapest.price_minor, cheapest.currency)
    payload = {"comparison": table, "products": listing.plain_cards(turn, products, "chat_compare")}
    same = cheapest.price_minor == dearest.price_minor
    if (way := turn.entity("comparison")) and way not in ("cheaper", "dearer"):
        turn.say("utter_compared_by_eye", payload, comparison=SAID_AS.get(way, way))
    else:
        turn.say("utter_compared_same_price" if same else "utter_compared", payload, title=cheapest.title, gap=gap)
    return listing.remembered(payload["products"], "similar", {}, "", products[0].id, 0)


def compared(turn: Turn) -> list[int]:
    """The products to compare: places in the list, names, or what is on the screen."""
    named = pointing.positions(turn) if pointing.shown_ids(turn) else []
    titles = [str(entity["value"]) for entity in turn.entities if entity["entity"] == "product" and entity.get("role") != "not"]
    named += [id_ for title in titles if (id_ := turn.recommender.resolve(title)) is not None]
    named = named or by_description(turn)
    shown = pointing.shown_ids(turn)
    number = NUMBER.search(turn.text)
    count = 3 if number and number["three"] else 2
    if number and len(named) <= 1:  # "the first two"
        named = shown[:count]
    if len(named) == 1 and turn.slot("focus") and turn.slot("focus") not in named:  # "compare it with the second"
        named = [turn.slot("focus"), *named]
    return list(dict.fromkeys(named or shown[:count]))[:AT_MOST]


def by_description(turn: Turn) -> list[int]:
    """ "The stoneware and the enamel mug": for each of two or more materials, colours, brands, sizes or kinds named, the first of those
    shown that has it, else the catalogue's best; nothing when there is no such choice of words."""
    wishes = asking.wishes_of(turn)
    for kind in (*pointing.ATTRIBUTES, "category"):
        field = asking.FIELDS[kind]
        if len(wishes.get(field, ())) < 2:
            continue
        found = {value: best_with(turn, {**wishes, field: [value]}) for value in wishes[field]}
        if missing := [value for value, id_ in found.items() if id_ is None]:
            kinds = wishes.get("categories", []) if field != "categories" else []
            raise Unclear("utter_compare_not_there", thing=" ".join([missing[0], *kinds[:1]]).lower())
        return [id_ for id_ in found.values() if id_ is not None]
    return []


def best_with(turn: Turn, wishes: asking.Wishes) -> int | None:
    for product in pointing.shown(turn):
        if looking.fits(product, wishes) and things.of_a_kind(product, wishes.get("categories", [product.category_path])):
            return product.id
    answer = listing.find(turn, "search", wishes)
    return answer.items[0].item if answer.items and not answer.relaxed else None


def row_of(turn: Turn, name: str, products: Sequence[Product]) -> dict[str, object] | None:
    """One line of the comparison; None when the catalogue says nothing about it."""
    if name == "price":
        values = [turn.money(product.price_minor, product.currency) for product in products]
    elif name == "stock":
        values = [speaking.stock_level(product.stock) for product in products]
    else:
        values = [str(getattr(product, name)) for product in products]
    return {"name": name, "values": values} if any(values) else None


def variant_meant(turn: Turn) -> Product:
    """The product the question is about; of its variants, the one in the colour and size named."""
    product = pointing.product_of(turn, looking.wanted(turn))
    wishes = {field: values for field, values in asking.wishes_of(turn).items() if field in ("colours", "sizes")}
    if not wishes or looking.fits(product, wishes):
        return product
    with turn.store.read() as session:
        fitting = [variant for variant in catalogue.variants(session, product) if looking.fits(variant, wishes)]
    if not fitting:
        raise Unclear("utter_no_such_variant", title=product.title)
    return max(fitting, key=lambda variant: variant.stock > 0)
