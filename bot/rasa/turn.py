"""One turn of a conversation: restore, understand, decide, act, collect. Nothing outlives it but its answer."""

from __future__ import annotations

import asyncio
import logging
import re
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rasa.core.actions.action import Action, ActionExecutionRejection
from rasa.core.actions.loops import LoopAction
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import TrackerStore
from rasa.engine.loader import load_predict_graph_runner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME, DEFAULT_INTENTS, DEFAULT_SLOT_NAMES, REQUESTED_SLOT
from rasa.shared.core.events import ActionExecutionRejected, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException

from bot.rasa import following, naming, readings, state, wishes
from bot.rasa.actions_client import ActionFailed, ActionServer
from bot.rasa.speed import StraightRunner

logger = logging.getLogger(__name__)

FALLBACK = "nlu_fallback"
_UNSAID = {ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME}
_LEADING_SLASHES = re.compile(r"^[\s/／⁄∕]+")


@dataclass
class Turn:
    """What happens while a message is answered. Times are seconds."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    parsing: float = 0.0
    acting: float = 0.0
    running: str = ""


_turn: ContextVar[Turn] = ContextVar("turn")


class NoStore(TrackerStore):
    """Trackers live in the request. Whoever asks a store for one has taken a wrong way, and must not get an empty conversation."""

    def __init__(self) -> None:
        super().__init__(domain=None)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        raise RasaException("the Rasa server keeps no conversations")

    async def save(self, tracker: DialogueStateTracker) -> None:
        raise RasaException("the Rasa server keeps no conversations")


class _Collector(OutputChannel):
    @classmethod
    def name(cls) -> str:
        return "gateway"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        _turn.get().messages.append(message)


class TurnProcessor(MessageProcessor):
    """Rasa's processor with one change: a failing action ends the turn. (Stock logs the error and goes on uttering.)"""

    @staticmethod
    def _load_model(model_path: Path) -> tuple[str, Any, Any]:
        with tempfile.TemporaryDirectory() as unpacked:
            metadata, runner = load_predict_graph_runner(Path(unpacked), model_path, LocalModelStorage, StraightRunner)
        return model_path.name, metadata, runner

    async def _run_action(
        self, action: Action, tracker: DialogueStateTracker, output_channel: OutputChannel, nlg: Any, prediction: PolicyPrediction
    ) -> bool:
        turn, name, began = _turn.get(), action.name(), time.perf_counter()
        turn.running = name
        try:
            # Only a form may reject to run, and then what the policy said must not stay on the tracker.
            scratch = tracker.copy() if isinstance(action, LoopAction) else tracker
            scratch.update_with_events(prediction.events, self.domain)
            events = await action.run(output_channel, nlg, scratch, self.domain)
        except ActionExecutionRejection:
            if not isinstance(action, LoopAction):
                raise ActionFailed(name, "rejected") from None
            tracker.update(ActionExecutionRejected(name, prediction.policy_name, prediction.max_confidence))
            return self.should_predict_another_action(name)
        except ActionFailed:
            raise
        except Exception as error:
            raise ActionFailed(name, type(error).__name__) from error
        finally:
            turn.acting += time.perf_counter() - began
        if name not in _UNSAID:
            turn.actions.append(name)
        rejected = any(isinstance(event, ActionExecutionRejected) for event in events or ())
        if scratch is not tracker and not rejected:
            tracker.update_with_events(prediction.events, self.domain)
        if not rejected:
            tracker.update(action.event_for_successful_execution(prediction))
        tracker.update_with_events(events or [], self.domain)
        if any(isinstance(event, UserUttered) for event in events or ()):
            tracker = await self.run_action_extract_slots(output_channel, tracker)
        await self._send_bot_messages(events or [], tracker, output_channel)
        return self.should_predict_another_action(name)


