"""Trains a bot aside, and asks trained bots what they make of messages."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cli.prepare import RASA_PYTHON, CannotPrepare, bot_models, rasa_environment
from shop.settings import PROJECT, Settings

Reading = dict[str, Any]  # intent, confidence, entities {name: value}, action


def train_aside(settings: Settings, project: Path, out: Path, say: Callable[[str], None]) -> Path:
    """Trains the project's examples into `out`, a new folder; the bot in use is not touched. Raises CannotPrepare."""
    out.mkdir(parents=True, exist_ok=True)
    known = bot_models(settings) / "embeddings.npz"
    if known.exists():
        shutil.copy(known, out)  # texts that were encoded before are not encoded again
    command = [str(RASA_PYTHON), "-m", "bot.rasa.train", "--out", str(out), "--project", str(project)]
    done = subprocess.run(command, cwd=PROJECT, env=rasa_environment(settings), capture_output=True, text=True)
    if done.returncode:
        raise CannotPrepare(f"the changed bot could not be trained: {(done.stderr or done.stdout).strip()[-1500:]}")
    say(done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "trained")
    return out


def read(settings: Settings, model: Path, conversations: Sequence[Sequence[dict[str, Any]]]) -> list[list[Reading]]:
    """What that model makes of each message of each conversation; see bot/rasa/reread.py. Raises CannotPrepare."""
    command = [str(RASA_PYTHON), "-m", "bot.rasa.reread", "--model", str(model.resolve())]
    sent = "".join(json.dumps({"turns": list(turns)}) + "\n" for turns in conversations)
    done = subprocess.run(command, cwd=PROJECT, env=rasa_environment(settings), input=sent, capture_output=True, text=True)
    if done.returncode:
        raise CannotPrepare(f"the model in {model} could not be asked: {done.stderr.strip()[-800:]}")
    return [json.loads(line)["turns"] for line in done.stdout.splitlines()]


def read_texts(settings: Settings, model: Path, texts: Sequence[str]) -> list[Reading]:
    """Each text as if it began a conversation."""
    return [turns[0] for turns in read(settings, model, [[{"text": text}] for text in texts])]
