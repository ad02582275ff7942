"""Passing the conversation on to a person."""

from __future__ import annotations

from actions.running import action
from actions.turn import Events, Turn, left_form
from shop import conversations, desk, desk_texts


@action
def action_talk_to_person(turn: Turn) -> Events:
    ask_for_person(turn)
    return left_form(turn)


def ask_for_person(turn: Turn) -> None:
    """Puts the conversation into the queue, and says what happens and how long it may take."""
    with turn.store.write() as session:
        outlook = desk.outlook(session, turn.settings)
        new = conversations.request_person(session, turn.conversation_id, turn.message_id, outlook.opens_at is not None)
    happens = desk_texts.what_happens(outlook, turn.settings.locale)
    turn.say("utter_person_requested" if new else "utter_person_already", happens=happens)