class Bot:
    """A trained model, ready to answer. `actions` is where custom actions run."""

    def __init__(self, archive: Path, actions: ActionServer) -> None:
        self._actions = actions
        self.processor = TurnProcessor(
            archive, NoStore(), InMemoryLockStore(), TemplatedNaturalLanguageGenerator({}), actions, on_circuit_break=_too_many_actions
        )
        self.processor.nlg.responses = self.domain.responses
        # Rasa's own (restart, back, session_start) are no commands of ours.
        self._known_intents = set(self.domain.intents) - set(DEFAULT_INTENTS)
        self._output = _Collector()

    @property
    def domain(self) -> Any:
        return self.processor.domain

    def knows(self, intent: str) -> bool:
        return intent in self._known_intents

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer of docs/architecture.md to a request that has been checked.

        Raises:
            state.BadState: the request's state is none of ours.
        """
        began, turn = time.perf_counter(), Turn()
        _turn.set(turn)
        tracker = state.load(request["state"], request["conversation_id"], self.domain)
        failed: str | None = None
        parse = {"intent": {"name": FALLBACK, "confidence": 0.0}, "entities": []}
        parses = [parse]
        try:
            await self.processor._update_tracker_session(tracker, self._output)
            tracker.update_with_events(self._told(request), self.domain)
            metadata = {**(request.get("metadata") or {}), "message_id": request["message_id"], "idle": idle(tracker)}
            parses = self._understand(request, tracker, turn)
            parse = parses[0]
            await asyncio.wait_for(self._meet(parses, request, metadata, tracker, turn), self._actions.timeout)
        except ActionFailed as error:
            failed = error.action
            logger.error(f"message {request['message_id']}: action {error.action} failed ({error.reason})")
        except asyncio.TimeoutError:
            failed = turn.running or "action_extract_slots"
            logger.error(f"message {request['message_id']}: the turn took more than {self._actions.timeout:g} s")
        except Exception as error:
            failed = "rasa"
            logger.error(f"message {request['message_id']}: {_where(error)}")
        facts = {
            "intent": parse["intent"]["name"] or FALLBACK,
            "confidence": round(float(parse["intent"]["confidence"]), 4),
            "intent_ranking": parse.get("intent_ranking", []),
            **{name: parse.get(name) for name in ("familiarity", "out_of_scope", "doubt")},
            "entities": [entity for each in parses for entity in _placed(each)],
            "slots": _slots(tracker) if failed is None else {},
            "actions": turn.actions,
            "failed_action": failed,
        }
        if len(parses) > 1:
            facts["wishes"] = [{"intent": each["intent"]["name"], "confidence": round(each["intent"]["confidence"], 4)} for each in parses]
        answer = {
            "messages": [] if failed else [shown for message in turn.messages if (shown := bot_message(message, self.domain.responses))],
            "facts": facts,
            "state": (request["state"] or state.EMPTY) if failed else state.dump(tracker, self.domain),
        }
        total = time.perf_counter() - began
        facts["timings"] = {
            name: round(seconds * 1000, 1) for name, seconds in (("parse", turn.parsing), ("actions", turn.acting), ("total", total))
        }
        return answer

    def _told(self, request: dict[str, Any]) -> list[Event]:
        """What an agent told the bot when handing the conversation back; names that are no slots of the domain tell nothing."""
        known = {slot.name for slot in self.domain.slots} - DEFAULT_SLOT_NAMES
        return [SlotSet(name, value) for name, value in (request.get("slots") or {}).items() if name in known]

    async def _meet(
        self, parses: list[dict[str, Any]], request: dict[str, Any], metadata: dict[str, Any], tracker: DialogueStateTracker, turn: Turn
    ) -> None:
        """Answers each wish as a message of its own; the changes it makes have a key of their own."""
        for number, parse in enumerate(parses, start=1):
            message_id = request["message_id"] if number == 1 else f"{request['message_id']}:{number}"
            if parse["intent"]["name"] not in (FALLBACK, "affirm") and tracker.slots.get(readings.SLOT) and tracker.get_slot(readings.SLOT):
                tracker.update(SlotSet(readings.SLOT, None), self.domain)
            before = len(turn.messages)
            its = {**metadata, "message_id": message_id}
            said = UserUttered(parse["text"], parse["intent"], parse["entities"], parse, message_id=message_id, metadata=its)
            tracker.update(said, self.domain)
            await self._act(tracker)
            # A form that both wishes were met beside asks its question once, at the end.
            asked = {message.get("text") for message in turn.messages[before:]} - {None}
            turn.messages[:before] = [message for message in turn.messages[:before] if message.get("text") not in asked]

    async def _act(self, tracker: DialogueStateTracker) -> None:
        await self.processor.run_action_extract_slots(self._output, tracker)
        await self.processor._run_prediction_loop(self._output, tracker)

    def _understand(self, request: dict[str, Any], tracker: DialogueStateTracker, turn: Turn) -> list[dict[str, Any]]:
        """Rasa's parse data of each wish of the message. A pressed button says what is meant; everything else is plain text, slashes
        or not. The answer to "did you mean this or that?" goes on with the message that was unclear."""
        text, command = clean(request["text"]), request.get("command")
        if command:
            intent = {"name": command["intent"], "confidence": 1.0}
            entities = [{"entity": name, "value": value, "start": 0, "end": 0} for name, value in (command.get("entities") or {}).items()]
            return [{"text": text, "intent": intent, "intent_ranking": [intent], "entities": entities}]
        asked = tracker.get_slot(readings.SLOT) if readings.SLOT in tracker.slots else None
        if (choice := readings.chosen(text, asked, self.domain.responses)) is not None:
            return [readings.reading(asked, choice, FALLBACK)]
        plain = _LEADING_SLASHES.sub(lambda match: " " * len(match.group()), text)
        if not plain.strip():
            return [{"text": text, "intent": {"name": FALLBACK, "confidence": 1.0}, "intent_ranking": [], "entities": []}]
        began = time.perf_counter()
        whole = self._parse(plain)
        parses = (wishes.leaving if tracker.active_loop_name else wishes.split)(plain, whole, self._parse)
        parses[0] = following.in_context(parses[0], _topic(tracker))
        turn.parsing = time.perf_counter() - began
        return parses if len(parses) > 1 else [{**parses[0], "text": text}]

    def _parse(self, text: str) -> dict[str, Any]:
        parse = self.processor._parse_message_with_graph(UserMessage(text), DialogueStateTracker("", []))
        self.processor._update_full_retrieval_intent(parse)
        parse = {**parse, "text": text, "intent_ranking": parse.get("intent_ranking") or []}
        if self.knows(naming.SEARCH) and naming.only_names(parse):
            return naming.read_as(parse, naming.SEARCH)
        return naming.read_as(parse, naming.AVERSION) if self.knows(naming.AVERSION) and naming.wants_and_rules_out(parse) else parse


def _placed(parse: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The entities by their places in the message as it was typed; 0 to 0 when they were said in an earlier one."""
    offset = parse.get("offset", 0)
    for entity in parse["entities"]:
        plain = {key: value for key, value in entity.items() if key != "extractor"}
        if offset is None:
            plain |= {"start": 0, "end": 0}
        elif offset:
            plain |= {"start": entity["start"] + offset, "end": entity["end"] + offset}
        yield plain


