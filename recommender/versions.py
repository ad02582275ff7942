"""Trained models on disk: arrays and JSON, hash-checked, one pointer to the current version."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recommender.encoder import file_hash

if TYPE_CHECKING:
    from recommender.data import Settings

KEEP = 3
FILES = ("arrays.npz", "model.json")


class NoModel(RuntimeError):
    """There is no usable trained model; the message says why."""


@dataclass(frozen=True)
class Version:
    """A trained model. `manifest`: trained_at, seconds, metrics, facts (what it was trained on), sha256 of its files."""

    name: str
    folder: Path
    manifest: Mapping[str, Any]


def home(settings: Settings) -> Path:
    return settings.models_dir / "recommender"


def current_name(settings: Settings) -> str | None:
    """The version that is to be served; cheap enough to ask often."""
    try:
        return (home(settings) / "current").read_text().strip() or None
    except OSError:
        return None


def current(settings: Settings) -> Version:
    """Raises NoModel when nothing was trained, or the manifest cannot be read."""
    name = current_name(settings)
    if name is None:
        raise NoModel("the recommender has not been trained; run: shopkeeper train")
    folder = home(settings) / Path(name).name
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        if not isinstance(manifest["sha256"], dict):
            raise TypeError("sha256 is no mapping")
        return Version(name, folder, manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoModel(f"the model {name} has no readable manifest; run: shopkeeper train --force") from error


def read(version: Version) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and description of a version whose files are what was written. Raises NoModel when they are not."""
    try:
        for file in FILES:
            if file_hash(version.folder / file) != version.manifest["sha256"].get(file):
                raise NoModel(f"{file} of the model {version.name} is damaged; run: shopkeeper train --force")
        with np.load(version.folder / "arrays.npz", allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return arrays, json.loads((version.folder / "model.json").read_text())
    except (OSError, ValueError) as error:
        raise NoModel(f"the model {version.name} cannot be read ({error}); run: shopkeeper train --force") from error


def newest(settings: Settings) -> Mapping[str, Any]:
    """The manifest of the version that was trained last, served or refused; empty when there is none that can be read."""
    try:
        return json.loads((_stored(settings)[-1] / "manifest.json").read_text())
    except (OSError, ValueError, IndexError):
        return {}


def previous(settings: Settings) -> Version | None:
    """The newest sound version before the current one, None when there is none."""
    for folder in reversed(_stored(settings)):
        if folder.name < (current_name(settings) or ""):
            try:
                found = Version(folder.name, folder, json.loads((folder / "manifest.json").read_text()))
                if found.manifest.get("gate", {}).get("accepted", True):
                    read(found)
                    return found
            except (OSError, ValueError, KeyError, NoModel):
                continue
    return None


def write(
    settings: Settings, arrays: Mapping[str, np.ndarray], model: Mapping[str, Any], manifest: Mapping[str, Any], serve: bool = True
) -> Version:
    """Stores a version, makes it the current one in one step (unless it is not to `serve`), and removes all but the newest three and the
    current one."""
    now = datetime.now(UTC)
    name = now.strftime("%Y%m%dT%H%M%S.%fZ")
    folder, draft = home(settings) / name, home(settings) / f".{name}"
    draft.mkdir(parents=True)
    try:
        np.savez(draft / "arrays.npz", **arrays)
        (draft / "model.json").write_text(json.dumps(model, indent=1))
        full = {**manifest, "trained_at": now.isoformat(), "sha256": {file: file_hash(draft / file) for file in FILES}}
        (draft / "manifest.json").write_text(json.dumps(full, indent=1))
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    if serve:
        pointer = home(settings) / f".current-{os.getpid()}"
        pointer.write_text(name)
        pointer.replace(home(settings) / "current")
    for old in _stored(settings)[:-KEEP]:
        if old.name != current_name(settings):
            shutil.rmtree(old, ignore_errors=True)
    return Version(name, folder, full)


def _stored(settings: Settings) -> list[Path]:
    """All versions' folders, oldest first."""
    folder = home(settings)
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")) if folder.is_dir() else []
