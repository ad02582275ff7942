"""Trains the recommender anew, in a process of its own, when enough has happened since the last time. The trained version is
swapped in atomically by `recommender.train`; until then the old one serves."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from shop.models import Interaction
from shop.settings import Settings
from shop.store import Store

log = logging.getLogger("worker")

GAP = 600.0  # seconds between two trainings, however much happens


@dataclass
class Retraining:
    """Watches the interactions and one training process. `var/retraining.json` remembers the last interaction the training has seen."""

    settings: Settings
    store: Store
    command: Sequence[str] = (sys.executable, "-m", "worker.retraining")
    gap: float = GAP
    process: subprocess.Popen | None = None
    training_on: int = 0  # the last interaction that the running training sees
    not_before: float = field(default=0.0)

    def step(self) -> bool:
        """Starts a training when it is due, and takes note of its end. Never more at once: returns False."""
        if self.process is not None:
            self._look_after()
        elif self.settings.retrain_after_interactions and time.monotonic() >= self.not_before and self._is_due():
            self._start()
        return False

    def stop(self) -> None:
        """Ends a running training; the version being served is untouched."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()

    def _is_due(self) -> bool:
        with self.store.read() as session:
            newest = session.scalar(select(func.max(Interaction.id))) or 0
            seen = read_seen(self.settings.var_dir)
            if seen is None:  # the first look: the model was trained when the shop was set up
                write_seen(self.settings.var_dir, newest)
                return False
            new = session.scalar(select(func.count()).select_from(Interaction).where(Interaction.id > seen)) or 0
        self.training_on = newest
        return new >= self.settings.retrain_after_interactions

    def _start(self) -> None:
        log.info("training the recommender up to interaction %s", self.training_on)
        logs = self.settings.var_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"SHOPKEEPER_VAR_DIR": str(self.settings.var_dir), "DATABASE_URL": self.settings.database_url}
        with (logs / "retraining.log").open("w") as out:
            self.process = subprocess.Popen(list(self.command), env=environment, stdout=out, stderr=subprocess.STDOUT)

    def _look_after(self) -> None:
        code = self.process.poll()
        if code is None:
            return
        self.process, self.not_before = None, time.monotonic() + self.gap
        if code == 0:
            write_seen(self.settings.var_dir, self.training_on)
            log.info("the recommender is trained up to interaction %s", self.training_on)
        else:
            log.error("training the recommender failed (code %s), the old model goes on serving; see logs/retraining.log", code)


def read_seen(var_dir: Path) -> int | None:
    try:
        return int(json.loads((var_dir / "retraining.json").read_text())["interaction"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_seen(var_dir: Path, interaction: int) -> None:
    var_dir.mkdir(parents=True, exist_ok=True)
    fresh = var_dir / "retraining.json.new"
    fresh.write_text(json.dumps({"interaction": interaction}))
    fresh.replace(var_dir / "retraining.json")


def main() -> None:
    from marketing import propensity
    from recommender.train import train

    os.nice(10)
    settings = Settings()
    store = Store(settings.store_url)
    version = train(settings, store, progress=lambda line: print(line, flush=True))
    print(f"trained: {version.name}", flush=True)
    with store.read() as session:
        print(f"predictions: {', '.join(propensity.train(settings, session)) or 'too little data'}", flush=True)


if __name__ == "__main__":
    main()
