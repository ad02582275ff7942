"""Checks domain.yml and nlu_data/ against each other before anything is trained: every mistake at once, each with its file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rasa.shared.core.constants import DEFAULT_ACTION_NAMES, DEFAULT_INTENTS
from rasa.shared.core.domain import Domain
from ruamel.yaml import YAML, YAMLError

from bot.rasa.examples import FEWEST
from bot.rasa.examples import problems as example_problems

SECTIONS = {"nlu", "rules", "stories", "version"}


class BadData(ValueError):
    """The mistakes, one a line."""


def check(domain: Domain, domain_file: Path, data: Iterable[Path], fewest: int = FEWEST) -> None:
    """Raises BadData when something is named that does not exist, exists and can never be understood, or cannot be learned from its
    examples: fewer than `fewest` of an intent, all of one pattern, or near duplicates in two intents."""
    problems: list[str] = []
    examples: dict[str, list[str]] = {}
    places: dict[str, str] = {}
    for path in data:
        try:
            content = YAML().load(path.read_text(encoding="utf-8"))
        except (YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            problems.append(
                f"{path}:{mark.line + 1 if mark else 1}: not valid YAML: {getattr(error, 'problem', None) or type(error).__name__}"
            )
            continue
        if not isinstance(content, dict) or set(content) - SECTIONS:
            problems.append(f"{path}:1: only {', '.join(sorted(SECTIONS))} belong here")
            continue
        before = set(examples)
        problems += [f"{path}:{line}: {problem}" for line, problem in _problems(content, domain, examples)]
        lines = {entry["intent"]: _line(entry) for entry in content.get("nlu") or () if entry.get("intent")}
        places |= {intent: f"{path}:{lines[intent]}" for intent in examples.keys() - before}
    actions = set(domain.action_names_or_texts)
    problems += [
        f"{domain_file}: intent {name} has no examples"
        for name in sorted(set(domain.intents) - set(DEFAULT_INTENTS))
        if name not in {e.partition("/")[0] for e in examples}
    ]
    problems += [
        f"{domain_file}: action {name} has no response"
        for name in sorted(actions)
        if name.startswith("utter_") and not _answered(name, domain)
    ]
    problems += [f"{places[intent]}: intent {intent} {problem}" for intent, problem in example_problems(examples, fewest)]
    if problems:
        raise BadData("\n".join(problems))


def _problems(content: Any, domain: Domain, examples: dict[str, list[str]]) -> Iterator[tuple[int, str]]:
    intents = set(domain.intents) | set(DEFAULT_INTENTS)
    for entry in content.get("nlu") or ():
        name = entry.get("intent")
        if name is None:
            yield _line(entry), "only intents belong under nlu (entities come from the catalogue and from rules)"
        elif name.partition("/")[0] not in intents:
            yield _line(entry), f"intent {name} is not in the domain"
        elif name in examples:
            yield _line(entry), f"intent {name} has its examples in two places"
        else:
            lines = str(entry.get("examples") or "").splitlines()
            examples[name] = [text for line in lines if (text := line.strip().removeprefix("-").strip())]
            if "/" in name and f"utter_{name}" not in domain.responses:
                yield _line(entry), f"retrieval intent {name} has no response utter_{name} in the domain"
    for flow in (*(content.get("rules") or ()), *(content.get("stories") or ())):
        for step in (*(flow.get("condition") or ()), *(flow.get("steps") or ())):
            yield from _step(step, domain, intents)


def _step(step: Any, domain: Domain, intents: set[str]) -> Iterator[tuple[int, str]]:
    if not isinstance(step, dict):
        return
    for choice in step.get("or") or ():
        yield from _step(choice, domain, intents)
    if "user" in step:
        yield _line(step), "a step names its intent (`- intent: greet`); a customer's text (`- user:`) belongs under nlu"
    name = step.get("intent")
    if name is not None and name.partition("/")[0] not in intents:
        yield _line(step), f"intent {name} is not in the domain"
    action = step.get("action")
    if action is not None and action not in domain.action_names_or_texts and action not in DEFAULT_ACTION_NAMES:
        yield _line(step), f"action {action} is not in the domain"
    loop = step.get("active_loop")
    if loop is not None and loop not in domain.form_names:
        yield _line(step), f"form {loop} is not in the domain"
    slots = {slot.name for slot in domain.slots}
    for setting in step.get("slot_was_set") or ():
        for slot in setting if isinstance(setting, dict) else [setting]:
            if slot not in slots:
                yield _line(step), f"slot {slot} is not in the domain"
    for entity in step.get("entities") or ():
        for key in entity if isinstance(entity, dict) else [entity]:
            if key not in domain.entities and key not in ("role", "group"):
                yield _line(step), f"entity {key} is not in the domain"


def _answered(action: str, domain: Domain) -> bool:
    return action in domain.responses or any(name.startswith(f"{action}/") for name in domain.responses)


def _line(node: Any) -> int:
    return node.lc.line + 1 if hasattr(node, "lc") else 1
