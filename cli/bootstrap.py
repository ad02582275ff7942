"""Brings the two environments, with nothing but Python 3.11+ at hand. `python3 cli/bootstrap.py` (standard library only).

`.venv` (3.11+) holds everything of ours; `.venv-rasa` (3.10) holds the Rasa server, which runs on no newer Python. An environment is
touched only when its pinned requirements changed since it was made.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
NEEDED_GB = 4.0  # both environments, the models and the demo shop


class SetupError(Exception):
    """What is wrong and how to mend it, in one line."""


def main() -> None:
    if sys.version_info < (3, 11):
        raise SetupError(
            f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. Install it, or run: make PYTHON=/path/to/python3.11 run"
        )
    app, rasa = PROJECT / ".venv", PROJECT / ".venv-rasa"
    spark = "--spark" in sys.argv or (app / ".spark").exists()  # once asked for, it stays
    pins = [PROJECT / f"requirements/{name}.txt" for name in ("app", "test", *(["spark"] if spark else []))]
    wanted = [
        (app, pins, lambda uv: sys.executable, "application"),
        (rasa, [PROJECT / "bot/rasa/requirements.txt"], python310, "Rasa"),
    ]
    stale = [job for job in wanted if not is_current(job[0], job[1])]
    if not stale:
        return
    free = shutil.disk_usage(PROJECT).free / 1e9
    if free < NEEDED_GB:
        raise SetupError(
            f"{free:.1f} GB are free under {PROJECT} and the set-up needs about {NEEDED_GB:.0f} GB. Free some space and run it again."
        )
    uv = find_uv()
    for number, (place, pins, interpreter, name) in enumerate(stale, 1):
        say(f"[{number}/{len(stale)}] the {name} environment in {place.name} ...")
        began = time.monotonic()
        create(uv, place, interpreter(uv))
        install(uv, place, pins)
        if place is app:
            run([uv, "pip", "install", "--quiet", "--python", str(python_of(place)), "--no-deps", "--editable", str(PROJECT)])
            if spark:
                (place / ".spark").touch()
        (place / ".pins").write_text(fingerprint(pins))
        say(f"      ready after {time.monotonic() - began:.0f} s")


def is_current(place: Path, pins: list[Path]) -> bool:
    stamp = place / ".pins"
    return python_of(place).exists() and stamp.exists() and stamp.read_text() == fingerprint(pins)


def fingerprint(pins: list[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in [*pins, PROJECT / "pyproject.toml"])).hexdigest()


def python_of(place: Path) -> Path:
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def find_uv() -> str:
    """uv from PATH, or from an environment of its own under .uv."""
    found = shutil.which("uv")
    if found and runs([found, "--version"]):
        return found
    place = PROJECT / ".uv"
    uv = place / "bin" / "uv"
    if not uv.exists():
        say("Fetching uv, the installer ...")
        if not runs([sys.executable, "-m", "venv", str(place)]) or not runs([str(place / "bin/pip"), "install", "--quiet", "uv"]):
            shutil.rmtree(place, ignore_errors=True)
            raise SetupError(
                f"uv could not be installed with {sys.executable}. Install it yourself (python3 -m pip install uv) and run this again."
            )
    return str(uv)


def python310(uv: str) -> str:
    """A Python 3.10 that runs: from PATH, from pyenv (whose shims answer for versions that are not selected), from uv, or fetched by uv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which("python3.10"), *map(str, sorted(pyenv.glob("3.10.*/bin/python"), reverse=True))]
    for candidate in filter(None, candidates):
        if runs([candidate, "-c", "import sys, venv; sys.exit(sys.version_info[:2] != (3, 10))"]):
            return candidate
    if runs([uv, "python", "find", "3.10"]):
        return "3.10"
    say("      no Python 3.10 on this machine: uv fetches one ...")
    if not runs([uv, "python", "install", "3.10"]):
        raise SetupError(
            "Rasa needs Python 3.10, none was found and uv could not fetch it. Install Python 3.10 (pyenv install 3.10) and run this again."
        )
    return "3.10"


def create(uv: str, place: Path, interpreter: str) -> None:
    if not python_of(place).exists():
        run([uv, "venv", "--quiet", "--python", interpreter, str(place)])


def install(uv: str, place: Path, pins: list[Path]) -> None:
    """Installs the pins. torch comes in its CPU build: from a local folder of wheels where pip is set up with one, else by uv's own
    means; the default build, with several GB for graphics cards, is the last resort."""
    command = [uv, "pip", "sync", "--quiet", "--python", str(python_of(place)), *map(str, pins)]
    needs_torch = any("\ntorch==" in "\n" + path.read_text() for path in pins)
    local_wheels = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS")
    environment = {**os.environ, **({"UV_FIND_LINKS": local_wheels} if local_wheels else {})}
    if needs_torch and not local_wheels and run([*command, "--torch-backend", "cpu"], environment, check=False):
        return
    run(command, environment)


def run(command: list[str], environment: dict[str, str] | None = None, check: bool = True) -> bool:
    """Runs it, saying every ten seconds that it still does. Its errors are shown as they come."""
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, cwd=PROJECT)
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
            break
        say(f"      ... {time.monotonic() - began:.0f} s")
    if process.returncode and check:
        raise SetupError(
            f"this step failed, see above: {' '.join(command)}"
            "\nMend it (often: no network, or a full disk) and run it again; nothing is lost."
        )
    return process.returncode == 0


def runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=PROJECT).returncode == 0
    except OSError:
        return False


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        main()
    except SetupError as error:
        sys.exit(f"Set-up stopped: {error}")
    except KeyboardInterrupt:
        sys.exit("\nSet-up interrupted; run it again and it goes on where it was.")
