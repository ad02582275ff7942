"""The whole shop, running: all four processes on free ports over a data folder of their own. For fault, browser and load tests."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock

from cli.prepare import prepare
from cli.supervise import free_ports, start, stop, wait_until_healthy
from shop.settings import PROJECT, Settings
from shop.store import Store

TEMPLATE = PROJECT / "var" / "test-template"
FRESH_SECONDS = 6 * 3600


MARKS = {"web": "bot.gateway.app", "rasa": "bot.rasa.serve", "actions": "-m actions", "worker": "-m worker"}  # in the command line


@dataclass
class Stack:
    settings: Settings
    supervisor: subprocess.Popen

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    def pids(self) -> dict[str, int]:
        """Process name (web, rasa, actions, worker) -> its pid, for those alive now."""
        found = {}
        for child in psutil.Process(self.supervisor.pid).children():
            with suppress(psutil.Error):  # it may end while it is looked at
                command = " ".join(child.cmdline())
                found |= {name: child.pid for name, mark in MARKS.items() if mark in command}
        return found

    def processor_seconds(self) -> dict[str, float]:
        """What each process has used of the processors since it started."""
        times = {name: psutil.Process(pid).cpu_times() for name, pid in self.pids().items()}
        return {name: used.user + used.system for name, used in times.items()}

    def resident_mb(self) -> float:
        """What all its processes hold in memory together, in MiB."""
        return sum(child.memory_info().rss for child in psutil.Process(self.supervisor.pid).children(recursive=True)) / 2**20


def template(say: Callable[[str], None] = lambda line: None) -> Path:
    """A data folder with demo shop and trained models; made once, then only what changed is made again."""
    with _template_lock():
        return _template(say)


def copy_of_template(to: Path) -> Path:
    """A data folder to spoil: the database is copied, models and encoder are shared."""
    with _template_lock():
        source = _template()
        to.mkdir(parents=True, exist_ok=True)
        for item in source.iterdir():
            if item.name in ("models", "encoder"):
                (to / item.name).symlink_to(item)
            elif item.is_file():
                shutil.copy(item, to / item.name)
    return to


def _template_lock() -> FileLock:
    TEMPLATE.mkdir(parents=True, exist_ok=True)
    return FileLock(str(TEMPLATE.with_suffix(".lock")))


def _template(say: Callable[[str], None] = lambda line: None) -> Path:
    if _stale(TEMPLATE / "shop.db"):
        for old in TEMPLATE.glob("shop.db*"):
            old.unlink()
    settings = Settings(var_dir=TEMPLATE, database_url="", demo=True)
    store = Store(settings.store_url)
    prepare(settings, store, say)
    store.close()
    return TEMPLATE


def _stale(database: Path) -> bool:
    """Whether the demo shop was loaded by other code than today's, or so long ago that its orders, dated by the day, have aged."""
    if not database.exists():
        return True
    sources = [*(PROJECT / "shop").rglob("*.py"), *(PROJECT / "shop" / "demo").rglob("*.yml")]
    loaded = database.stat().st_mtime
    return time.time() - loaded > FRESH_SECONDS or any(source.stat().st_mtime > loaded for source in sources)


@contextmanager
def running(var_dir: Path, without: Collection[str] = (), **changes) -> Iterator[Stack]:
    """Starts everything over that folder, yields when healthy, ends everything. Settings are given as `changes`."""
    web, rasa, actions = free_ports(3)
    settings = Settings(var_dir=var_dir, port=web, rasa_port=rasa, actions_port=actions, database_url="", **changes)
    supervisor = start(settings, without)
    try:
        wait_until_healthy(settings, supervisor, without)
        yield Stack(settings, supervisor)
    finally:
        stop(supervisor)


if __name__ == "__main__":
    from rich.console import Console

    template(lambda line: Console().print(line, highlight=False))
