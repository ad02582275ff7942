"""Every command is documented, and every documented command exists."""

from __future__ import annotations

import re

import click
import pytest
import typer

from cli.main import app
from shop.settings import PROJECT

ROOT = typer.main.get_command(app)


def commands(command: click.Command, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    if isinstance(command, click.Group) or hasattr(command, "commands"):
        found = {}
        for name, child in command.commands.items():
            found |= commands(child, (*path, name))
        return found
    return {path: command}


ALL = commands(ROOT)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_says_what_it_does_and_what_each_option_means(path):
    command = ALL[path]
    assert command.help, "no help"
    assert len(command.help.split()) >= 6, "the help is too short to need no manual"
    undocumented = [parameter.name for parameter in command.params if parameter.name != "help" and not getattr(parameter, "help", None)]
    assert undocumented == []


def test_the_page_of_commands_names_each_command_and_no_other():
    page = (PROJECT / "docs" / "commands.md").read_text()
    named = {tuple(words.split()) for words in re.findall(r"^\| `shopkeeper ([a-z -]+?)`", page, flags=re.MULTILINE)}
    assert named == set(ALL)


def test_commands_named_in_the_readme_exist():
    readme = (PROJECT / "README.md").read_text()
    for words in re.findall(r"shopkeeper ((?:[a-z-]+ ?){1,2})", " ".join(re.findall(r"`[^`]+`|\.venv/bin/[^\n]+", readme))):
        first, *rest = words.split()
        assert first in {path[0] for path in ALL}, words
        if (first,) not in ALL:
            assert (first, rest[0]) in ALL, words


def test_every_setting_is_in_the_example_file_with_its_default():
    from shop.settings import Settings

    example = (PROJECT / ".env.example").read_text()
    for name in Settings.model_fields:
        variable = "DATABASE_URL" if name == "database_url" else f"SHOPKEEPER_{name.upper()}"
        assert re.search(rf"^# {variable}=", example, flags=re.MULTILINE), variable
