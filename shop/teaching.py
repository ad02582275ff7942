"""What reviewers decided, as examples and test stories: changes to the files under `nlu_data/` and `tests/dialogues/`, as text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

EXAMPLE = re.compile(r"^(\s*)- (.*)$")
STORIES = Path("tests/dialogues/taught.yml")
STORIES_HEAD = "# Conversations that reviewers made into tests: `shopkeeper review export`. Personal data is replaced.\n"


class UnknownIntent(ValueError):
    """No file has examples of the intent."""


@dataclass(frozen=True)
class Example:
    text: str
    intent: str


@dataclass(frozen=True)
class Line:
    """One customer's message of a story. No intent: nobody said what it means. `entities` name -> value, checked when there are any."""

    says: str
    intent: str
    entities: dict[str, Any]


@dataclass(frozen=True)
class Script:
    name: str
    lines: Sequence[Line]


@dataclass
class Topic:
    """A file of examples. `at`: intent -> the numbers of its example lines (from 0), in order; `lines` are the file's."""

    path: Path
    lines: list[str]
    at: dict[str, list[int]]


def plain(text: str) -> str:
    """One line, without what Rasa would read as an annotation."""
    text = "".join(c for c in re.sub(r"\s+", " ", text) if c.isprintable()).strip().lstrip("-*# ").strip()
    return text.replace("[", "(").replace("]", ")").replace("{", "(").replace("}", ")")


def with_examples(files: dict[Path, str], examples: Iterable[Example]) -> dict[Path, str]:
    """The files that change, with the examples in them, each below the others of its intent; nothing else in a file moves.

    An example that is there already is left; one that stands under another intent is moved. Raises UnknownIntent.
    """
    topics = [_read(path, content) for path, content in files.items()]
    for example in examples:
        _teach(topics, Example(plain(example.text), example.intent))
    new = {topic.path: "\n".join(topic.lines) + "\n" for topic in topics}
    return {path: content for path, content in new.items() if content != files[path]}


def with_stories(content: str, scripts: Sequence[Script]) -> str:
    """The file of stories with these in it; one of the same name is replaced."""
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 4096, True
    yaml.default_flow_style = None  # innermost collections on one line
    names = {script.name for script in scripts}
    kept = [story for story in yaml.load(content or "[]") if story["conversation"] not in names]
    added = [{"conversation": script.name, "turns": [_turn(line) for line in script.lines]} for script in scripts]
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump([*kept, *added], out)
    return STORIES_HEAD + "".join(line[2:] if line.startswith("  ") else line for line in out.getvalue().splitlines(keepends=True))


def intents_of(files: dict[Path, str]) -> dict[str, str]:
    """Intent -> the name of its topic."""
    return {intent: path.stem for path, content in files.items() for intent in _read(path, content).at}


def _read(path: Path, content: str) -> Topic:
    lines, at = content.splitlines(), {}
    for entry in YAML().load(content).get("nlu") or ():
        first = entry.lc.value("examples")[0] + 1  # the block begins below its key
        at[entry["intent"]] = [first + k for k in range(len(entry["examples"].splitlines())) if EXAMPLE.match(lines[first + k])]
    return Topic(path, lines, at)


def _teach(topics: list[Topic], example: Example) -> None:
    home = next((topic for topic in topics if example.intent in topic.at), None)
    if home is None:
        raise UnknownIntent(f"no file under nlu_data/ has examples of the intent {example.intent!r}")
    wanted = example.text.casefold()
    for topic in topics:
        for intent, numbers in topic.at.items():
            for number in numbers:
                if topic.lines[number].strip().removeprefix("- ").casefold() == wanted:
                    if intent == example.intent:
                        return
                    if len(numbers) > 1:  # an intent keeps its last example
                        _shift(topic, number, -1)
                        _teach(topics, example)
                        return
    last = home.at[example.intent][-1]
    indent = EXAMPLE.match(home.lines[last]).group(1)
    _shift(home, last + 1, 1)
    home.lines[last + 1] = f"{indent}- {example.text}"
    home.at[example.intent].append(last + 1)


def _shift(topic: Topic, number: int, by: int) -> None:
    """Makes room for a line (1), or takes it away (-1)."""
    if by > 0:
        topic.lines.insert(number, "")
    else:
        del topic.lines[number]
    for intent, numbers in topic.at.items():
        topic.at[intent] = [k + by if k >= number else k for k in numbers if by > 0 or k != number]


def _turn(line: Line) -> dict[str, Any]:
    said = {"says": DoubleQuotedScalarString(plain(line.says))}
    return said | ({"intent": line.intent} if line.intent else {}) | ({"entities": line.entities} if line.entities else {})
