"""Are the encoder, the recommender and the bot trained, whole, and up to date?"""

from __future__ import annotations

import json
import subprocess

from cli.health.check import Check, fail, ok, warn
from cli.prepare import RASA_PYTHON, bot_models, rasa_environment
from recommender import versions
from recommender.encoder import EncoderMissing, checked_manifest, directory, file_hash
from recommender.versions import NoModel
from shop.settings import PROJECT, Settings
from shop.store import Store

TRAIN = ".venv/bin/shopkeeper train"
# Run in the bot's environment, whose package versions are part of the fingerprint.
INPUTS_HASH = """
from pathlib import Path
from bot.rasa.train import inputs_hash
files = [Path("config.yml"), Path("domain.yml"), *sorted(Path("nlu_data").glob("**/*.yml"))]
print(inputs_hash(files, Path()))
"""


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
        return fail("recommender", f"{first_part(missing)}; content and popularity answer meanwhile", f"{TRAIN} --only recommender --force")
    store = Store(settings.store_url)
    try:
        from recommender.train import up_to_date  # brings all that training needs; every command would wait for it

        fresh = up_to_date(settings, store) is not None
    finally:
        store.close()
    told = f"version {version.name}, trained in {version.manifest.get('seconds', '?')} s, files as written"
    return (
        ok("recommender", told)
        if fresh
        else warn("recommender", f"{told}, but the store has changed since by more than 1 %", f"{TRAIN} --only recommender")
    )


def bot(settings: Settings) -> Check:
    folder = bot_models(settings)
    try:
        version = json.loads((folder / "current.json").read_text())["version"]
        manifest = json.loads((folder / version / "manifest.json").read_text())
        whole = file_hash(folder / version / "model.tar.gz") == manifest["sha256"]
        told = f"{version}, trained in {manifest['seconds']:.0f} s"
        trained_from = manifest["inputs_hash"]
    except (OSError, ValueError, KeyError, TypeError):
        return fail("bot", "not trained, or its manifest cannot be read", f"{TRAIN} --only bot")
    if not whole:
        return fail("bot", f"{version} is not the file that was trained, and will not be loaded", f"{TRAIN} --only bot --force")
    if trained_from != bot_inputs(settings):
        return warn("bot", f"{told}; examples, domain, pipeline or components have changed since", f"{TRAIN} --only bot, then restart")
    return ok("bot", f"{told}, file as written, inputs unchanged")


def bot_inputs(settings: Settings) -> str:
    """The fingerprint of all that the bot is trained from, as its own environment reckons it. Raises CalledProcessError when it cannot."""
    command = [str(RASA_PYTHON), "-c", INPUTS_HASH]
    told = subprocess.run(command, cwd=PROJECT, env=rasa_environment(settings), capture_output=True, text=True, timeout=60, check=True)
    return told.stdout.strip()


def first_part(error: Exception) -> str:
    """What is wrong, without the advice that follows it: that has a column of its own."""
    return str(error).split(";")[0]