def _topic(tracker: DialogueStateTracker) -> str | None:
    said = (event for event in reversed(tracker.events) if isinstance(event, UserUttered))
    return following.topic(event.intent.get("name") or "" for event in said)


def idle(tracker: DialogueStateTracker) -> int:
    """Seconds since the customer last wrote; 0 in a new conversation."""
    last = max((event.timestamp for event in tracker.events if isinstance(event, UserUttered)), default=None)
    return 0 if last is None else max(0, round(time.time() - last))


def clean(text: str) -> str:
    """NFC, without control and formatting characters (but the one that joins emoji); line breaks and tabs become spaces."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        " " if c.isspace() else c
        for c in composed
        if c.isspace() or c == "\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")
    )


def bot_message(message: dict[str, Any], responses: Mapping[str, Any]) -> dict[str, Any]:
    """A message of the contract: text, the keys of an action's json_message, and buttons as quick replies. A quick reply that is the
    name of a response says what that says."""
    shown = dict(message.get("custom") or {})
    if message.get("text"):
        shown["text"] = message["text"]
    titles = [button["title"] for button in message.get("buttons") or () if button.get("title")]
    named = (
        readings.wording(responses, reply) or reply for reply in (*(message.get("quick_replies") or ()), *shown.get("quick_replies", ()))
    )
    replies = list(dict.fromkeys([*titles, *named]))
    if replies:
        shown["quick_replies"] = replies
    return shown


def _slots(tracker: DialogueStateTracker) -> dict[str, Any]:
    return {
        name: slot.value
        for name, slot in tracker.slots.items()
        if slot.value is not None and name not in DEFAULT_SLOT_NAMES - {REQUESTED_SLOT}
    }


def _too_many_actions(tracker: DialogueStateTracker, *_: Any) -> None:
    raise ActionFailed(tracker.latest_action_name or "unknown", "the turn has no end")


def _where(error: BaseException) -> str:
    """Kind and place of an error, without its message, which may quote a customer."""
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "?"
    return f"{type(error).__name__} at {place}"
