"""`python -m worker`: everything nobody waits for. SIGTERM or Ctrl-C ends it after the transactions under way, within two seconds."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from functools import partial

from recommender.encoder import Encoder, EncoderMissing
from shop import policies
from shop.migrate import schema_version
from shop.models import now
from shop.settings import Settings
from shop.store import Store
from worker import heartbeat
from worker.alerts import tell_due
from worker.claims import release_stale
from worker.delivery import Channels, deliver_due
from worker.erasure import erase_requested
from worker.jobs import Job, Jobs
from worker.lessons import Lessons
from worker.profiling import Encode, profile_next
from worker.retraining import Retraining
from worker.sessions import remove_expired

log = logging.getLogger("worker")

CHANNELS: Channels = {}  # channel name -> how a message is pushed to it; web and cli fetch theirs


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    settings = Settings()
    policies.use(settings.policies_file)
    store = Store(settings.store_url)
    found, wanted = schema_version(store)
    if found != wanted:
        log.error(
            "the database has schema %s and this program needs %s. Migrate it first: .venv/bin/shopkeeper up --prepare-only", found, wanted
        )
        return 1
    return work(settings, store, open_encoder(settings))


def work(settings: Settings, store: Store, encode: Encode | None) -> int:
    """Runs the jobs until the process is told to end."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    retraining = Retraining(settings, store)
    jobs = Jobs(
        [
            Job("profiling", partial(profile_next, store, encode), every=0.2),
            Job("erasure", partial(erase_requested, store), every=1.0),
            Job("delivery", partial(deliver_due, store, CHANNELS), every=0.5),
            Job("alerts", partial(tell_due, store, settings), every=2.0),
            Job("claims", partial(release_stale, store, settings), every=15.0),
            Job("retraining", retraining.step, every=5.0),
            Job("lessons", Lessons(store, encode).step, every=20.0),
            Job("sessions", partial(remove_expired, store), every=600.0),
        ]
    )
    started_at = now()
    beat = Jobs([Job("heartbeat", lambda: heartbeat.write(settings.var_dir, store, started_at, jobs.health), every=heartbeat.EVERY)])
    jobs.start()
    beat.start()
    log.info("the worker is at work (process %s)", os.getpid())
    ended.wait()
    all_ended = jobs.stop()
    beat.stop(0.1)
    retraining.stop()
    heartbeat.path(settings.var_dir).unlink(missing_ok=True)
    log.info("the worker has ended%s", "" if all_ended else "; a job that was still waiting for something was left")
    sys.stdout.flush()
    os._exit(0)  # a thread that hangs in somebody else's network must not hold up the end


def open_encoder(settings: Settings) -> Encode | None:
    try:
        return Encoder.open(settings).encode
    except EncoderMissing as missing:
        log.warning("messages are profiled without an embedding until the worker is started again: %s", missing)
        return None


if __name__ == "__main__":
    sys.exit(main())
