"""`shopkeeper doctor` finds what is wrong and says how to mend it."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli import doctor as command
from cli.health import environment, models, processes, storage
from cli.health.check import fail, guarded, ok, warn
from shop.migrate import migrate
from shop.models import Product, now
from shop.settings import Settings
from shop.store import Store


@pytest.fixture
def place(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path, database_url="")


def states(checks) -> dict[str, str]:
    return {check.name: check.state for check in checks}


# --- packages


def test_pins_are_read_with_their_names_normalised_and_marked_lines_left_out(tmp_path):
    pins = tmp_path / "pins.txt"
    pins.write_text("Flask_Login==1.2\nuvicorn[standard]==0.30\n# a comment\nuvloop==1.0 ; sys_platform != 'win32'\n")
    assert environment.pinned(pins) == {"flask-login": "1.2", "uvicorn": "0.30"}


def test_missing_and_different_packages_are_told_apart_and_a_local_build_suffix_does_not_count():
    wanted = {"torch": "2.13.0", "rich": "15.0.0", "typer": "1.0"}
    assert environment.compare(wanted, {"Torch": "2.13.0+cpu", "rich": "14.0.0"}) == (["typer"], [("rich", "14.0.0", "15.0.0")])


def test_an_environment_without_a_python_fails_with_the_command_that_makes_it(tmp_path):
    check = environment.environment("Rasa packages", tmp_path / ".venv-rasa", tmp_path / "pins.txt", "3.10")
    assert check.state == "fail"
    assert check.mend == "rm -f .venv-rasa/.pins && make setup"


def test_an_environment_is_examined_by_asking_its_own_python(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    pins = tmp_path / "pins.txt"
    pins.write_text("no-such-package==1.0\n")
    wrong = environment.environment("x", tmp_path, pins, "3.9")
    assert wrong.state == "fail"
    assert "3.9 is needed" in wrong.detail
    lacking = environment.environment("x", tmp_path, pins, "3.11+")
    assert lacking.state == "fail"
    assert "no-such-package is missing" in lacking.detail


@pytest.mark.parametrize(
    ("version", "wanted", "right"),
    [("3.10.13", "3.10", True), ("3.11.7", "3.10", False), ("3.12.1", "3.11+", True), ("3.9.1", "3.11+", False)],
)
def test_the_python_an_environment_needs(version, wanted, right):
    assert environment.right_python(version, wanted) is right


# --- storage


def test_a_shop_that_was_never_set_up_is_told_to_be(place):
    (check,) = storage.database(place)
    assert (check.state, check.mend) == ("fail", "make run")


def test_a_database_without_schema_is_told_to_be_migrated_and_an_empty_shop_to_be_filled(place):
    store = Store(place.store_url)
    with store.read():
        pass
    store.engine.connect().close()
    assert states(storage.database(place)) == {"schema": "fail"}
    migrate(store)
    assert states(storage.database(place)) == {"schema": "ok", "database": "ok", "catalogue": "warn"}
    with store.write() as session:
        session.add(Product(sku="a", group_key="a", title="Lamp", price_minor=100, currency="GBP"))
    assert states(storage.database(place)) == {"schema": "ok", "database": "ok", "catalogue": "ok"}
    store.close()


def test_a_damaged_database_is_found(place):
    store = Store(place.store_url)
    migrate(store)
    with store.write() as session:
        session.add_all(Product(sku=f"{k}", group_key="a", title="Lamp " * 50, price_minor=100, currency="GBP") for k in range(300))
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    path = place.var_dir / "shop.db"
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = os.urandom(len(data) - len(data) // 2)
    path.write_bytes(data)
    assert "fail" in {check.state for check in guarded("database", lambda: storage.database(place))}


def test_a_full_disk_is_a_failure(place, monkeypatch):
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: type("usage", (), {"free": 1e8}))
    assert storage.disk(place).state == "fail"


# --- processes


class Health(BaseHTTPRequestHandler):
    code = 200

    def do_GET(self) -> None:
        self.send_response(self.code)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_process_that_answers_is_well_one_that_is_sick_or_away_is_not():
    server = HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/health"
    assert processes.answers("web", url).state == "ok"
    Health.code = 503
    assert "503" in processes.answers("web", url).detail
    server.shutdown()
    server.server_close()
    away = processes.answers("web", url)
    assert (away.state, away.mend) == ("fail", "make run")


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, "ok"),
        ({"at": "2020-01-01T00:00:00+00:00"}, "fail"),
        ({"pid": 4_000_000}, "fail"),
        ({"jobs": {"profiling": {"failures": 3, "error": "OSError"}}}, "warn"),
    ],
)
def test_the_worker_is_judged_by_its_heartbeat(place, change, state):
    beat = {"pid": os.getpid(), "at": now().isoformat(), "backlog": {"turns": 2}, "jobs": {}} | change
    (place.var_dir / "worker.json").write_text(json.dumps(beat))
    assert processes.worker(place).state == state


def test_a_worker_without_or_with_a_broken_heartbeat_is_not_running(place):
    assert processes.worker(place).state == "fail"
    (place.var_dir / "worker.json").write_text("[1")
    assert processes.worker(place).state == "fail"


# --- models


@pytest.fixture
def trained_bot(place, monkeypatch):
    """A trained bot's files, whose inputs are still what they were."""
    folder = place.models_dir / "bot" / "v1"
    folder.mkdir(parents=True)
    (folder / "model.tar.gz").write_bytes(b"weights")
    manifest = {"sha256": sha256(b"weights").hexdigest(), "inputs_hash": "abc", "trained_at": now().isoformat(), "seconds": 21.5}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder.parent / "current.json").write_text('{"version": "v1"}')
    monkeypatch.setattr(models, "bot_inputs", lambda settings: "abc")
    return folder


