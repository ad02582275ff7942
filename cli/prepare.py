"""What must be there before the shop can open: schema, products, encoder, trained models. Every step does only what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from recommender.encoder import directory
from recommender.spark_session import Source
from shop.settings import PROJECT, Settings
from shop.store import Store

Say = Callable[[str], None]
RASA_PYTHON = PROJECT / ".venv-rasa" / "bin" / "python"


class CannotPrepare(Exception):
    """What stands in the way and what to do about it."""


def prepare(settings: Settings, store: Store, say: Say) -> None:
    """Everything, in the order in which the steps need each other."""
    enough_disk(settings)
    for name, step in (
        ("database", schema),
        ("demo shop", demo_shop),
        ("console", console),
        ("sentence encoder", encoder),
        ("recommender", recommender),
        ("predictions", predictions),
        ("bot", bot),
    ):
        began = time.monotonic()
        say(f"[bold]{name}[/bold] ...")
        outcome = step(settings, store, say)
        say(f"  {outcome} [dim]({time.monotonic() - began:.1f} s)[/dim]")


def enough_disk(settings: Settings, needed_gb: float = 0.5) -> None:
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.var_dir).free / 1e9
    if free < needed_gb:
        raise CannotPrepare(
            f"the disk is full: {free:.2f} GB are free under {settings.var_dir}. "
            f"Free {needed_gb:.1f} GB or set SHOPKEEPER_VAR_DIR to a disk with room."
        )


def schema(settings: Settings, store: Store, say: Say) -> str:
    from shop.migrate import migrate, schema_version

    before, wanted = schema_version(store)
    if before == wanted:
        return "up to date"
    migrate(store)
    return f"migrated to {wanted}"


def demo_shop(settings: Settings, store: Store, say: Say) -> str:
    """Fills an empty store with the demo shop, if that is wanted, and writes the words by which customers name products."""
    from shop.catalogue import write_vocabulary
    from shop.demo import load_demo

    report = load_demo(store, progress=lambda step: say(f"  {step}")) if settings.demo else None
    with store.read() as session:
        write_vocabulary(session, vocabulary_path(settings))
    if report is None:
        return "not wanted (SHOPKEEPER_DEMO is off)"
    if not report.loaded:
        return "the store has products already"
    return f"{report.products} products, {report.customers} customers, {report.orders} orders, {report.interactions:,} interactions"


def console(settings: Settings, store: Store, say: Say) -> str:
    """The demo's colleagues; a real shop makes its own: never a default password."""
    from shop.demo.colleague import COLLEAGUES, add_demo_colleagues

    if not settings.demo:
        return "make an administrator with: .venv/bin/shopkeeper staff add EMAIL --name NAME --role admin"
    made = add_demo_colleagues(settings, store)
    return f"{len(COLLEAGUES)} colleagues were made, each with a random password" if made else "somebody can sign in already"


def encoder(settings: Settings, store: Store, say: Say) -> str:
    from recommender.export import export

    export(settings, progress=lambda text: say(f"  {text}"))
    return f"{settings.encoder} is there"


def recommender(settings: Settings, store: Store, say: Say, force: bool = False) -> str:
    from recommender.train import chosen, train

    try:
        chosen(settings)
    except ValueError as problem:
        raise CannotPrepare(str(problem)) from problem
    version = train(settings, store, progress=lambda text: say(f"  {text}"), force=force)
    return f"version {version.name}"


def recommender_by_spark(settings: Settings, store: Store, say: Say, source: Source, force: bool = False) -> str:
    """Always trains: whether there is anything new in another system's files cannot be told from the store."""
    from recommender.spark import train_with_spark
    from recommender.spark_session import CannotUseSpark

    try:
        return f"version {train_with_spark(settings, store, source, progress=lambda text: say(f'  {text}')).name}"
    except CannotUseSpark as problem:
        raise CannotPrepare(str(problem)) from problem


def predictions(settings: Settings, store: Store, say: Say, force: bool = False) -> str:
    """How likely customers are to buy or to stay away. Takes a second or two: trained anew unless it was within the day."""
    from marketing import propensity

    target = propensity.path(settings)
    if not force and target.exists() and time.time() - target.stat().st_mtime < 86400:
        return "trained within a day"
    with store.read() as session:
        found = propensity.train(settings, session)
    if not found:
        return "too little has happened in the shop to foretell anything"
    return ", ".join(f"{name.replace('_', ' ')}: AUC {one.auc:.2f} on {one.customers} customers" for name, one in found.items())


def bot(settings: Settings, store: Store, say: Say, force: bool = False) -> str:
    """Trains the bot in Rasa's environment, which skips the work when neither examples nor pipeline changed."""
    if not RASA_PYTHON.exists():
        raise CannotPrepare("the Rasa environment is missing. Run: make setup")
    command = [str(RASA_PYTHON), "-m", "bot.rasa.train", "--out", str(bot_models(settings)), *(["--force"] if force else [])]
    log = settings.var_dir / "logs" / "train-bot.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    last = ""
    # Rasa's progress bars go to the log: they are made for a terminal of their own.
    with (
        log.open("w") as aside,
        subprocess.Popen(command, cwd=PROJECT, env=rasa_environment(settings), stdout=subprocess.PIPE, stderr=aside, text=True) as training,
    ):
        for line in training.stdout or ():
            last = line.rstrip()
            say(f"  {last}")
    if training.returncode:
        raise CannotPrepare(f"the bot could not be trained ({last}); see {log}")
    return "ready"


def bot_models(settings: Settings) -> Path:
    return settings.models_dir / "bot"


def vocabulary_path(settings: Settings) -> Path:
    return settings.var_dir / "vocabulary.json"


def rasa_environment(settings: Settings) -> dict[str, str]:
    """What the Rasa processes are told; they cannot read our settings."""
    return {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "SHOPKEEPER_PYTHON": sys.executable,  # has torch, which Rasa's lacks
        "RASA_TELEMETRY_ENABLED": "false",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SHOPKEEPER_INTERNAL_SECRET": settings.secret("internal_secret"),
        "SHOPKEEPER_ACTION_TIMEOUT": str(settings.action_timeout),
        "SHOPKEEPER_ENCODER_DIR": str(directory(settings)),
        "SHOPKEEPER_VOCABULARY": str(vocabulary_path(settings)),
    }
