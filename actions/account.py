"""The customer's account: what of it is kept here, and where on the shop's own pages the rest is done."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet

from actions import speaking
from actions.questions import facts
from actions.running import action, when_confirmed
from actions.turn import Events, Turn, ask_confirmation, left_form
from shop import accounts, policies
from shop.models import Customer

ADDRESS_SLOTS = ("address_line", "city", "postcode")


@action
def action_edit_account(turn: Turn) -> Events:
    """Shows what is kept. The address can be changed here; the rest on the shop's page, or by a person who gets it as a case."""
    customer = signed_in_customer(turn)
    if customer is None:
        return ask_to_sign_in(turn, "utter_account_sign_in")
    turn.say(
        "utter_account",
        name=customer.name or "-",
        email=customer.email or "-",
        address=speaking.address_line(customer.address) or "-",
    )
    if page := policies.current().account.details_page:
        turn.say("utter_account_page", speaking.link("Your account", page))
        return []
    return [*left_form(turn), *ask_confirmation("report_account", {}, text=turn.text)]


@action
def action_switch_account(turn: Turn) -> Events:
    customer = signed_in_customer(turn)
    if customer is None:
        return ask_to_sign_in(turn, "utter_switch_account_sign_in")
    turn.say("utter_switch_account", name=customer.name or customer.email or "-")
    return []


@action
def action_set_address(turn: Turn) -> Events:
    """Asks for the address to keep in the account."""
    if signed_in_customer(turn) is None:
        return ask_to_sign_in(turn, "utter_set_address_sign_in")
    return [*(SlotSet(slot, None) for slot in ADDRESS_SLOTS), SlotSet("address_for", "account"), FollowupAction("address_form")]


def confirm_address(turn: Turn) -> Events:
    """The form has asked for the address."""
    customer = signed_in_customer(turn)
    if customer is None:  # signed out half-way
        return ask_to_sign_in(turn, "utter_set_address_sign_in")
    address = {
        "name": customer.address.get("name") or customer.name,
        "line1": turn.slot("address_line"),
        "city": turn.slot("city"),
        "postcode": turn.slot("postcode"),
        "country": customer.address.get("country", ""),
    }
    return ask_confirmation("set_address", {"address": speaking.address_line(address)}, address=address)


@when_confirmed("set_address")
def set_address(turn: Turn, pending: dict[str, Any]) -> Events:
    with turn.store.write() as session:
        customer = accounts.set_address(session, turn.customer_id, pending["address"])
    turn.say("utter_address_kept", address=speaking.address_line(customer.address))
    return [SlotSet("address_for", None)]


def signed_in_customer(turn: Turn) -> Customer | None:
    if not turn.signed_in:
        return None
    with turn.store.read() as session:
        return session.get(Customer, turn.customer_id)


def ask_to_sign_in(turn: Turn, response: str) -> Events:
    page = policies.current().account.sign_in_page
    turn.say(response, speaking.link("Sign in", page) if page else None, **facts(turn))
    return left_form(turn)
