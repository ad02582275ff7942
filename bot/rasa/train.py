"""Trains the bot: `python -m bot.rasa.train --out DIR`. Trains nothing when nothing changed (`--force` does)."""

from __future__ import annotations

import argparse
import hashlib
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bot.rasa import light, models

HERE = Path(__file__).resolve().parent


def main() -> int:
    arguments = _arguments()
    light.install()

    from rasa.shared.exceptions import RasaException

    from bot.rasa.check import BadData
    from bot.rasa.nlu.encoder import EncoderMissing

    try:
        train(arguments.out, arguments.project, arguments.force, lambda line: print(line, flush=True))
    except BadData as error:
        print(f"The bot's data has mistakes:\n{error}", file=sys.stderr)
        return 1
    except (RasaException, EncoderMissing, OSError) as error:
        print(f"The bot cannot be trained: {_innermost(error)}", file=sys.stderr)
        return 1
    return 0


def train(out: Path, project: Path, force: bool, say: Callable[[str], None]) -> Path:
    """The directory of the model: a new one, or the current one when neither data, pipeline, encoder nor versions changed.

    Raises:
        BadData: names in domain.yml and nlu_data/ that do not fit together.
        RasaException, EncoderMissing: what training itself refuses.
    """
    began = time.monotonic()
    config_file, domain_file, data = project / "config.yml", project / "domain.yml", project / "nlu_data"
    inputs = inputs_hash([config_file, domain_file, *sorted(data.glob("**/*.yml"))], project)
    if not force:
        try:
            archive, manifest = models.current(out)
            if manifest["inputs_hash"] == inputs:
                say(f"the bot is up to date (trained {manifest['trained_at']})")
                return archive.parent
        except models.NoModel:
            pass
    _logging(say)
    say("reading and checking the examples")
    from rasa.shared.importers.importer import TrainingDataImporter

    from bot.rasa.check import check
    from bot.rasa.examples import FEWEST

    importer = TrainingDataImporter.load_from_config(str(config_file), str(domain_file), [str(data)])
    ours = next((part for part in importer.get_config()["pipeline"] if part["name"].endswith(".HybridIntentClassifier")), {})
    check(importer.get_domain(), domain_file, sorted(data.glob("**/*.yml")), ours.get("fewest_examples", FEWEST))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".training") as scratch:
        built = Path(scratch) / models.ARCHIVE
        say("training intents, rules and memory")
        _train(importer, Path(scratch) / "graph", built, out / "embeddings.npz")
        seconds = round(time.monotonic() - began, 1)
        manifest = {
            "sha256": models.sha256(built),
            "inputs_hash": inputs,
            "trained_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "seconds": seconds,
            "versions": _versions(),
        }
        directory = models.publish(out, f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}-{manifest['sha256'][:8]}", built, manifest)
    say(f"the bot is trained in {seconds} s: {directory.name}")
    return directory


def _train(importer: Any, storage: Path, archive: Path, embeddings: Path) -> None:
    """Runs Rasa's training graph. Its own trainer would also take fingerprints of all data after every step, for a cache we do without."""
    from rasa.engine.constants import PLACEHOLDER_IMPORTER
    from rasa.engine.graph import ExecutionContext
    from rasa.engine.runner.dask import DaskGraphRunner
    from rasa.engine.storage.local_model_storage import LocalModelStorage

    from bot.rasa.recipe import graph_configuration

    config = importer.get_config()
    for component in config["pipeline"]:
        if component["name"].endswith(".HybridIntentClassifier"):
            component["cache"] = str(embeddings)
    storage.mkdir()
    domain = deepcopy(importer.get_domain())  # as it was: the steps may change it
    configuration, stored = graph_configuration(config), LocalModelStorage(storage)
    schema = configuration.train_schema
    DaskGraphRunner.create(schema, stored, ExecutionContext(schema)).run({PLACEHOLDER_IMPORTER: importer})
    stored.create_model_package(archive, configuration, domain)


def inputs_hash(files: list[Path], project: Path) -> str:
    """Of the names and contents of data and our training code, the encoder and the versions of what trains.

    Raises:
        OSError: a file is missing; the message names it.
    """
    from bot.rasa.nlu.encoder import encoder_directory

    digest = hashlib.sha256(repr(sorted(_versions().items())).encode())
    nlu = HERE / "nlu"
    code = [HERE / "recipe.py", *sorted(nlu.glob("*.py")), nlu / "out_of_scope.txt", *sorted((HERE.parent / "tuning").glob("*.py"))]
    encoder = encoder_directory() / "model.onnx"
    for path in (*files, *code, *([encoder] if encoder.exists() else [])):
        digest.update(f"\0{path.name}\0{models.sha256(path)}".encode())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("rasa", "spacy", "onnxruntime", "tokenizers", "numpy", "scipy")} | {
        "python": sys.version.split()[0]
    }


def _logging(say: Callable[[str], None]) -> None:
    """Our own lines as progress; Rasa's only when something is wrong."""
    from bot.rasa import logs

    logs.configure()

    class Say(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(record.getMessage())

    ours = logging.getLogger("bot")
    ours.handlers, ours.propagate = [Say()], False


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the bot from config.yml, domain.yml and nlu_data/.")
    parser.add_argument("--out", type=Path, default=Path("var/models/bot"))
    parser.add_argument("--project", type=Path, default=Path(), help="where config.yml, domain.yml and nlu_data/ lie")
    parser.add_argument("--force", action="store_true", help="train even if nothing changed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
