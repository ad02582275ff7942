"""What stops the set-up is said in one line, with a way out, before anything is downloaded."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections import namedtuple
from pathlib import Path

import pytest

from shop.settings import PROJECT


@pytest.fixture
def bootstrap():
    """cli/bootstrap.py, which runs by itself, before the package is installed."""
    spec = importlib.util.spec_from_file_location("bootstrap", PROJECT / "cli/bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_machine_without_python_is_told_so(tmp_path):
    for tool in ("make", "sh", "awk", "test"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    done = subprocess.run(
        [str(tmp_path / "make"), "run"], cwd=PROJECT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2
    assert done.stdout.startswith("Set-up stopped: no Python 3.11 or newer was found. Install one, or say which: make PYTHON=")


def test_an_old_python_is_refused_by_name(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2))
    with pytest.raises(bootstrap.SetupError, match=r"Python 3\.11 or newer is needed; this is .* make PYTHON="):
        bootstrap.main()


def test_a_disk_without_room_is_told_with_what_is_needed(bootstrap, monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(bootstrap, "is_current", lambda place, pins: False)
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda path: usage(1, 1, int(0.3e9)))
    with pytest.raises(bootstrap.SetupError, match=r"0\.3 GB are free under .* needs about 4 GB"):
        bootstrap.main()


def test_a_failing_step_names_its_command_and_says_that_nothing_is_lost(bootstrap):
    with pytest.raises(bootstrap.SetupError, match="this step failed, see above: false\nMend it .* nothing is lost"):
        bootstrap.run(["false"])


def test_an_environment_is_made_again_only_when_its_pins_change(bootstrap, tmp_path):
    place, pins = tmp_path / "env", [tmp_path / "pins.txt"]
    pins[0].write_text("one==1\n")
    bootstrap.python_of(place).parent.mkdir(parents=True)
    bootstrap.python_of(place).touch()
    assert not bootstrap.is_current(place, pins)
    Path(place / ".pins").write_text(bootstrap.fingerprint(pins))
    assert bootstrap.is_current(place, pins)
    pins[0].write_text("one==2\n")
    assert not bootstrap.is_current(place, pins)
