"""Do the four processes answer?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import httpx
import psutil

from cli.health.check import Check, fail, ok, warn
from shop.models import now
from shop.settings import Settings

BEATS_WITHIN = 15.0  # seconds; the worker writes its heartbeat every two
START = "make run"


def http_processes(settings: Settings) -> Iterator[Check]:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    yield answers("web", f"http://{host}:{settings.port}/health")
    yield answers("actions", f"{settings.actions_url}/health")
    for number, url in enumerate(settings.rasa_urls):
        yield answers("rasa" if settings.rasa_processes == 1 else f"rasa {number}", f"{url}/health")


def answers(name: str, url: str) -> Check:
    try:
        answer = httpx.get(url, timeout=3.0)
    except httpx.HTTPError as error:
        return fail(name, f"not running: nothing answers at {url} ({type(error).__name__})", START)
    if answer.status_code != 200:
        return fail(name, f"{url} answers {answer.status_code}", f"see var/logs/{name.replace(' ', '')}.log, then stop and start: {START}")
    return ok(name, f"answers at {url} in {answer.elapsed.total_seconds() * 1000:.0f} ms")


def worker(settings: Settings) -> Check:
    """The worker has no port: its heartbeat file tells its process, its backlog and which job is failing."""
    try:
        beat = json.loads((settings.var_dir / "worker.json").read_text())
        age = (now() - datetime.fromisoformat(beat["at"])).total_seconds()
        alive = psutil.pid_exists(beat["pid"])
    except FileNotFoundError:
        return fail("worker", "not running: it has left no heartbeat", START)
    except (OSError, ValueError, KeyError, TypeError):
        return fail("worker", "its heartbeat file cannot be read", f"rm var/worker.json && {START}")
    if not alive or age > BEATS_WITHIN:
        return fail("worker", f"not running: its last heartbeat is {age:.0f} s old", START)
    waiting = ", ".join(f"{count} {kind}" for kind, count in beat["backlog"].items() if count) or "nothing"
    failing = [f"{name} ({job['failures']} in a row: {job['error']})" for name, job in beat["jobs"].items() if job["failures"]]
    if failing:
        return warn("worker", f"failing: {'; '.join(failing)}; waiting: {waiting}", "see var/logs/worker.log")
    return ok("worker", f"process {beat['pid']}, waiting: {waiting}")
