"""A tracker that keeps the states it went through.

Before each decision stock Rasa plays the whole conversation again on a copy, to see what the states before each action were: a tenth of
a turn. This tracker notes each state when it passes it.
"""

from __future__ import annotations

from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActionReverted, ActiveLoop, Event, Restarted, SessionStarted, UserUtteranceReverted
from rasa.shared.core.trackers import DialogueStateTracker

State = dict[str, dict[str, Any]]


class RecordingTracker(DialogueStateTracker):
    """As its parent in everything but the time it takes. Where the past is rewritten (reverted events, forms), it asks its parent."""

    def __init__(self, sender_id: str, domain: Domain) -> None:
        super().__init__(sender_id, domain.slots)
        self._domain = domain
        self._passed: list[State] = []
        self._straight = True

    def update(self, event: Event, domain: Domain | None = None) -> None:
        if isinstance(event, ActionReverted | UserUtteranceReverted) or (isinstance(event, ActiveLoop) and event.name):
            self._straight = False
        if self._straight:
            if isinstance(event, Restarted | SessionStarted):
                self._passed.clear()
            elif isinstance(event, ActionExecuted):
                self._passed.append(self._domain.get_active_state(self))
        super().update(event, domain)

    def past_states(
        self, domain: Domain, omit_unset_slots: bool = False, ignore_rule_only_turns: bool = False, rule_only_data: Any = None
    ) -> list[State]:
        if not self._straight or omit_unset_slots or ignore_rule_only_turns or domain is not self._domain:
            return super().past_states(domain, omit_unset_slots, ignore_rule_only_turns, rule_only_data)
        # Copies: who asks may cut them to size.
        return [{part: dict(of) for part, of in state.items()} for state in (*self._passed, domain.get_active_state(self))]
