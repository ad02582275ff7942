"""One customer's message, as an action sees it."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from shop.money import format_minor
from shop.settings import Settings
from shop.store import Store

if TYPE_CHECKING:
    from actions.runtime import Runtime
    from recommender.contract import Ask
    from recommender.facade import Recommender

Events = list[dict[str, Any]]


class Unclear(Exception):
    """The customer has to say more: the response that asks for it, with its values, or only events when a form will ask."""

    def __init__(self, response: str, events: Events | None = None, **values: Any) -> None:
        super().__init__(response)
        self.response, self.events, self.values = response, events or [], values


class Turn:
    """Who says what, and how to answer.

    The customer is known from the message's metadata alone, which the gateway made from the session; what slots or text claim proves
    nothing. Raises KeyError when the metadata is missing: no action runs for nobody.
    """

    def __init__(self, dispatcher: CollectingDispatcher, tracker: Tracker, runtime: Runtime) -> None:
        message = tracker.latest_message
        who = message["metadata"]
        self.customer_id: int = who["customer_id"]
        self.signed_in: bool = who["signed_in"]
        self.conversation_id: str = who["conversation_id"]
        self.message_id: str = who["message_id"]
        self.text: str = message.get("text") or ""
        self.intent: str = (message.get("intent") or {}).get("name") or ""
        self.confidence: float = (message.get("intent") or {}).get("confidence") or 0.0
        self.entities: list[dict[str, Any]] = message.get("entities") or []
        self.ranking: list[dict[str, Any]] = message.get("intent_ranking") or []
        self.doubt: str | None = message.get("doubt")
        self.idle: int = who.get("idle") or 0  # seconds since the customer last wrote
        self.slots: dict[str, Any] = tracker.slots
        self.active_loop: str | None = (tracker.active_loop or {}).get("name")
        self._dispatcher, self._runtime = dispatcher, runtime

    @property
    def settings(self) -> Settings:
        return self._runtime.settings

    @property
    def store(self) -> Store:
        return self._runtime.store

    @property
    def recommender(self) -> Recommender:
        return self._runtime.recommender

    @cached_property
    def wanting(self) -> Ask:
        """What is known of the customer; as of this action's first question about it."""
        return self.recommender.ask_for(self.customer_id)

    def key(self, action: str) -> str:
        """The idempotency key of a change: the same when the message is delivered again."""
        return f"{self.message_id}:{action}"

    def slot(self, name: str) -> Any:
        return self.slots.get(name)

    def entity(self, name: str) -> Any:
        """The first value, or None."""
        return next((entity["value"] for entity in self.entities if entity["entity"] == name), None)

    def part(self, start: int, end: int) -> Turn:
        """The same turn as if only this stretch of the message had been said."""
        said = copy(self)
        said.text = self.text[start:end]
        inside = [entity for entity in self.entities if "start" in entity and start <= entity["start"] and entity["end"] <= end]
        said.entities = [{**entity, "start": entity["start"] - start, "end": entity["end"] - start} for entity in inside]
        return said

    def text_without(self, entities: Iterable[dict[str, Any]], instead: str = " ") -> str:
        """The message with `instead` in place of these of its entities; those without a place in it (a pressed card's) change nothing."""
        text = self.text
        for entity in sorted((entity for entity in entities if "start" in entity), key=lambda entity: -entity["start"]):
            text = text[: entity["start"]] + instead + text[entity["end"] :]
        return text

    def say(self, response: str, payload: dict[str, Any] | None = None, **values: Any) -> None:
        """Utters a response of domain.yml with these values; `payload`: what the browser draws beside it (products, cart, order)."""
        self._dispatcher.utter_message(response=response, json_message=payload, **values)

    def say_again(self, text: str, payload: dict[str, Any]) -> None:
        """Repeats what the bot said before."""
        self._dispatcher.utter_message(text=text, json_message=payload)

    def money(self, minor: int, currency: str = "") -> str:
        return format_minor(minor, currency or self.settings.currency, self.settings.locale)

    def date(self, at: datetime | None) -> str:
        """ "Tuesday 4 March"; empty for None."""
        return format_date(at.date(), "EEEE d MMMM", locale=self.settings.locale) if at else ""


def ask_confirmation(kind: str, say: dict[str, Any], show: dict[str, Any] | None = None, **details: Any) -> Events:
    """Events that put the question `utter_confirm_<kind>`, filled with `say`, beside `show`. After a yes, the function that is
    registered for `kind` is called with `{"kind", "say", "show", **details}`."""
    pending = {"kind": kind, "say": say, "show": show, **details}
    return [SlotSet("pending", pending), FollowupAction("action_ask_confirmation")]


def left_form(turn: Turn) -> Events:
    return [ActiveLoop(None), SlotSet("requested_slot", None)] if turn.active_loop else []
