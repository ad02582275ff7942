"""The dialogue state as text: the slots exactly, and of the past what rules, forms and memoization look at.

Texts, bot messages, metadata and parse results are left out: the gateway's log has them, and nothing here needs them. The text is
"1:" and base64 of compressed JSON.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, ConversationPaused, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.rasa.tracker import RecordingTracker

VERSION = "1:"
TURNS = 4  # more than any memoized story or conversation-start rule looks back
TURNS_IN_FORM = 20  # a form keeps its beginning, up to this many turns
MAX_BYTES = 1 << 20


class BadState(ValueError):
    """The text is not a state that `dump` wrote."""


def dump(tracker: DialogueStateTracker, domain: Domain) -> str:
    events = tracker.events_after_latest_restart()
    cut = _cut(events)
    kept = [*_head(events[:cut], domain), *events[cut:]] if cut else events
    return _pack([slim for event in kept if (slim := _slim(event))])


def load(text: str | None, conversation_id: str, domain: Domain) -> DialogueStateTracker:
    """The tracker as it was, without slots, forms and actions that the domain no longer knows; empty for None.

    Raises:
        BadState: the text was not written by `dump`.
    """
    tracker = RecordingTracker(conversation_id, domain)
    for entry in _unpack(text) if text else ():
        try:
            event = Event.from_parameters(entry)
        except Exception as error:
            raise BadState(f"an event of the state cannot be read ({type(error).__name__})") from None
        if event is not None and _known(event, domain):
            tracker.update(event, domain)
    return tracker


def _pack(entries: list[dict[str, Any]]) -> str:
    content = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    return VERSION + base64.b64encode(zlib.compress(content.encode(), 6)).decode()


def _unpack(text: str) -> list[dict[str, Any]]:
    if not text.startswith(VERSION):
        raise BadState("the state is of another version")
    try:
        inflate = zlib.decompressobj()
        content = inflate.decompress(base64.b64decode(text[len(VERSION) :], validate=True), MAX_BYTES)
        entries = json.loads(content)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise BadState(f"the state cannot be read ({type(error).__name__})") from None
    if inflate.unconsumed_tail or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadState("the state is not a list of events")
    return entries


def _known(event: Event, domain: Domain) -> bool:
    if isinstance(event, SlotSet):
        return event.key in _names(domain)
    if isinstance(event, ActiveLoop):
        return event.name is None or event.name in domain.form_names
    if isinstance(event, ActionExecuted):
        return event.action_name in domain.action_names_or_texts
    return True


def _names(domain: Domain) -> set[str]:
    return {slot.name for slot in domain.slots}


def _cut(events: list[Event]) -> int:
    """Where the kept part begins: at a user's message, and before the form that is now active was started."""
    starts = [k for k, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(starts) <= TURNS:
        return 0
    cut = starts[-TURNS]
    activated = _activation(events)
    if activated is not None and activated < cut:
        before = [start for start in starts[-TURNS_IN_FORM:] if start <= activated]
        cut = before[-1] if before else starts[-TURNS_IN_FORM:][0]
    return cut


def _activation(events: list[Event]) -> int | None:
    """Where the form that is active at the end was started."""
    for k in range(len(events) - 1, -1, -1):
        event = events[k]
        if isinstance(event, ActiveLoop):
            return k if event.name else None
    return None


def _head(dropped: list[Event], domain: Domain) -> list[Event]:
    """Events that bring a new tracker to where `dropped` would: slots, active form, pause, and listening."""
    past = DialogueStateTracker.from_events("", dropped, domain.slots)
    initial = {slot.name: slot.initial_value for slot in domain.slots}
    head: list[Event] = [SlotSet(name, slot.value) for name, slot in past.slots.items() if slot.value != initial.get(name)]
    if past.active_loop_name:
        head.append(ActiveLoop(past.active_loop_name))
    if past.is_paused():
        head.append(ConversationPaused())
    return [*head, ActionExecuted(ACTION_LISTEN_NAME)]


def _slim(event: Event) -> dict[str, Any] | None:
    if isinstance(event, BotUttered):
        return None
    if isinstance(event, UserUttered):
        intent = {key: event.intent[key] for key in ("name", "full_retrieval_intent_name") if event.intent.get(key)}
        entities = [{key: entity[key] for key in ("entity", "value", "role", "group") if key in entity} for entity in event.entities]
        return {"event": "user", "timestamp": round(event.timestamp), "parse_data": {"intent": intent, "entities": entities}}
    slim = {key: value for key, value in event.as_dict().items() if value is not None and key not in _NEEDLESS}
    if not slim.get("hide_rule_turn", True):
        del slim["hide_rule_turn"]
    if isinstance(event, SlotSet | ActiveLoop):
        slim["value" if isinstance(event, SlotSet) else "name"] = event.value if isinstance(event, SlotSet) else event.name
    return slim


_NEEDLESS = {"timestamp", "metadata", "policy", "confidence"}

EMPTY = _pack([])  # a conversation that has not begun
