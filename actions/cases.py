"""Things a person has to look into: what is wrong with an order, a complaint, trouble with the site. Said is only what was stored."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet

from actions import speaking, wording
from actions.person import ask_for_person
from actions.running import action, when_confirmed
from actions.turn import Events, Turn, Unclear, ask_confirmation, left_form
from shop import cases
from shop.models import Order
from shop.numbers import normalise
from shop.orders import OrderStatus

# What a customer may report of an order, as a goal of `finding`; the case is of the same kind.
OF_ORDERS = ("damaged", "wrong_item", "missing", "price_dispute", "duplicate_charge")
# Intent -> the kind of case that is offered, on a yes.
OFFERED = {"site_trouble": "site", "payment_problem": "payment", "complain": "complaint"}
LISTED = 3
_CASE_NUMBER = re.compile(r"\bCS[\s-]*[A-Z0-9]{4}[\s-]*[A-Z0-9]{4}\b", re.IGNORECASE)


def report(kind: str, turn: Turn, order: Order, status: OrderStatus) -> Events:
    """Opens the case, unless the order's own state answers: what has not arrived is not damaged, what is not late is not lost."""
    card = speaking.order_payload(turn, order, status)
    if kind in ("damaged", "wrong_item", "missing") and order.status in ("processing", "cancelled"):
        turn.say(f"utter_order_{order.status}", card, number=order.number, expected=turn.date(order.expected_at))
        return []
    if kind == "missing" and order.status == "shipped" and not status.late:
        turn.say("utter_not_missing_yet", card, number=order.number, expected=turn.date(order.expected_at))
        return []
    said = turn.slot("said") or turn.text
    with turn.store.write() as session:
        case, new = cases.open_case(session, turn.customer_id, kind, said, turn.key(f"case_{kind}"), turn.conversation_id, order.id)
    turn.say(f"utter_case_{kind}" if new else "utter_case_known", case=case.number, number=order.number)
    return [SlotSet("said", None)]


def story(turn: Turn) -> str:
    """What is wrong with the order, in the customer's own words so far."""
    before = turn.slot("said") if turn.active_loop == "order_form" else None
    return f"{before}\n{turn.text}" if before and before != turn.text else turn.text


def order_first(turn: Turn) -> Events:
    """More of the story while the order is being asked for; where a report will be made of it, it is kept for that."""
    reported = turn.slot("goal") in OF_ORDERS
    turn.say("utter_noted_order_first" if reported else "utter_order_first")
    return [SlotSet("said", story(turn))] if reported else []


@action
def action_complain(turn: Turn) -> Events:
    """A complaint that tells something is offered to be passed on as it stands; otherwise the customer is asked to tell."""
    if wording.tells(turn.text):
        return action_report(turn)
    turn.say("utter_complain")
    return [*left_form(turn), SlotSet("complaint_text", None), FollowupAction("complaint_form")]


@action
def action_file_complaint(turn: Turn) -> Events:
    """The form has asked what went wrong."""
    events = open_report(turn, "complaint", turn.slot("complaint_text"))
    return [*events, SlotSet("complaint_text", None)]


@action
def action_report(turn: Turn) -> Events:
    kind = OFFERED[turn.intent]
    return [*left_form(turn), *ask_confirmation(f"report_{kind}", {}, text=turn.text)]


def open_report(turn: Turn, kind: str, text: str) -> Events:
    with turn.store.write() as session:
        case, _ = cases.open_case(session, turn.customer_id, kind, text, turn.key(f"case_{kind}"), turn.conversation_id)
    turn.say("utter_case_opened", case=case.number)
    return []


@when_confirmed("report_complaint")
def report_complaint(turn: Turn, pending: dict[str, Any]) -> Events:
    return open_report(turn, "complaint", pending["text"])


@when_confirmed("report_site")
def report_site(turn: Turn, pending: dict[str, Any]) -> Events:
    return open_report(turn, "site", pending["text"])


@when_confirmed("report_payment")
def report_payment(turn: Turn, pending: dict[str, Any]) -> Events:
    return open_report(turn, "payment", pending["text"])


@when_confirmed("report_account")
def report_account(turn: Turn, pending: dict[str, Any]) -> Events:
    return open_report(turn, "account", pending["text"])


@when_confirmed("talk_to_person")
def talk_to_person(turn: Turn, _: dict[str, Any]) -> Events:
    ask_for_person(turn)
    return []


@action
def action_cases(turn: Turn) -> None:
    """Where the customer's own cases stand: the one named, or the newest ones."""
    with turn.store.read() as session:
        found = cases.cases_of(session, turn.customer_id)
    if named := _CASE_NUMBER.search(turn.text):
        found = [case for case in found if case.number == normalise(named.group())]
    if not found:
        raise Unclear("utter_no_case")
    for case in found[:LISTED]:
        turn.say(f"utter_case_{case.state}", case=case.number, opened=turn.date(case.opened_at), resolved=turn.date(case.resolved_at))
