"""`shopkeeper review`: what reviewers taught, from the store to the files, and what it does to the bot."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Column, Table
from sqlalchemy import Row, select

from cli import review_models, review_report
from cli.prepare import CannotPrepare, bot_models
from cli.review_report import Case
from cli.terminal import fail, plain
from shop import audit, lessons, teaching
from shop.models import Customer, Lesson, Story, Turn
from shop.redaction import redact, words_of
from shop.settings import PROJECT, Settings
from shop.store import Store
from shop.transcripts import matching
from shop.transcripts_language import BadFilter, parse

app = typer.Typer(help="Turn reviewers' corrections into examples and tests, and see what they do.", no_args_is_help=True)
console = Console()
ProjectFolder = Annotated[Path, typer.Option(help="The folder with nlu_data/ and tests/dialogues/.")]


@app.callback()
def review() -> None:
    """Turn reviewers' corrections into examples and tests, and see what they do."""


@app.command()
def export(
    project: ProjectFolder = PROJECT,
    patch: Annotated[Path | None, typer.Option(help="Write the diff to this file, for `git apply`, and change nothing else.")] = None,
) -> None:
    """Write what was decided in the review queue into nlu_data/ and tests/dialogues/, and print it as one diff.

    Each message becomes an example of its intent in the topic's file, with personal data replaced and no example twice; each chosen
    conversation becomes a test. Nothing is trained: look at the diff, then run `shopkeeper review check`.
    """
    store = Store(Settings().store_url)
    try:
        with store.read() as session:
            decided, stories = lessons.to_export(session), lessons.stories_to_export(session)
        old = files_of(project)
        try:
            new = teaching.with_examples(examples_only(old), [example_of(*row) for row in decided])
        except teaching.UnknownIntent as error:
            fail(str(error))
        if stories:
            tests = project / teaching.STORIES
            new[tests] = teaching.with_stories(old.get(tests, ""), [script_of(*story) for story in stories])
        diff = as_diff(project, old, new)
        if not diff:
            console.print("Nothing to export: no decision in the queue changes a file.")
        else:
            show(diff)
        if patch is not None:
            patch.write_text(diff, encoding="utf-8")
            console.print(f"The diff is in {patch}; nothing was changed.")
            return
        for path, content in new.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        with store.write() as session:
            lessons.mark_exported(session, [row.Lesson.id for row in decided], [story.id for story, *_ in stories])
            audit.record(session, None, "review.export", lessons=len(decided), stories=len(stories))
        if diff:
            console.print(f"{len(decided)} messages and {len(stories)} conversations exported. Next: shopkeeper review check")
    finally:
        store.close()


