"""What makes stock Rasa slow inside a turn, each mended here; the call to the action server is mended in actions_client.py.

- dask plans the graph anew for each of three runs a turn (1 ms each): `StraightRunner` walks the nodes in an order found once;
- reading an event's type from its name walks all subclasses of Event (3 ms for a restored conversation): looked up in a table;
- RulePolicy asks twice whether a rule applies, once for rules written with customers' texts: skipped, there are none (config.yml's
  policies have no end-to-end stories, and check.py lets no `user` steps in);
- RulePolicy parses and reverses every rule for every prediction: kept.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core import events
from rasa.shared.core.constants import PREVIOUS_ACTION
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


def _possible_keys(self: RulePolicy, lookup: dict[str, str], states: list[dict[str, Any]]) -> set[str]:
    """The rules whose states, seen from the end, fit `states`: as in stock, which parses each rule each time."""
    keys = set(lookup)
    for turn, state in enumerate(reversed(states)):
        before = state.get(PREVIOUS_ACTION)
        keys = {key for key in keys if _fits(_backwards(key), turn, state, before)}
    return keys


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
