"""From a correction in the store to a changed file, a test that fails, a training, and the test that passes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli import review_models, review_report
from cli.main import app
from cli.review_report import Case
from shop import lessons
from shop.settings import PROJECT, Settings
from tests.conftest import factory_for
from tests.harness.talk import exchange, thread

SMALL = PROJECT / "tests/bot/rasa/data"
MISREAD = "show me a lamp that is whole, mine is in bits zelda.quick@example.org"
EXPORTED = "show me a lamp that is whole, mine is in bits ada.wren@example.com"


@pytest.fixture
def project(tmp_path) -> Path:
    """A small bot's files, in a folder that may be changed."""
    folder = tmp_path / "project"
    shutil.copytree(SMALL, folder, ignore=shutil.ignore_patterns("__pycache__"))
    examples = folder / "nlu_data/all.yml"
    content = yaml.safe_load(examples.read_text())
    blocks = [f"  - intent: {one['intent']}\n    examples: |\n{indented(one['examples'])}" for one in content["nlu"]]
    rules = yaml.safe_dump({"rules": content["rules"]}, sort_keys=False)
    examples.write_text('version: "3.1"\n# the examples\nnlu:\n' + "".join(blocks) + rules)
    return folder


def indented(examples: str) -> str:
    return "".join(f"      {line}\n" for line in examples.splitlines())


@pytest.fixture
def shop(shop_store, monkeypatch):
    """A store in which a reviewer has corrected a message and made its conversation a test."""
    monkeypatch.setenv("COLUMNS", "200")
    customer = factory_for(shop_store).customer(name="Zelda Quick", email="zelda.quick@example.org")
    with shop_store.write() as session:
        chat = thread(session, customer)
        exchange(session, chat, "hello", "greet")
        turn = exchange(session, chat, MISREAD, "search")
        lessons.decide(session, [lessons.lesson_of(session, turn.id).id], "corrected", None, "order_status")
        lessons.want_story(session, chat.id, "Zelda Quick gets a broken lamp", None)
    return shop_store


