"""The yes and the no to a change that the bot has described. Which change: the slot `pending`, see `turn.ask_confirmation`."""

from __future__ import annotations

import re

from rasa_sdk.events import FollowupAction, SlotSet

from actions import cart, pointing
from actions.running import CONFIRMED, DECLINED, action, answered
from actions.turn import Events, Turn, Unclear, left_form


@action
def action_ask_confirmation(turn: Turn) -> Events:
    pending = turn.slot("pending")
    if not pending and turn.active_loop:  # which puts its own question
        return []
    if not pending and turn.slot("focus") and SO_MANY.fullmatch(turn.text.strip()):
        return cart.add(turn, turn.slot("focus"), pointing.quantity(turn) or 1)
    if not pending and (choices := (turn.slot("unclear") or {}).get("choices")):  # "yes", to "which of the two?"
        turn.say("utter_which_meaning", {"quick_replies": [f"utter_meaning_{name}" for name in (*choices, "other")]})
        return []
    if not pending:
        raise Unclear("utter_nothing_to_confirm")
    turn.say(f"utter_confirm_{pending['kind']}", pending["show"], **pending["say"])
    return []


SURE = 0.75  # "hmm" and "?" are no orders
STALE = 6 * 3600  # seconds of silence after which a yes may mean something else
# "Ok, 2 then", of the thing looked at; "no, 3", of what is in the cart.
SO_MANY = re.compile(
    r"\w+[,.!]?\s+(?:(?:make (?:it|that)|just|only|i'?ll (?:take|have))\s+)?\d{1,2}(?:\s+(?:then|please|pls|of (?:them|those)))*[.!]?",
    re.IGNORECASE,
)
NODS = frozenset("👍👌✅🆗💯")


@action
def action_confirmed(turn: Turn) -> Events:
    """Does what was described, when the yes is a clear one. Whatever comes of it, the question is settled."""
    pending = turn.slot("pending")
    if not pending:
        raise Unclear("utter_nothing_to_confirm")
    if not clear_yes(turn) or turn.idle > STALE:
        return [FollowupAction("action_ask_confirmation")]
    events = answered(turn, lambda: CONFIRMED[pending["kind"]](turn, pending))
    return [SlotSet("pending", None), *events]


@action
def action_declined(turn: Turn) -> Events:
    """Nothing is done; a form that was being filled in is left."""
    pending = turn.slot("pending")
    settled = [*left_form(turn), SlotSet("pending", None), SlotSet("goal", None)]
    if not pending and not turn.active_loop and SO_MANY.fullmatch(turn.text.strip()) and cart.carted(turn).lines:
        return cart.action_change_cart_quantity(turn)
    if pending and pending["kind"] in DECLINED:
        return [*settled, *answered(turn, lambda: DECLINED[pending["kind"]](turn, pending))]
    turn.say("utter_declined" if pending or turn.active_loop else "utter_deny")
    return settled


def clear_yes(turn: Turn) -> bool:
    if not any(c.isalpha() for c in turn.text):
        return bool(NODS & set(turn.text))
    return turn.confidence >= SURE
