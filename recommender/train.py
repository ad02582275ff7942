"""Trains the recommender: fits every scorer on the store, learns the blend, writes a version."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from recommender import data, versions
from recommender.dataset import Dataset
from recommender.encoder import Encoder, export
from recommender.gate import Verdict, judge
from recommender.learn import Learned, learn
from recommender.scorers import FURTHER, SCORERS, made
from recommender.serving import restored
from recommender.versions import NoModel, Version

if TYPE_CHECKING:
    from recommender.data import Settings, Store

FORMAT = 7  # raise when the scorers, their hyper-parameters or the files change
GROWTH = 0.01  # share of new rows from which training again is worth it


def train(settings: Settings, store: Store, progress: Callable[[str], None] = lambda line: None, force: bool = False) -> Version:
    """Trains and makes the result the current version, if it is not worse than the one that serves (`gate.py`); else that goes on and is
    returned, as it is when it is up to date and nothing has to be trained by `force`.

    New products need no training: their texts place them at once. Raises what the store or the disk raises; the version served until
    then is untouched.
    """
    export(settings, progress)
    if not force and (version := up_to_date(settings, store)):
        return version
    names = (*SCORERS, *chosen(settings))
    began = time.monotonic()
    with store.read() as session:
        facts = facts_of(session, settings)
    progress("recommender: reading the catalogue and what customers did")
    dataset = data.dataset(store, Encoder.open(settings, threads=2))
    progress(f"recommender: learning from {len(dataset.interactions):,} interactions with {len(dataset.items):,} products")
    learned = learn(dataset, names=names)
    verdict = _verdict(settings, dataset, learned)
    arrays = {}
    for name in names:
        progress(f"recommender: fitting {name}")
        scorer = made(name, **learned.tuning.get(name, {})).fit(dataset)
        arrays |= {f"{name}/{key}": value for key, value in scorer.state().items()}
    arrays |= {f"trees/{key}": value for key, value in (learned.trees.state() if learned.trees else {}).items()}
    arrays |= {"items": dataset.ids, "support": dataset.support}
    manifest = {"facts": facts, "metrics": dict(learned.metrics), "seconds": round(time.monotonic() - began, 1)}
    if verdict:
        manifest["gate"] = verdict.described()
        progress(f"recommender: the new model is {verdict}")
    accepted = verdict is None or verdict.accepted
    version = versions.write(settings, arrays, learned.described() | {"scorers": list(names)}, manifest, serve=accepted)
    progress(summary(version))
    return version if accepted else versions.current(settings)


def _verdict(settings: Settings, dataset: Dataset, learned: Learned) -> Verdict | None:
    """None when there is no model that serves, or it does not fit this program any more."""
    try:
        serving = versions.current(settings)
        since = pd.Timestamp(serving.manifest["trained_at"])
        return judge(restored(dataset, serving.name, *versions.read(serving)), learned, dataset, since)
    except (NoModel, KeyError, ValueError):
        return None


def up_to_date(settings: Settings, store: Store) -> Version | None:
    """The current version, if it is sound and was trained on what the store holds, give or take 1 %."""
    try:
        version = versions.current(settings)
        versions.read(version)
    except NoModel:
        return None
    with store.read() as session:
        now = facts_of(session, settings)
    last = versions.newest(settings)  # perhaps one that was refused: the same data would make the same model again
    then = last.get("facts", {}) if not last.get("gate", {}).get("accepted", True) else version.manifest.get("facts", {})
    return version if then.keys() == now.keys() and all(_alike(then[name], now[name]) for name in now) else None


def summary(version: Version) -> str:
    metrics = version.manifest["metrics"]
    if not metrics.get("users"):
        return "recommender: trained; too few returning customers to measure its accuracy"
    return (
        f"recommender: NDCG@10 {metrics['ndcg']:.3f} (popularity {metrics['popularity_ndcg']:.3f}), Recall@10 {metrics['recall']:.3f} "
        f"(popularity {metrics['popularity_recall']:.3f}) on {metrics['users']} customers' next visits"
    )


def chosen(settings: Settings) -> tuple[str, ...]:
    """The further scorers that the settings name. Raises ValueError, naming those that there are."""
    names = tuple(dict.fromkeys(name.strip() for name in settings.further_scorers.split(",") if name.strip()))
    if strange := [name for name in names if name not in FURTHER]:
        raise ValueError(f"SHOPKEEPER_FURTHER_SCORERS names {', '.join(strange)}; there are {', '.join(FURTHER)}")
    return names


def facts_of(session, settings: Settings) -> dict[str, int | str]:
    return data.facts(session) | {"format": f"{FORMAT}", "encoder": settings.encoder, "further": ",".join(chosen(settings))}


def _alike(then: int | str, now: int | str) -> bool:
    if isinstance(now, str) or isinstance(then, str):
        return then == now
    return abs(now - then) <= GROWTH * then
