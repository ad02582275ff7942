"""Are the encoder, the recommender and the bot trained, whole, and up to date?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.health.check import Check, fail, ok, warn
from cli.prepare import bot_models
from recommender import versions
from recommender.encoder import EncoderMissing, checked_manifest, directory, file_hash
from recommender.train import up_to_date
from recommender.versions import NoModel
from shop.settings import PROJECT, Settings
from shop.store import Store

TRAIN = ".venv/bin/shopkeeper train"


def encoder(settings: Settings) -> Check:
    try:
        manifest = checked_manifest(directory(settings))
    except EncoderMissing as missing:
        return fail("encoder", first_part(missing), "make run")
    return ok("encoder", f"{settings.encoder}, {manifest['dim']} dimensions, files as exported")


def recommender(settings: Settings) -> Check:
    try:
        version = versions.current(settings)
        versions.read(version)
    except NoModel as missing:
        return fail("recommender", f"{first_part(missing)}; content and popularity answer meanwhile", TRAIN)
    store = Store(settings.store_url)
    try:
        fresh = up_to_date(settings, store) is not None
    finally:
        store.close()
    told = f"version {version.name}, trained in {version.manifest.get('seconds', '?')} s, files as written"
    return ok("recommender", told) if fresh else warn("recommender", f"{told}, but the store has changed since by more than 1 %", TRAIN)


def bot(settings: Settings) -> Check:
    folder = bot_models(settings)
    try:
        manifest, archive = bot_manifest(folder)
        whole = file_hash(archive) == manifest["sha256"]
        told = f"trained {manifest['trained_at'][:16].replace('T', ' ')} in {manifest['seconds']:.0f} s"
        inputs = manifest["inputs_hash"]
    except (OSError, ValueError, KeyError, TypeError):
        return fail("bot", "not trained, or its manifest cannot be read", TRAIN)
    if not whole:
        return fail("bot", f"the model in {folder.name}/ is not the file that was trained; it will not be loaded", f"{TRAIN} --force")
    if inputs != inputs_hash(PROJECT):
        return warn("bot", f"{told}, but examples, domain, pipeline or components have changed since", f"{TRAIN}, then restart")
    return ok("bot", f"{told}, file as written, inputs unchanged")


def first_part(error: Exception) -> str:
    """What is wrong, without the advice that follows it: that has a column of its own."""
    return str(error).split(";")[0]


def bot_manifest(folder: Path) -> tuple[Mapping[str, Any], Path]:
    """The manifest of the model that `current.json` points to, and the model's archive."""
    current = json.loads((folder / "current.json").read_text())
    place = folder / Path(current["model"]).name
    return json.loads((place / "manifest.json").read_text()), place / "model.tar.gz"


def inputs_hash(project: Path) -> str:
    """SHA-256 over path and bytes of all that the bot is trained from, in the order of their paths: the same as in bot/rasa/train.py,
    which lives in an environment of its own and shares no code with us."""
    files = [project / "config.yml", project / "domain.yml", *(project / "nlu_data").rglob("*"), *(project / "bot/rasa").rglob("*.py")]
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        digest.update(str(path.relative_to(project)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