@app.command()
def check(
    project: ProjectFolder = PROJECT,
    out: Annotated[Path | None, typer.Option(help="The page with the confusion matrices; default: var/review/check.html.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep the new model in this folder, for `shopkeeper review compare`.")] = None,
) -> None:
    """Train the examples as they are now, aside, and show what got better and worse before anyone deploys.

    The bot in use and the new one read the messages of the tests (tests/dialogues) and those held out (tests/dialogues/heldout). Ends with
    code 1 when the new bot reads fewer of the held-out messages rightly. `shopkeeper train` deploys.
    """
    settings = Settings()
    with tempfile.TemporaryDirectory(prefix="shopkeeper-review-") as folder:
        try:
            console.print("training the changed examples ...")
            model = review_models.train_aside(
                settings, project, keep or Path(folder), lambda line: console.print(f"  {line}", highlight=False)
            )
            parts = {
                title: judged(settings, messages, bot_models(settings), model)
                for title, messages in (("Conversations of the tests", of_tests(project)), ("Messages held out", held_out(project)))
                if messages
            }
        except CannotPrepare as problem:
            fail(str(problem))
    for title, cases in parts.items():
        console.print(review_report.table(title, cases))
    target = out or settings.var_dir / "review" / "check.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(review_report.page(parts), encoding="utf-8")
    for title, cases in parts.items():
        for after in (False, True):
            picture = target.with_name(f"{target.stem}-{title.split()[0].lower()}-{'after' if after else 'before'}.svg")
            picture.write_text(review_report.confusion_svg(cases, after), encoding="utf-8")
    console.print(f"Confusion matrices and every difference: {target}", soft_wrap=True)
    whole = review_report.total(parts.get("Messages held out", []))
    if whole.after < whole.before:
        raise typer.Exit(1)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="A trained model: a folder under var/models/bot, or the whole of it for the one in use.")],
    second: Annotated[Path, typer.Argument(help="The model to compare it with.")],
    query: Annotated[str, typer.Option("--filter", help="Only conversations that pass this filter of the console.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=2000, help="How many conversations, the newest first.")] = 100,
) -> None:
    """Let two trained models read stored conversations, and show which answers would have changed.

    Each message is read with the conversation as it was up to there; an answer counts as changed when the first thing the bot
    would do differs.
    """
    settings = Settings()
    store = Store(settings.store_url)
    try:
        with store.read() as session:
            ids = [row.id for row in matching(session, parse(query), None, limit)]
            typed = select(Turn).where(Turn.conversation_id.in_(ids), Turn.text != "")
            rows = session.scalars(typed.order_by(Turn.conversation_id, Turn.id)).all()
        threads: dict[int, list[Turn]] = {}
        for turn in rows:
            threads.setdefault(turn.conversation_id, []).append(turn)
        sent = [[known(turn) for turn in turns] for turns in threads.values()]
        one, other = (review_models.read(settings, model, sent) for model in (first, second))
    except (BadFilter, CannotPrepare) as problem:
        fail(str(problem))
    finally:
        store.close()
    shown = Table("conversation", *(Column(title, overflow="fold") for title in ("message", "first model", "second model")))
    count = changed = 0
    for turns, before, after in zip(threads.values(), one, other, strict=True):
        for turn, old, new in zip(turns, before, after, strict=True):
            count += 1
            if old["action"] != new["action"]:
                changed += 1
                readings = [f"{reading['intent']}: {reading['action']}" for reading in (old, new)]
                shown.add_row(str(turn.conversation_id), plain(turn.text[:70]), *readings)
    if changed:
        console.print(shown)
    console.print(f"{changed} of {count} answers in {len(threads)} conversations would have changed.")


def example_of(lesson: Lesson, turn: Turn, customer: Customer) -> teaching.Example:
    return teaching.Example(redact(turn.text, words_of(customer)), lesson.intent)


def script_of(story: Story, customer: Customer, rows: Sequence[Row]) -> teaching.Script:
    """What a customer said, and what each message means: as corrected, else as the bot understood it."""
    lines = []
    for turn, lesson in rows:
        understood = "" if turn.intent == "nlu_fallback" else turn.intent
        decided = lesson is not None and lesson.state in ("accepted", "corrected")
        entities = lesson.entities if decided and lesson.state == "corrected" else []
        says = redact(turn.text, words_of(customer))
        values = {one["entity"]: one["value"] for one in entities if left_in(says, turn.text, str(one["value"]), customer)}
        lines.append(teaching.Line(says, lesson.intent if decided else understood, values))
    return teaching.Script(redact(story.name, words_of(customer)), lines)


def left_in(says: str, text: str, value: str, customer: Customer) -> bool:
    """Whether an entity's value may stand in a test: it is nothing personal, neither by itself nor by what stood around it in the text."""
    taken_out = value.casefold() in text.casefold() and value.casefold() not in says.casefold()
    return not taken_out and redact(value, words_of(customer)) == value


def known(turn: Turn) -> dict:
    return {"text": turn.text, "intent": turn.intent, "entities": turn.entities, "slots": turn.slots, "actions": turn.actions}


def judged(settings: Settings, messages: list[tuple[str, tuple[str, ...]]], before: Path, after: Path) -> list[Case]:
    texts = [text for text, _ in messages]
    readings = zip(review_models.read_texts(settings, before, texts), review_models.read_texts(settings, after, texts), strict=True)
    return [Case(text, wanted, one["intent"], other["intent"]) for (text, wanted), (one, other) in zip(messages, readings, strict=True)]


def of_tests(project: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Typed messages of the test conversations that name their intent and hold no value to be filled in, each once."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((project / "tests/dialogues").glob("*.yml")):
        for script in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
            for turn in script["turns"]:
                if turn.get("intent") and turn.get("says") and "{" not in turn["says"]:
                    found[turn["says"]] = (turn["intent"],) if isinstance(turn["intent"], str) else tuple(turn["intent"])
    return list(found.items())


def held_out(project: Path) -> list[tuple[str, tuple[str, ...]]]:
    path = project / "tests/dialogues/heldout/messages.yml"
    kinds = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    return [(text, tuple(wanted.split(" or "))) for intents in kinds.values() for wanted, texts in intents.items() for text in texts]


def files_of(project: Path) -> dict[Path, str]:
    paths = [*sorted((project / "nlu_data").glob("*.yml")), project / teaching.STORIES]
    return {path: path.read_text(encoding="utf-8") for path in paths if path.exists()}


def examples_only(files: dict[Path, str]) -> dict[Path, str]:
    return {path: content for path, content in files.items() if path.parent.name == "nlu_data"}


def as_diff(project: Path, old: dict[Path, str], new: dict[Path, str]) -> str:
    """A unified diff that `git apply` reads, of paths relative to the project."""
    parts = []
    for path in sorted(new):
        name = path.relative_to(project).as_posix()
        before = f"a/{name}" if path in old else "/dev/null"
        lines = difflib.unified_diff(old.get(path, "").splitlines(keepends=True), new[path].splitlines(keepends=True), before, f"b/{name}")
        parts.append("".join(lines))
    return "".join(parts)


def show(diff: str) -> None:
    """In colours on a terminal; elsewhere as it is, so that a long line is neither cut nor broken."""
    if console.is_terminal:
        console.print(Syntax(diff, "diff", background_color="default", word_wrap=True))
    else:
        typer.echo(diff)
