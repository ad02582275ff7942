"""The names of what the bot knows: intents, entities, slots, actions, by the files that this process was started with."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from shop import teaching

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=1)
def intents(project: Path) -> dict[str, str]:
    """Intent -> its topic."""
    files = {path: path.read_text(encoding="utf-8") for path in sorted((project / "nlu_data").glob("*.yml"))}
    return dict(sorted(teaching.intents_of(files).items()))


def entities(project: Path) -> tuple[str, ...]:
    return _names(_domain(project)["entities"])


def slots(project: Path) -> tuple[str, ...]:
    """All that the bot keeps of a conversation."""
    return tuple(_domain(project)["slots"])


def text_slots(project: Path) -> tuple[str, ...]:
    """Those that hold plain words, as a person can write them down."""
    return tuple(name for name, about in _domain(project)["slots"].items() if about["type"] == "text")


def actions(project: Path) -> tuple[str, ...]:
    return _names(_domain(project)["actions"])


@lru_cache(maxsize=1)
def _domain(project: Path) -> dict[str, Any]:
    return yaml.load((project / "domain.yml").read_text(encoding="utf-8"), Loader=LOADER)


def _names(declared: list[Any]) -> tuple[str, ...]:
    return tuple(sorted(name for one in declared for name in ([one] if isinstance(one, str) else one)))
