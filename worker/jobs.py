"""The worker's jobs run side by side, each in a thread of its own: one that fails or hangs never holds up another."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from shop.models import now

log = logging.getLogger("worker")

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0  # seconds after a failure; doubles with each one in a row


@dataclass(frozen=True)
class Job:
    """`step` does one short piece of work (about a second at most) and says whether there may be more at once; when there is not, it is
    asked again after `every` seconds."""

    name: str
    step: Callable[[], bool]
    every: float


@dataclass
class Health:
    """How a job fares: when it last ended a step well, how many failures in a row, and the last error's description."""

    last_success: datetime | None = None
    failures: int = 0
    error: str = ""


@dataclass
class Jobs:
    """Starts jobs and ends them; `health` is written by the jobs' threads and read by the heartbeat."""

    jobs: Sequence[Job]
    stopping: threading.Event = field(default_factory=threading.Event)
    health: dict[str, Health] = field(default_factory=dict)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for job in self.jobs:
            self.health[job.name] = Health()
            thread = threading.Thread(target=self._run, args=(job,), name=job.name, daemon=True)
            self.threads.append(thread)
            thread.start()

    def stop(self, seconds: float = 1.8) -> bool:
        """Asks every job to end after its current step and waits that long together; False when some have not ended by then."""
        self.stopping.set()
        until = now().timestamp() + seconds
        for thread in self.threads:
            thread.join(max(0.0, until - now().timestamp()))
        return not any(thread.is_alive() for thread in self.threads)

    def _run(self, job: Job) -> None:
        health = self.health[job.name]
        while not self.stopping.is_set():
            try:
                more = job.step()
            except Exception as error:
                health.failures += 1
                health.error = describe(error)
                pause = backoff(health.failures)
                log.error("job %s failed (%s in a row), next try in %.1f s: %s", job.name, health.failures, pause, place(error))
                self.stopping.wait(pause)
            else:
                health.last_success, health.failures, health.error = now(), 0, ""
                if not more:
                    self.stopping.wait(job.every)


def backoff(failures: int, first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> float:
    """Seconds to wait after that many failures in a row."""
    return min(longest, first * 2 ** min(failures - 1, 30))


def describe(error: BaseException) -> str:
    """The error in one line. A database error is named without its statement and parameters: they hold customers' words."""
    told = error.orig if isinstance(error, DBAPIError) and error.orig else error
    first_line = (str(told).splitlines() or [""])[0][:200]
    return f"{type(told).__name__}: {first_line}" if first_line else type(told).__name__


def place(error: BaseException) -> str:
    """The description and the last steps of the way there, without any variable's value."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return (
        describe(error)
        + " at "
        + " < ".join(f"{frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})" for frame in reversed(frames))
    )