def run(*arguments: str):
    result = CliRunner().invoke(app, ["review", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_the_export_is_one_diff_that_git_can_apply_and_nothing_is_changed_before(project, shop, tmp_path):
    patch = tmp_path / "taught.patch"
    before = (project / "nlu_data/all.yml").read_text()
    assert run("export", "--project", str(project), "--patch", str(patch)).exit_code == 0
    assert (project / "nlu_data/all.yml").read_text() == before
    assert [line for line in patch.read_text().splitlines() if line.startswith("+ ")] == [
        f"+      - {EXPORTED}",
        "+  turns:",
        '+    - says: "hello"',
        "+      intent: greet",
        f'+    - says: "{EXPORTED}"',
        "+      intent: order_status",
    ]
    alone = {"GIT_CEILING_DIRECTORIES": str(project.parent), "PATH": "/usr/bin:/bin"}
    subprocess.run(["git", "apply", str(patch)], cwd=project, check=True, env=alone)
    assert EXPORTED in (project / "nlu_data/all.yml").read_text()


def test_what_is_exported_is_not_exported_again(project, shop):
    first = run("export", "--project", str(project))
    assert "1 messages and 1 conversations exported" in first.output
    story = yaml.safe_load((project / "tests/dialogues/taught.yml").read_text())[0]
    assert story["conversation"] == "Ada gets a broken lamp"
    assert "Zelda" not in (project / "tests/dialogues/taught.yml").read_text() + (project / "nlu_data/all.yml").read_text()
    assert "Nothing to export" in run("export", "--project", str(project)).output


def test_a_test_expects_no_entity_that_was_taken_out_of_its_text(project, shop_store):
    customer = factory_for(shop_store).customer(name="")
    with shop_store.write() as session:
        chat = thread(session, customer)
        turn = exchange(session, chat, "my name is Zelda Quick and my lamp is in bits", "search")
        told = [{"entity": "person", "value": "Zelda Quick"}, {"entity": "category", "value": "lamp"}, {"entity": "brand", "value": "Glow"}]
        lessons.decide(session, [lessons.lesson_of(session, turn.id).id], "corrected", None, "order_status", told)
        lessons.want_story(session, chat.id, "a broken lamp", None)
    shown = run("export", "--project", str(project)).output
    assert '+    - says: "my name is Ada and my lamp is in bits"' in shown.splitlines(), "a long line is neither cut nor broken"
    story = yaml.safe_load((project / "tests/dialogues/taught.yml").read_text())[0]
    assert story["turns"][0]["entities"] == {"category": "lamp", "brand": "Glow"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_new_test_fails_before_the_training_and_passes_after_it(project, shop, tmp_path):
    settings = Settings()
    (settings.var_dir / "encoder").parent.mkdir(parents=True, exist_ok=True)
    (settings.var_dir / "encoder").symlink_to(PROJECT / "var/test-template/encoder")
    bot = settings.models_dir / "bot"
    review_models.train_aside(settings, project, bot, print)
    run("export", "--project", str(project))
    story = yaml.safe_load((project / "tests/dialogues/taught.yml").read_text())[0]["turns"]
    wanted, said = [turn["intent"] for turn in story], [[{"text": turn["says"]} for turn in story]]
    assert [reading["intent"] for reading in review_models.read(settings, bot, said)[0]] != wanted
    after = tmp_path / "after"
    checked = run("check", "--project", str(project), "--out", str(tmp_path / "check.html"), "--keep", str(after))
    assert checked.exit_code == 0, checked.output
    assert "order_status" in checked.output
    assert "<svg" in (tmp_path / "check.html").read_text()
    assert [reading["intent"] for reading in review_models.read(settings, after, said)[0]] == wanted
    compared = run("compare", str(bot), str(after))
    assert "1 of 2 answers in 1 conversations would have changed" in compared.output


def test_the_answers_of_two_models_to_stored_conversations_are_laid_side_by_side(shop, tmp_path, monkeypatch):
    def read(settings, model, sent):
        answers = {"hello": "greet", MISREAD: model.name}
        return [[{"intent": answers[turn["text"]], "action": f"action_{answers[turn['text']]}"} for turn in turns] for turns in sent]

    monkeypatch.setattr(review_models, "read", read)
    compared = run("compare", str(tmp_path / "old"), str(tmp_path / "new")).output
    assert "1 of 2 answers in 1 conversations would have changed" in compared
    assert "old: action_old" in compared
    assert "new: action_new" in compared
    assert "0 of 0 answers" in run("compare", str(tmp_path / "old"), str(tmp_path / "new"), "--filter", "channel:email").output


def test_what_got_better_and_worse_is_counted_by_intent():
    cases = [Case("a", ("greet",), "thanks", "greet"), Case("b", ("greet", "help"), "help", "deny"), Case("c", ("deny",), "deny", "deny")]
    cases += [Case("d", ("deny",), "greet", "deny")]
    found = [(share.intent, share.count, share.before, share.after) for share in review_report.shares(cases)]
    assert found == [("deny", 2, 1, 2), ("greet", 2, 1, 1)]
    assert review_report.total(cases).after == 3
    assert review_report.confused(cases) == ["deny", "greet", "thanks"]
    picture = review_report.confusion_svg(cases, after=True)
    assert "greet read as deny: 1 of 2" in picture
    assert "deny read as deny: 2 of 2" in picture


def test_what_got_worse_is_listed_apart_from_what_got_better():
    cases = [Case("a", ("x",), "x", "y"), Case("b", ("x",), "y", "x"), Case("c", ("x",), "y", "z"), Case("d", ("x", "y"), "x", "y")]
    told = {kind: [case.text for case in found] for kind, found in review_report.changed(cases).items()}
    assert told == {"Worse now": ["a"], "Better now": ["b"], "Still wrong, otherwise": ["c"]}
    page = review_report.page({"Held out": cases})
    assert page.index("Worse now (1)") < page.index("Better now (1)")


def test_words_of_customers_do_not_become_markup_in_the_page():
    case = Case("<script>alert(1)</script>", ("greet",), "<b>", "greet")
    assert "<script>" not in review_report.page({"Messages": [case]})