def test_a_bot_that_was_never_trained_fails_with_the_command_that_trains_it(place):
    check = models.bot(place)
    assert (check.state, check.mend) == ("fail", ".venv/bin/shopkeeper train --only bot")


def test_a_trained_bot_is_well_until_its_inputs_change(place, trained_bot, monkeypatch):
    assert models.bot(place).state == "ok"
    monkeypatch.setattr(models, "bot_inputs", lambda settings: "def")
    outdated = models.bot(place)
    assert outdated.state == "warn"
    assert "changed since" in outdated.detail


def test_a_model_that_is_not_the_trained_file_fails(place, trained_bot):
    (trained_bot / "model.tar.gz").write_bytes(b"somebody else's")
    assert models.bot(place).state == "fail"


@pytest.mark.skipif(not models.RASA_PYTHON.exists(), reason="the Rasa environment is not set up")
def test_the_bots_inputs_are_reckoned_by_its_own_environment(place):
    assert re.fullmatch("[0-9a-f]{64}", models.bot_inputs(place))


def test_an_encoder_or_recommender_that_is_missing_fails(place):
    assert models.encoder(place).state == "fail"
    assert models.recommender(place).state == "fail"


# --- the command


def run(monkeypatch, checks, *arguments):
    app = typer.Typer()
    app.command()(command.doctor)
    monkeypatch.setattr(command, "examine", lambda settings: checks)
    monkeypatch.setenv("COLUMNS", "160")
    return CliRunner().invoke(app, list(arguments))


def test_it_ends_with_code_1_only_when_something_failed(monkeypatch):
    assert run(monkeypatch, [ok("web", "fine"), warn("disk", "little room", "free some")]).exit_code == 0
    sick = run(monkeypatch, [ok("web", "fine"), fail("rasa", "not running", "make run")])
    assert sick.exit_code == 1
    assert "1 failed" in sick.output
    assert "make run" in sick.output


def test_json_tells_the_same(monkeypatch):
    told = json.loads(run(monkeypatch, [fail("rasa", "not running", "make run")], "--json").stdout)
    assert told == {"healthy": False, "checks": [{"name": "rasa", "state": "fail", "detail": "not running", "mend": "make run"}]}


def test_a_check_that_breaks_is_a_finding_itself():
    def broken():
        raise KeyError("price")

    (check,) = guarded("bot model", broken)
    assert check.state == "fail"
    assert "KeyError" in check.detail


def test_the_whole_examination_runs_on_a_machine_where_nothing_is_set_up(tmp_path):
    settings = Settings(var_dir=tmp_path / "none", database_url="", port=18401, rasa_port=18402, actions_port=18403)
    checks = command.examine(settings)
    assert {"web", "rasa", "actions", "worker", "database", "encoder", "recommender", "bot", "disk"} <= set(states(checks))
    assert all(check.mend for check in checks if check.state != "ok")
    assert not Path(tmp_path / "none" / "shop.db").exists()  # looking creates nothing
