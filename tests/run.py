"""`make test` and `make test-slow`: the suites in order, with a clear last word. `python tests/run.py fast|slow`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BIN, RASA = PROJECT / ".venv/bin", PROJECT / ".venv-rasa/bin"
PYTEST = [str(BIN / "python"), "-m", "pytest", "-q", "--ignore=tests/bot/rasa"]
RASA_PYTEST = [str(RASA / "python"), "-m", "pytest", "-q", "-c", "tests/bot/rasa/pytest.ini", "tests/bot/rasa"]
ENCODER = PROJECT / "var/test-template/encoder/all-MiniLM-L6-v2"
FAST = ["-n", "2", "--dist", "loadgroup", "-m", "not slow and not browser and not fault"]

SUITES = {
    "fast": [
        ("style", [str(BIN / "ruff"), "check", "."]),
        ("formatting", [str(BIN / "ruff"), "format", "--check", "."]),
        ("the demo shop and its models, for the tests that talk to the bot", [str(BIN / "python"), "-m", "tests.harness.stack"]),
        ("the Rasa side, in its own environment", RASA_PYTEST),
        ("shop, recommender, gateway, actions, worker, conversations", [*PYTEST, *FAST]),
    ],
    "slow": [
        ("real data, full size", [*PYTEST, "-m", "slow and not browser and not fault"]),
        ("browser", [*PYTEST, "-m", "browser"]),
        ("faults and load", [*PYTEST, "-m", "fault"]),
    ],
}


def main(which: str) -> int:
    failed = []
    environment = {**os.environ, "SHOPKEEPER_ENCODER_DIR": str(ENCODER)}
    for number, (name, command) in enumerate(SUITES[which], 1):
        print(f"\n=== [{number}/{len(SUITES[which])}] {name}", flush=True)
        began = time.monotonic()
        code = subprocess.run(command, cwd=PROJECT, env=environment).returncode
        print(f"--- {name}: {'failed' if code else 'passed'} after {time.monotonic() - began:.0f} s", flush=True)
        failed += [name] if code else []
    print(f"\nNot everything passed. Failed: {'; '.join(failed)}" if failed else f"\nAll {len(SUITES[which])} suites passed.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
