"""Questions whose answer is one response with the shop's own numbers in it. A new one needs an intent, a rule and a response
`utter_<intent>`; the values below are there for all of them. Where the policies may leave something out, the answer has a second
response for that (`WITHOUT`): nothing is offered that the shop does not have."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rasa_sdk.events import SlotSet

from actions import cart, pointing, speaking
from actions.running import action
from actions.turn import Events, Turn, Unclear
from shop import policies
from shop.models import Product
from shop.policies import DeliveryOption, Policies

# Intent -> whether the policies have what is asked for; where not, the response is `utter_<intent>_none`.
WITHOUT: dict[str, Callable[[Policies], Any]] = {
    "ask_express_delivery": lambda shop: standard_and_express(shop),
    "ask_delivery_time": lambda shop: standard_and_express(shop),
    "ask_free_delivery": lambda shop: usual(shop).name == "standard" and usual(shop).free_from,
    "ask_delivery_cost": lambda shop: standard_and_express(shop) and usual(shop).free_from,
    "ask_discount_code": lambda shop: usual(shop).name == "standard" and usual(shop).free_from,
    "ask_cancellation_fee": lambda shop: shop.cancellation.fee,
    "ask_stores": lambda shop: shop.stores,
    "ask_gift_card": lambda shop: shop.gift_cards.offered,
    "ask_gift_wrap": lambda shop: shop.gift_wrapping.offered,
    "ask_price_match": lambda shop: shop.price_matching.offered,
    "manage_subscription": lambda shop: shop.subscriptions.offered,
    "promo_code_problem": lambda shop: shop.discount_codes.accepted,
    "contact_service": lambda shop: shop.contact.phone,
    "create_account": lambda shop: shop.account.sign_up_page,
    "registration_problem": lambda shop: shop.account.sign_up_page,
    "recover_password": lambda shop: shop.account.password_page,
    "ask_privacy": lambda shop: shop.privacy.page,
}


BY_COUNTRY = {"ask_delivery_cost", "ask_delivery_time", "ask_express_delivery", "ask_free_delivery"}
TOTALS = {"ask_delivery_cost"}  # asked of one thing, or of the whole cart: what it comes to
OF_ONE = ("utter_price_delivered", "utter_price_delivered_free")
OF_THE_CART = ("utter_cart_delivered", "utter_cart_delivered_free")
FOR_SEVERAL = re.compile(
    rf"\bfor (?P<number>\d{{1,2}}|{'|'.join(pointing.NUMBER_WORDS)})\b(?! (?:days?|weeks?|people|persons|pounds|quid|euros?|one)\b)",
    re.IGNORECASE,
)
ALL_OF_IT = re.compile(r"\b(?:all|everything|altogether|in total|(?:my|the) (?:cart|basket|trolley|bag))\b", re.IGNORECASE)

# Intent -> the page of the shop that the answer leads to, where there is one: the link's title and its name in `facts`.
PAGES = {
    "create_account": ("Open an account", "sign_up_page"),
    "registration_problem": ("Open an account", "sign_up_page"),
    "recover_password": ("Set a new password", "password_page"),
    "ask_privacy": ("Our privacy notice", "privacy_page"),
}


@action
def action_answer_question(turn: Turn) -> Events:
    """A thing that the question points at is what "it" means from then on."""
    if turn.intent == "ask_free_delivery" and WITHOUT[turn.intent](policies.current()) and (content := cart.carted(turn)).lines:
        return to_free_delivery(turn, content.subtotal_minor)
    if turn.intent in BY_COUNTRY and (country := turn.entity("country")) and country not in policies.current().delivery.countries:
        return answer(turn, "ask_delivery_countries")
    about, number = pointed_at(turn), counted(turn)
    if about is None and number and turn.slot("focus") and turn.intent in TOTALS:
        about = pointing.product_of(turn, turn.slot("focus"))
    if turn.intent not in TOTALS or not standard_and_express(policies.current()):
        answer(turn, turn.intent)
    elif about is not None:
        title = f"{number} x {about.title}" if number > 1 else about.title
        with_delivery(turn, about.price_minor * max(number, 1), OF_ONE, title=title)
    elif ALL_OF_IT.search(turn.text) and (content := cart.carted(turn)).lines:
        with_delivery(turn, content.subtotal_minor, OF_THE_CART)
    else:
        answer(turn, turn.intent)
    return [SlotSet("focus", about.id)] if about is not None else []


def counted(turn: Turn) -> int:
    """ "How much for two with postage": how many it is about, 0 when the message does not say."""
    found = FOR_SEVERAL.search(turn.text)
    word = found["number"].casefold() if found else "0"
    return int(word) if word.isdecimal() else pointing.NUMBER_WORDS[word]


def pointed_at(turn: Turn) -> Product | None:
    """The product that the message names by its place or its title; of a list that is too short, none. Gift wrap is also something the
    shop sells, and not what is meant by whoever asks for wrapping."""
    try:
        said = pointing.by_place_or_title(turn) if turn.intent != "ask_gift_wrap" or turn.entity("ordinal") else None
        return None if said is None else pointing.product_of(turn, said)
    except Unclear:
        return None


def to_free_delivery(turn: Turn, minor: int) -> Events:
    """ "What would I need to add for free delivery?", of the cart as it is."""
    missing = (usual(policies.current()).free_from or 0) - minor
    response = "utter_free_delivery_missing" if missing > 0 else "utter_cart_delivered_free"
    turn.say(response, **facts(turn), price=turn.money(minor), missing=turn.money(max(missing, 0)))
    return []


def with_delivery(turn: Turn, minor: int, responses: tuple[str, str], **values: str) -> None:
    """ "How much is the second one including delivery?" """
    standard = usual(policies.current())
    free = bool(standard.free_from) and minor >= standard.free_from
    say = {**facts(turn), **values, "price": turn.money(minor), "total": turn.money(minor if free else minor + standard.cost)}
    turn.say(responses[free], **say)


def answer(turn: Turn, intent: str) -> Events:
    shop = policies.current()
    there = intent not in WITHOUT or WITHOUT[intent](shop)
    values = facts(turn)
    title, page = PAGES.get(intent, ("", ""))
    url = values.get(page)
    turn.say(f"utter_{intent}" if there else f"utter_{intent}_none", speaking.link(title, url) if url else None, **values)
    return []


def facts(turn: Turn) -> dict[str, Any]:
    shop = policies.current()
    standard, express = usual(shop), quickest(shop)
    return {
        "shop_name": turn.settings.shop_name,
        "standard_days": days(standard),
        "standard_cost": turn.money(standard.cost),
        "express_days": days(express),
        "express_cost": turn.money(express.cost),
        "free_from": turn.money(standard.free_from or 0),
        "delivery_options": "; ".join(described(turn, option) for option in shop.delivery.options),
        "countries": listed(shop.delivery.countries),
        "payment_methods": listed(shop.payment.methods),
        "cancellation_fee": turn.money(shop.cancellation.fee),
        "return_cost": turn.money(shop.returns.cost) if shop.returns.cost else "nothing",
        "return_days": shop.returns.days,
        "refund_days": shop.returns.refund_days,
        "service_email": shop.contact.email,
        "service_phone": shop.contact.phone,
        "service_hours": shop.contact.hours,
        "stores": "; ".join(f"{store.name}, {store.address} ({store.hours})" for store in shop.stores),
        "gift_card_amounts": listed([turn.money(amount) for amount in shop.gift_cards.amounts]),
        "gift_cards_how": shop.gift_cards.how,
        "gift_wrap_cost": turn.money(shop.gift_wrapping.cost) if shop.gift_wrapping.cost else "free of charge",
        "gift_wrap_how": shop.gift_wrapping.how,
        "price_matching_how": shop.price_matching.how,
        "subscriptions_how": shop.subscriptions.how,
        "privacy_page": shop.privacy.page,
        **shop.account.model_dump(),
    }


def usual(shop: Policies) -> DeliveryOption:
    return shop.delivery.options[0]


def standard_and_express(shop: Policies) -> bool:
    """Whether these two are the ways of delivery, so that answers may call them so."""
    return [option.name for option in shop.delivery.options] == ["standard", "express"]


def quickest(shop: Policies) -> DeliveryOption:
    """The fastest of the others; the usual one where there is no other."""
    return min(shop.delivery.options[1:] or shop.delivery.options, key=lambda option: option.days_max)


def described(turn: Turn, option: DeliveryOption) -> str:
    """ "Standard delivery: 3 to 5 working days, £3.95, free from £50.00"."""
    cost = turn.money(option.cost) if option.cost else "free"
    free = f", free from {turn.money(option.free_from)}" if option.free_from else ""
    return f"{option.title}: {days(option)} working days, {cost}{free}"


def days(option: DeliveryOption) -> str:
    return f"{option.days_min} to {option.days_max}" if option.days_min != option.days_max else str(option.days_max)


def listed(names: Any) -> str:
    """ "card, PayPal and bank transfer"."""
    *most, last = names or ("",)
    return f"{', '.join(most)} and {last}" if most else last
