"""Is what the pinned requirements ask for installed, in both environments?"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from cli.health.check import Check, fail, ok

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^\s;]+)\s*(;.*)?$")
TELL = (
    "import importlib.metadata as m, json, platform;"
    "print(json.dumps({'python': platform.python_version(), 'packages': {d.metadata['Name']: d.version for d in m.distributions()}}))"
)


def environment(name: str, place: Path, pins: Path, python: str) -> Check:
    """`python` is what its version must start with (3.10), or, with a plus (3.11+), the least it may be."""
    mend = f"rm -f {place.name}/.pins && make setup"
    interpreter = place / "bin" / "python"
    try:
        told = subprocess.run([str(interpreter), "-c", TELL], capture_output=True, text=True, timeout=60, check=True)
        found = json.loads(told.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return fail(name, f"no working Python in {place.name}", mend)
    if not right_python(found["python"], python):
        return fail(name, f"Python {found['python']}, but {python} is needed", f"rm -rf {place.name} && make setup")
    missing, different = compare(pinned(pins), found["packages"])
    if missing or different:
        problems = [f"{package} is missing" for package in missing] + [
            f"{package} is {has}, pinned {want}" for package, has, want in different
        ]
        more = f" and {len(problems) - 4} more" if len(problems) > 4 else ""
        return fail(name, "; ".join(problems[:4]) + more, mend)
    return ok(name, f"Python {found['python']}, all {len(pinned(pins))} pinned packages")


def right_python(version: str, wanted: str) -> bool:
    if wanted.endswith("+"):
        return Version(version) >= Version(wanted[:-1])
    return version.startswith(wanted + ".")


def pinned(path: Path) -> dict[str, str]:
    """Package -> version of a requirements file; a line with an environment marker is left to the installer."""
    lines = (PIN.match(line.strip()) for line in path.read_text().splitlines())
    return {canonicalize_name(match[1]): match[2] for match in lines if match and not match[3]}


def compare(wanted: Mapping[str, str], installed: Mapping[str, str]) -> tuple[list[str], list[tuple[str, str, str]]]:
    """(missing, [(package, installed, wanted)]). A build's local suffix (2.1.0+cpu) does not count."""
    has = {canonicalize_name(name): version for name, version in installed.items() if name}
    missing = sorted(set(wanted) - set(has))
    different = [
        (name, has[name], version)
        for name, version in sorted(wanted.items())
        if name in has and Version(has[name]).public != Version(version).public
    ]
    return missing, different
