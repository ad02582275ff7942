"""What makes stock Rasa slow inside a turn, each mended here; the call to the action server is mended in actions_client.py.

- dask plans the graph anew for each of three runs a turn (1 ms each): `StraightRunner` walks the nodes in an order found once;
- reading an event's type from its name walks all subclasses of Event (3 ms for a restored conversation): looked up in a table;
- RulePolicy asks twice whether a rule applies, once for rules written with customers' texts: skipped, there are none (config.yml's
  policies have no end-to-end stories, and check.py lets no `user` steps in);
- RulePolicy parses and reverses every rule for every prediction, and compares each with the conversation: they are kept, and only
  those are compared whose last state has the conversation's last action and intent;
- a tracker is played again from its beginning for each decision: ours notes its states (tracker.py);
- MemoizationPolicy builds all states of the conversation to look them up, even when no story was memorized: then it does not;
- states, events and entities are copied in depth for debug messages that nobody reads.
"""

from __future__ import annotations

import json
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from rasa.core import processor
from rasa.core.actions import forms
from rasa.core.policies import memoization, rule_policy
from rasa.core.policies.memoization import MemoizationPolicy
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core import events
from rasa.shared.core.constants import PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.nlu.constants import ACTION_NAME, INTENT
from rasa.shared.utils.common import all_subclasses


class StraightRunner(DaskGraphRunner):
    """Runs the nodes that the targets need, one after the other."""

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        wanted = tuple(targets or self._graph_schema.target_names)
        outputs: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
        for name in self._order(wanted):
            needs = self._graph_schema.nodes[name].needs.values()
            outputs[name] = self._instantiated_nodes[name](*(outputs[need] for need in needs))
        return {name: outputs[name][1] for name in wanted}

    def _order(self, targets: tuple[str, ...]) -> list[str]:
        known: dict[tuple[str, ...], list[str]] = self.__dict__.setdefault("_orders", {})
        if targets not in known:
            known[targets] = _topological(self._graph_schema.nodes, targets)
        return known[targets]


def _topological(nodes: dict[str, Any], targets: tuple[str, ...]) -> list[str]:
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise GraphRunError(f"The graph runs in a circle at {name}.")
        if name in nodes and name not in order:
            for need in nodes[name].needs.values():
                visit(need, (*path, name))
            order.append(name)

    for target in targets:
        visit(target, ())
    return order


def install() -> None:
    """Replace what is slow, for this process."""
    table = {cls.type_name: cls for cls in all_subclasses(events.Event)}
    events.Event.resolve_by_type = staticmethod(lambda type_name, default=None: table.get(type_name, default))
    stock = RulePolicy._find_action_from_rules

    def find_action_from_rules(self: RulePolicy, tracker: Any, domain: Any, use_text_for_last_user_input: bool) -> Any:
        if use_text_for_last_user_input:
            return None, None, False
        return stock(self, tracker, domain, False)

    RulePolicy._find_action_from_rules = find_action_from_rules
    RulePolicy._get_possible_keys = _possible_keys
    recall = MemoizationPolicy.predict_action_probabilities

    def predict(self: MemoizationPolicy, tracker: Any, domain: Any, rule_only_data: Any = None, **more: Any) -> Any:
        if not self.lookup:
            return self._prediction(self._default_predictions(domain))
        return recall(self, tracker, domain, rule_only_data=rule_only_data, **more)

    MemoizationPolicy.predict_action_probabilities = predict
    RulePolicy.format_tracker_states = staticmethod(lambda states: "")  # only ever logged
    for module in (memoization, rule_policy, processor, forms):  # where every deepcopy is the argument of a debug message
        module.copy = SimpleNamespace(deepcopy=lambda value: value)
        module.structlogger = _WithoutDebug(module.structlogger)


class _WithoutDebug:
    def __init__(self, logger: Any) -> None:
        self._logger = logger

    def debug(self, *_: Any, **__: Any) -> None:
        """Says nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logger, name)


def _possible_keys(self: RulePolicy, lookup: dict[str, str], states: list[dict[str, Any]]) -> set[str]:
    """The rules whose states, seen from the end, fit `states`: as in stock, which parses each rule each time and tries them all."""
    if not states:
        return set(lookup)
    keys = _ending_like(_by_ending(lookup), states[-1])
    for turn, state in enumerate(reversed(states)):
        if not keys:
            break
        before = state.get(PREVIOUS_ACTION)
        keys = {key for key in keys if _fits(_backwards(key), turn, state, before)}
    return keys


_Endings = dict[tuple[Any, Any], list[str]]
_indexes: dict[int, tuple[dict[str, str], _Endings]] = {}  # by the lookup's identity; the lookup is kept so that the identity stays its own


def _by_ending(lookup: dict[str, str]) -> _Endings:
    """The rules by the action and the intent that their last states ask for; None where they ask for none."""
    kept = _indexes.get(id(lookup))
    if kept is None:
        index: _Endings = {}
        for key in lookup:
            last = _backwards(key)[0]
            action, intent = _asked(last, PREVIOUS_ACTION, ACTION_NAME), _asked(last, USER, INTENT)
            # A rule for the beginning of a conversation fits it whatever was said.
            index.setdefault((action, intent if last.get(PREVIOUS_ACTION) else None), []).append(key)
        kept = _indexes[id(lookup)] = (lookup, index)
    return kept[1]


def _ending_like(index: _Endings, state: dict[str, Any]) -> set[str]:
    action, intent = state.get(PREVIOUS_ACTION, {}).get(ACTION_NAME), state.get(USER, {}).get(INTENT)
    return {key for ending in {(action, intent), (action, None), (None, intent), (None, None)} for key in index.get(ending, ())}


def _asked(rule_state: dict[str, Any], part: str, name: str) -> Any:
    value = rule_state.get(part, {}).get(name)
    return None if not value or value == SHOULD_NOT_BE_SET else value


def _fits(rule: list[dict[str, Any]], turn: int, state: dict[str, Any], before: Any) -> bool:
    if turn >= len(rule):
        return True
    rule_before = rule[turn].get(PREVIOUS_ACTION)
    if not rule_before or not before:  # the beginning of a conversation fits only the beginning of a rule
        return not rule_before and not before
    return RulePolicy._does_rule_match_state(rule[turn], state)


@lru_cache(maxsize=10_000)
def _backwards(key: str) -> list[dict[str, Any]]:
    return json.loads(key)[::-1]
