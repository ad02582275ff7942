"""docs/add_an_intent.md works: its blocks are applied to a copy of the project, which is trained, started and asked."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from ruamel.yaml import YAML

from cli.prepare import RASA_PYTHON, rasa_environment
from shop.settings import PROJECT, Settings
from shop.store import Store
from tests.dialogues.player import Player
from tests.harness.stack import copy_of_template, free_ports

COPIED = ("actions", "bot", "recommender", "shop", "marketing", "nlu_data", "config.yml", "domain.yml")
yaml = YAML(typ="safe")


def blocks() -> dict[str, str]:
    """File name -> content of the fenced block that names it."""
    page = (PROJECT / "docs" / "add_an_intent.md").read_text()
    return dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))


def applied(to: Path) -> Path:
    """A copy of the project with the page's blocks in it: new files written, `domain.yml` added to."""
    to.mkdir()
    for name in COPIED:
        source = PROJECT / name
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, to / name, ignore=ignored) if source.is_dir() else shutil.copy(source, to / name)
    for name, body in blocks().items():
        if name == "domain.yml":
            (to / name).write_text(added((to / name).read_text(), body))
        elif not name.startswith("tests/"):
            (to / name).write_text(body)
    return to


def added(domain: str, more: str) -> str:
    """Each section's new lines, put at the head of that section as one would by hand."""
    for section, lines in re.findall(r"^(\w+:\n)((?:[ -].*\n)+)", more, re.MULTILINE):
        assert f"\n{section}" in domain, section
        domain = domain.replace(f"\n{section}", f"\n{section}{lines}", 1)
    return domain


def test_the_page_touches_three_files_and_a_test():
    assert not any((PROJECT / name).exists() for name in blocks() if name != "domain.yml")
    assert sorted(blocks()) == ["actions/engraving.py", "domain.yml", "nlu_data/engraving.yml", "tests/dialogues/engraving.yml"]


@pytest.mark.slow
def test_the_walk_through_gives_a_bot_that_answers(tmp_path):
    project, var = applied(tmp_path / "project"), copy_of_template(tmp_path / "var")
    rasa, actions = free_ports(2)
    settings = Settings(var_dir=var, rasa_port=rasa, actions_port=actions, database_url="")
    environment = rasa_environment(settings) | {"PYTHONPATH": str(project)}
    model = tmp_path / "model"
    train = [str(RASA_PYTHON), "-m", "bot.rasa.train", "--out", str(model)]
    subprocess.run([*train, "--project", str(project)], cwd=project, env=environment, check=True, capture_output=True, timeout=300)
    serve = [str(RASA_PYTHON), "-m", "bot.rasa.serve", "--port", str(rasa), "--model", str(model), "--actions-url", settings.actions_url]
    ours = environment | settings.as_environment()
    started = [
        subprocess.Popen(serve, cwd=project, env=environment),
        subprocess.Popen([sys.executable, "-m", "actions"], cwd=project, env=ours),
    ]
    store = Store(settings.store_url)
    try:
        for url in (settings.rasa_urls[0], settings.actions_url):
            wait_for(url)
        for script in yaml.load(blocks()["tests/dialogues/engraving.yml"]):
            Player(store, settings, settings.rasa_urls[0], script).play()
    finally:
        for process in started:
            process.terminate()
            process.wait(10)
        store.close()


def wait_for(url: str, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    raise TimeoutError(f"{url} did not come up")
