"""`var/worker.json`: what `shopkeeper doctor` and the supervisor's readiness check read about the worker."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from shop.models import ErasureRequest, Interaction, OutboxMessage, Turn, now
from shop.store import Store
from worker.jobs import Health

EVERY = 2.0  # seconds
COUNTED = 100_000  # a longer backlog is given as this: counting to the end would cost more than it tells


def path(var_dir: Path) -> Path:
    return var_dir / "worker.json"


def backlog(store: Store) -> dict[str, int]:
    """How many rows wait for each kind of work, counted up to COUNTED."""
    waiting = {
        "turns": select(Turn.id).where(Turn.profiled_at.is_(None)),
        "interactions": select(Interaction.id).where(Interaction.profiled_at.is_(None)),
        "erasures": select(ErasureRequest.id).where(ErasureRequest.done_at.is_(None)),
        "messages": select(OutboxMessage.id).where(OutboxMessage.delivered_at.is_(None), OutboxMessage.next_attempt_at.is_not(None)),
    }
    with store.read() as session:
        return {
            name: session.scalar(select(func.count()).select_from(rows.limit(COUNTED).subquery())) or 0 for name, rows in waiting.items()
        }


def write(var_dir: Path, store: Store, started_at: datetime, jobs: Mapping[str, Health]) -> bool:
    """Writes the file whole or not at all. Returns False: once a call is enough."""
    state = {
        "pid": os.getpid(),
        "started_at": started_at.isoformat(),
        "at": now().isoformat(),
        "backlog": backlog(store),
        "jobs": {
            name: {**asdict(health), "last_success": health.last_success and health.last_success.isoformat()}
            for name, health in jobs.items()
        },
    }
    fresh = path(var_dir).with_suffix(".new")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_text(json.dumps(state, indent=1))
    fresh.replace(path(var_dir))
    return False
