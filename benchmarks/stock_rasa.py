"""A stock Rasa to compare with: its default pipeline and policies, REST channel and SQL tracker store, with our domain, examples and
action server. Training takes some minutes and is done once per state of domain and examples."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from cli.prepare import rasa_environment
from cli.supervise import healthy
from shop.settings import PROJECT, Settings

RASA = PROJECT / ".venv-rasa" / "bin" / "rasa"


def default(epochs: int) -> dict[str, Any]:
    """Rasa 3.6's default for English, written out (rasa/engine/recipes/config_files/default_config.yml; there it is 100 epochs)."""
    trained = {"epochs": epochs, "constrain_similarities": True}
    return {
        "recipe": "default.v1",
        "language": "en",
        "pipeline": [
            {"name": "WhitespaceTokenizer"},
            {"name": "RegexFeaturizer"},
            {"name": "LexicalSyntacticFeaturizer"},
            {"name": "CountVectorsFeaturizer"},
            {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
            {"name": "DIETClassifier", **trained},
            {"name": "EntitySynonymMapper"},
            {"name": "ResponseSelector", **trained},
            {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
        ],
        "policies": [
            {"name": "MemoizationPolicy"},
            {"name": "RulePolicy"},
            {"name": "UnexpecTEDIntentPolicy", "max_history": 5, "epochs": epochs},
            {"name": "TEDPolicy", "max_history": 5, **trained},
        ],
    }


def train(cache: Path, epochs: int = 100) -> Path:
    """The model's path; trained when there is none for this domain and these examples. Fewer epochs than Rasa's default give a model
    that understands less and costs the same to serve."""
    config = default(epochs)
    sources = [PROJECT / "domain.yml", *sorted((PROJECT / "nlu_data").glob("*.yml"))]
    state = hashlib.sha256(repr(config).encode() + b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    folder = cache / state
    model = folder / "stock.tar.gz"
    if not model.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False))
        print("Training stock Rasa with its default configuration (some minutes, once) ...", flush=True)
        command = [str(RASA), "train", "--config", str(folder / "config.yml"), "--domain", str(PROJECT / "domain.yml")]
        command += ["--data", str(PROJECT / "nlu_data"), "--out", str(folder), "--fixed-model-name", "stock"]
        with (folder / "train.log").open("w") as log:
            subprocess.run(command, cwd=folder, env=environment(), stdout=log, stderr=subprocess.STDOUT, check=True)
    return model


@contextmanager
def serving(settings: Settings, model: Path, port: int, actions_url: str) -> Iterator[str]:
    """Serves the model with an SQL tracker store on SQLite. Yields its address."""
    folder = model.parent / "run"
    folder.mkdir(exist_ok=True)
    (folder / "tracker.db").unlink(missing_ok=True)
    endpoints = {
        "action_endpoint": {"url": f"{actions_url}/webhook", "headers": {"Authorization": f"Bearer {settings.secret('internal_secret')}"}},
        "tracker_store": {"type": "SQL", "dialect": "sqlite", "db": str(folder / "tracker.db")},
    }
    (folder / "endpoints.yml").write_text(yaml.safe_dump(endpoints))
    (folder / "credentials.yml").write_text("rest:\n")
    command = [str(RASA), "run", "--model", str(model), "--port", str(port), "--interface", "127.0.0.1"]
    command += ["--endpoints", str(folder / "endpoints.yml"), "--credentials", str(folder / "credentials.yml")]
    with (folder / "serve.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment() | rasa_environment(settings), stdout=log, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        wait(server, url)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def wait(server: subprocess.Popen, url: str, seconds: float = 180.0) -> None:
    deadline = time.monotonic() + seconds
    while not healthy(f"{url}/"):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the stock Rasa did not start; see run/serve.log beside its model")
        time.sleep(0.5)


def environment() -> dict[str, str]:
    return {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "SQLALCHEMY_SILENCE_UBER_WARNING": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
