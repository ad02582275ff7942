"""Where trained models lie: DIR/<version>/{model.tar.gz, manifest.json}, and DIR/current.json names the version in use."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

ARCHIVE, MANIFEST, CURRENT = "model.tar.gz", "manifest.json", "current.json"
KEPT = 2


class NoModel(RuntimeError):
    """There is no model that may be loaded; the message says why and what to do."""


def current(directory: Path) -> tuple[Path, dict[str, Any]]:
    """The archive in use and its manifest, its SHA-256 checked.

    Raises:
        NoModel: none is trained, or the archive is not the one the manifest speaks of.
    """
    try:
        version = directory / json.loads((directory / CURRENT).read_text())["version"]
        manifest = json.loads((version / MANIFEST).read_text())
        archive = version / ARCHIVE
        actual = sha256(archive)
    except (OSError, ValueError, KeyError) as error:
        raise NoModel(f"No trained bot in {directory} ({type(error).__name__}). Train it: shopkeeper train --only bot") from None
    if actual != manifest.get("sha256"):
        raise NoModel(
            f"The model {archive} does not match its manifest and is not loaded. Train it again: shopkeeper train --only bot --force"
        )
    return archive, manifest


def publish(directory: Path, version: str, built: Path, manifest: dict[str, Any]) -> Path:
    """Makes the archive `built` the current model: complete under its final name first, then pointed at. Keeps one older version."""
    final = directory / version
    partial = directory / f".{version}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    shutil.move(str(built), partial / ARCHIVE)
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=1))
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    pointer = directory / f"{CURRENT}.partial"
    pointer.write_text(json.dumps({"version": version}))
    pointer.replace(directory / CURRENT)
    versions = sorted(
        (path for path in directory.iterdir() if (path / MANIFEST).is_file()), key=lambda path: (path / MANIFEST).stat().st_mtime
    )
    for old in versions[:-KEPT]:
        if old != final:
            shutil.rmtree(old, ignore_errors=True)
    return final


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
