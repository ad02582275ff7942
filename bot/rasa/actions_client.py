"""The call to the action server: the standard webhook, made quick and made to fail loudly.

What stock Rasa does on each call, and what is done here instead:
- it builds the JSON schema validator of the answer anew (30 ms): compiled once, to code, and each event is held to the schema of its
  kind alone;
- it sends the whole domain: only `validate_*` and slot-extraction actions get its forms and slots, the others a stub (rasa-sdk
  refuses a call without any);
- it sends every event of the conversation with its parse data: the last two turns, and the parse data once, as `latest_message`;
- it opens a connection: kept alive and pooled;
- it waits 300 s: the turn has a deadline;
- it logs the error and goes on: `ActionFailed`, which ends the turn (bot/rasa/turn.py).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import fastjsonschema
import rasa
import ujson
from fastjsonschema import JsonSchemaValueException
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.constants import ACTION_EXTRACT_SLOTS, ACTION_VALIDATE_SLOT_MAPPINGS
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

logger = logging.getLogger(__name__)

TURNS_SENT = 2
MAX_EVENTS_SENT = 60
MAX_ANSWER_BYTES = 2 << 20
_STUB = {"version": "3.1"}


class ActionFailed(Exception):
    """An action gave no usable answer; `action` is its name, `reason` a few words without customers' text."""

    def __init__(self, action: str, reason: str) -> None:
        super().__init__(f"{action}: {reason}")
        self.action, self.reason = action, reason


class ActionServer:
    """Stands in for Rasa's EndpointConfig. `timeout` is the longest wait in seconds for all actions of one turn."""

    def __init__(self, url: str, secret: str, timeout: float) -> None:
        self.url, self.timeout, self.kwargs = f"{url.rstrip('/')}/webhook", timeout, {}
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        self._session: aiohttp.ClientSession | None = None

    async def request(self, json: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The action's answer.

        Raises:
            ActionFailed: unreachable, too late, not 200, or not the answer of an action.
        """
        action, body = json["next_action"], ujson.dumps(json).encode()
        deadline = time.monotonic() + self.timeout
        try:
            status, answer = await self._post(body, deadline)
        except (aiohttp.ServerDisconnectedError, ConnectionResetError):
            # A kept-alive connection that the server had just closed. An action runs under the message's id: asking twice is harmless.
            try:
                status, answer = await self._post(body, deadline)
            except Exception as error:
                raise ActionFailed(action, type(error).__name__) from None
        except Exception as error:
            raise ActionFailed(action, type(error).__name__) from None
        if status != 200:
            raise ActionFailed(action, f"status {status}")
        try:
            content = ujson.loads(answer)
        except ValueError:
            raise ActionFailed(action, "the answer is not JSON") from None
        try:
            _check(content)
        except JsonSchemaValueException as problem:
            raise ActionFailed(action, f"the answer is malformed: {problem.message}") from None
        return content

    async def _post(self, body: bytes, deadline: float) -> tuple[int, bytes]:
        if self._session is None:
            # Shorter than the action server keeps an idle connection, so that it is we who close it.
            connector = aiohttp.TCPConnector(limit=64, keepalive_timeout=4)
            self._session = aiohttp.ClientSession(connector=connector, headers=self._headers, trust_env=False)
        timeout = aiohttp.ClientTimeout(total=max(deadline - time.monotonic(), 0.001))
        async with self._session.post(self.url, data=body, timeout=timeout, allow_redirects=False) as response:
            content = await response.content.read(MAX_ANSWER_BYTES)
            while len(content) < MAX_ANSWER_BYTES and (more := await response.content.read(MAX_ANSWER_BYTES)):
                content += more
            return response.status, content

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def install() -> None:
    """Replace what is slow in Rasa's RemoteAction, for this process."""
    RemoteAction._action_call_format = _call_format
    RemoteAction._validate_action_result = lambda self, result: True  # ActionServer.request has done it


def _call_format(self: RemoteAction, tracker: DialogueStateTracker, domain: Domain) -> dict[str, Any]:
    name = self.name()
    return {
        "next_action": name,
        "sender_id": tracker.sender_id,
        "version": rasa.__version__,
        "domain": _forms_and_slots(domain) if _needs_domain(name) else _STUB,
        "tracker": {
            "sender_id": tracker.sender_id,
            "slots": tracker.current_slot_values(),
            "latest_message": tracker._latest_message_data(),
            "events": _recent(tracker),
            "paused": tracker.is_paused(),
            "followup_action": tracker.followup_action,
            "active_loop": {"name": tracker.active_loop_name} if tracker.active_loop_name else {},
            "latest_action_name": tracker.latest_action_name,
            "latest_input_channel": None,
        },
    }


def _needs_domain(name: str) -> bool:
    return name.startswith("validate_") or name in (ACTION_VALIDATE_SLOT_MAPPINGS, ACTION_EXTRACT_SLOTS)


def _forms_and_slots(domain: Domain) -> dict[str, Any]:
    return {"forms": domain.forms, "slots": {slot.name: {"mappings": slot.mappings} for slot in domain.slots}}


def _recent(tracker: DialogueStateTracker) -> list[dict[str, Any]]:
    events = list(tracker.events)
    starts = [k for k, event in enumerate(events) if isinstance(event, UserUttered)]
    recent = events[starts[-TURNS_SENT] if len(starts) >= TURNS_SENT else 0 :][-MAX_EVENTS_SENT:]
    return [{key: value for key, value in event.as_dict().items() if key not in ("parse_data", "metadata")} for event in recent]


def _check(answer: Any) -> None:
    """Holds the answer to Rasa's schema. That one tries some twenty kinds of event on each event; here the event says which it is.

    Raises:
        JsonSchemaValueException: what is wrong, and where.
    """
    _check_answer(answer)
    for event in answer.get("events", ()):
        check = _check_event.get(event["event"])
        if check is None:
            raise JsonSchemaValueException(f"there is no event {event['event']!r}")
        check(event)


def _checks() -> tuple[Callable[[Any], Any], dict[str, Callable[[Any], Any]]]:
    """The check of an answer but for its events' kinds, and one for each kind."""
    schema = RemoteAction.action_response_format_spec()
    any_event = dict(schema["properties"]["events"]["items"])
    kinds = {kind["properties"]["event"]["const"]: fastjsonschema.compile(kind) for kind in any_event.pop("oneOf")}
    events = {**schema["properties"]["events"], "items": any_event}
    return fastjsonschema.compile({**schema, "properties": {**schema["properties"], "events": events}}), kinds


_check_answer, _check_event = _checks()
