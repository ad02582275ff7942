"""Passing the conversation on to a person."""

from __future__ import annotations

from actions.confirming import left_form
from actions.running import action
from actions.turn import Events, Turn
from shop import conversations


@action
def action_talk_to_person(turn: Turn) -> Events:
    with turn.store.write() as session:
        new = conversations.request_person(session, turn.conversation_id)
    turn.say("utter_person_requested" if new else "utter_person_already")
    return left_form(turn)
