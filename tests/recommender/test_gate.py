"""A new model takes over only when it is not worse on what has happened since."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from recommender import train, versions
from recommender.blend import AGAIN, LEARNED, Blend, confidence
from recommender.gate import judge
from recommender.learn import Learned
from recommender.scorers import fit_all
from recommender.versions import NoModel
from tests.recommender.conftest import START

SINCE = START + timedelta(days=50)
GOOD = tuple({name: float(name == "itemknn") for name in LEARNED} for _ in range(4))
BAD = tuple({name: float(name == "trending") for name in LEARNED} for _ in range(4))
REPEATS = tuple(dict.fromkeys(AGAIN, 1.0) for _ in range(4))


@pytest.fixture(scope="module")
def data(dataset):
    """Two tastes: who bought one of a pair buys the other. A hundred people came back after the last training, for the other half of
    their pair, while something else was in every window."""
    rng, events = np.random.default_rng(1), []
    for user in range(240):
        pair = int(rng.integers(0, 8))
        events.append((user, 100 + 2 * pair, "purchase", 1.0 + user / 20))
        day = 20.0 + user / 10 if user < 140 else 55.0 + (user - 140) / 10
        events.append((user, 101 + 2 * pair, "purchase", day))
    events += [(1000 + k, 116, "purchase", 50.5 + k / 3) for k in range(40)]
    return dataset(events, 20)


def learned(weights) -> Learned:
    return Learned(weights, REPEATS, {}, {"users": 0})


def champion(data, weights) -> Blend:
    past = replace(data, interactions=data.interactions[data.interactions["at"] <= pd.Timestamp(SINCE)])
    return Blend(fit_all(past), confidence(past.support), weights, REPEATS)


def test_a_deliberately_worse_model_is_refused_and_a_better_one_taken_up(data):
    refused = judge(champion(data, GOOD), learned(BAD), data, pd.Timestamp(SINCE))
    assert not refused.accepted
    assert refused.new < refused.old
    assert "refused" in str(refused)
    taken = judge(champion(data, BAD), learned(GOOD), data, pd.Timestamp(SINCE))
    assert taken.accepted
    assert taken.new > taken.old
    assert judge(champion(data, GOOD), learned(GOOD), data, pd.Timestamp(SINCE)).accepted


def test_with_too_little_to_judge_by_the_new_model_is_taken_and_this_is_said(data):
    verdict = judge(champion(data, GOOD), learned(BAD), data, data.interactions["at"].max())
    assert verdict.accepted
    assert "too few" in str(verdict)


def test_the_refused_model_is_kept_aside_and_not_made_again_from_the_same_data(settings, monkeypatch, data):
    """The whole training, with the store and the encoder left out."""
    settings.var_dir.mkdir(parents=True)
    monkeypatch.setattr(train, "export", lambda *_: None)
    monkeypatch.setattr(train, "Encoder", SimpleNamespace(open=lambda *_, **__: None))
    monkeypatch.setattr(train, "facts_of", lambda *_: {"interactions": state["rows"]})
    monkeypatch.setattr(train.data, "dataset", lambda *_: state["data"])
    monkeypatch.setattr(train, "learn", lambda *_, **__: learned(state["weights"]))
    store = SimpleNamespace(read=nullcontext)
    past = data.interactions[data.interactions["at"] <= pd.Timestamp(SINCE)]
    state = {"rows": len(past), "data": replace(data, interactions=past), "weights": GOOD}
    first = train.train(settings, store)
    manifest = versions.current(settings).folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(first.manifest["trained_at"], SINCE.isoformat()))
    state |= {"rows": len(data.interactions), "data": data, "weights": BAD}
    said: list[str] = []
    assert train.train(settings, store, said.append).name == first.name
    assert versions.current_name(settings) == first.name
    assert any("refused" in line for line in said)
    assert versions.newest(settings)["gate"]["accepted"] is False
    again: list[str] = []
    assert train.train(settings, store, again.append).name == first.name
    assert again == []
    state |= {"rows": 2 * len(data.interactions), "weights": GOOD}
    assert train.train(settings, store).name != first.name


def test_the_current_version_outlives_any_number_of_refused_ones(settings):
    settings.var_dir.mkdir(parents=True)
    arrays = {"items": np.arange(3)}
    serving = versions.write(settings, arrays, {}, {})
    for _ in range(versions.KEEP + 2):
        versions.write(settings, arrays, {}, {}, serve=False)
    assert versions.current(settings).name == serving.name
    versions.read(versions.current(settings))
    folders = [path for path in versions.home(settings).iterdir() if path.is_dir()]
    assert len(folders) == versions.KEEP + 1
    (serving.folder / "model.json").write_text("{}  ")
    with pytest.raises(NoModel, match="damaged"):
        versions.read(versions.current(settings))
