"""The register of actions, and how one is run."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

import actions
from actions import asides
from actions.turn import Events, Turn, Unclear
from shop.errors import ShopError

if TYPE_CHECKING:
    from actions.runtime import Runtime

ACTIONS: dict[str, Callable[[Turn], Events | None]] = {}
CONFIRMED: dict[str, Callable[[Turn, dict[str, Any]], Events | None]] = {}
DECLINED: dict[str, Callable[[Turn, dict[str, Any]], Events | None]] = {}

# What the customer hears when the shop refuses. A refusal that is not listed is a fault of ours and fails the action.
REFUSALS = {
    "no_such_product": "utter_no_such_product",
    "not_in_cart": "utter_not_in_cart",
    "too_many": "utter_too_many",
    "empty_cart": "utter_cart_empty",
    "not_cancellable": "utter_cannot_cancel",
    "not_changeable": "utter_cannot_change",
    "last_line": "utter_order_unchanged",
    "bad_email": "utter_bad_email",
}


class UnknownAction(LookupError):
    """The domain names an action that no module defines."""


def action(function: Callable[[Turn], Events | None]) -> Callable[[Turn], Events | None]:
    """Registers a function as the action of its own name. It returns the events of the turn, or None."""
    ACTIONS[function.__name__] = function
    return function


def when_declined(kind: str):
    """Registers what is done when the customer has said no to `ask_confirmation(kind, ...)`; without it, nothing is."""

    def register(function: Callable[[Turn, dict[str, Any]], Events | None]):
        DECLINED[kind] = function
        return function

    return register


def when_confirmed(kind: str):
    """Registers what is done when the customer has said yes to `ask_confirmation(kind, ...)`."""

    def register(function: Callable[[Turn, dict[str, Any]], Events | None]):
        CONFIRMED[kind] = function
        return function

    return register


def load() -> None:
    """Imports every module of the package, so that all actions are registered."""
    for module in pkgutil.iter_modules(actions.__path__):
        if module.name != "__main__":
            importlib.import_module(f"actions.{module.name}")


def run(call: dict[str, Any], runtime: Runtime) -> dict[str, Any]:
    """Runs one action call of Rasa's webhook format: `{"next_action", "tracker"}` in, `{"events", "responses"}` out.

    A refusal of the shop and an unclear wish are answers. Everything else that goes wrong raises: nothing is said then, and the
    gateway apologises. Raises UnknownAction.
    """
    name = call["next_action"]
    if name not in ACTIONS:
        raise UnknownAction(name)
    dispatcher = CollectingDispatcher()
    turn = Turn(dispatcher, Tracker.from_dict(call["tracker"]), runtime)
    events = answered(turn, lambda: ACTIONS[name](turn))
    events = [*events, *asides.counted(turn, name, events)]
    return {"events": events, "responses": dispatcher.messages}


def answered(turn: Turn, act: Callable[[], Events | None]) -> Events:
    """The events of `act`, with the expected ways to fail turned into answers."""
    try:
        return act() or []
    except Unclear as unclear:
        if unclear.response:
            turn.say(unclear.response, **unclear.values)
        return unclear.events
    except ShopError as refusal:
        refuse(turn, refusal)
        return []


def refuse(turn: Turn, refusal: ShopError) -> None:
    """Says why not. Raises the refusal again when there are no words for it."""
    if refusal.code == "out_of_stock":
        left = refusal.fields["available"]
        turn.say("utter_not_enough_stock" if left else "utter_out_of_stock", **refusal.fields)
    elif refusal.code in REFUSALS:
        turn.say(REFUSALS[refusal.code], **refusal.fields)
    else:
        raise refusal
