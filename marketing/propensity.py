"""How likely a customer is to buy within 30 days, and one who bought to stay away for 90: logistic regressions over RFM and what they did.

Trained on the past: at several earlier moments, what was known of each customer then, and what they did next. The figures that say how
sure it is come from the newest such moment, on which nothing was trained (`shopkeeper train`, and the worker when it retrains).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from shop import consent
from shop.models import Interaction, Order
from shop.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

DAY = 86400.0
RECENT, NEVER = 30.0, 1000.0  # days
MOMENTS, APART = 6, 15.0  # earlier moments to learn from, and the days between them
FEWEST = 30  # customers on either side of the question at the moments of training
ACTIVE = 365.0  # days: whoever has not bought for longer is gone already, and no longer asked about
COLUMNS = {
    "recency": "how long ago they last ordered",
    "orders": "how many orders they have",
    "spent": "how much they spent",
    "known": "how long they have been known",
    "overdue": "the time since the last order beside the usual time between two",
    "looked": "what they looked at in the last 30 days",
    "chose": "what they put into the cart or liked in the last 30 days",
    "seen": "how long ago they were last seen",
}
AT_ONCE = 10_000  # customers in one statement
TARGETS = {"buys": 30.0, "stays_away": 90.0}  # days ahead


@dataclass(frozen=True)
class Model:
    """Of one target. `weights` and `means` by column; `auc`: how often, of a customer who did it and one who did not, the first got the
    higher probability (0.5 is chance); `brier`: mean squared error of the probabilities; `rate`: how many did it; `customers`: asked
    about at the moment of the test; `until`: ISO time up to which data was seen."""

    days: float
    weights: dict[str, float]
    means: dict[str, float]
    intercept: float
    auc: float
    brier: float
    rate: float
    customers: int
    until: str


@dataclass(frozen=True)
class Prediction:
    """`because`: what moved the probability most away from the average customer's, as (what, up or down)."""

    probability: float
    because: list[tuple[str, bool]]
    model: Model


def path(settings: Settings) -> Path:
    return settings.models_dir / "propensity.json"


def load(settings: Settings) -> dict[str, Model]:
    """Target -> its model; empty as long as none is trained, or when the file is damaged."""
    try:
        return {name: Model(**one) for name, one in json.loads(path(settings).read_text()).items()}
    except (OSError, ValueError, TypeError):
        return {}


def train(settings: Settings, session: Session) -> dict[str, Model]:
    """Trains what there is enough data for, and swaps the file in atomically."""
    events = events_of(session)
    if len(events):
        everyone = [int(one) for one in events["customer"].unique()]
        pieces = (everyone[start : start + AT_ONCE] for start in range(0, len(everyone), AT_ONCE))
        refused = set().union(*(consent.refusing(session, piece, "personalisation") for piece in pieces))
        events = events[~events["customer"].isin(refused)]
    found = {name: model for name, days in TARGETS.items() if (model := fit(events, name, days)) is not None}
    target = path(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    fresh.write_text(json.dumps({name: asdict(model) for name, model in found.items()}))
    fresh.replace(target)
    return found


def predict(models: Mapping[str, Model], session: Session, customer_id: int, at: datetime) -> dict[str, Prediction]:
    """Target -> its probability for the customer; nothing for those who opted out or of whom nothing is known."""
    if not models or not consent.allowed(session, customer_id, "personalisation"):
        return {}
    known = features(events_of(session, customer_id), at.timestamp() / DAY)
    return {name: _predict(model, known.iloc[0]) for name, model in models.items() if len(known) and asked(known, name)[0]}


def events_of(session: Session, customer_id: int | None = None) -> pd.DataFrame:
    """Orders that were not cancelled and interactions: customer, day (since 1970), kind, amount (minor units)."""
    import pandas as pd

    orders = select(Order.customer_id, Order.placed_at.label("at"), literal("order").label("kind"), Order.total_minor.label("amount"))
    orders = orders.where(Order.status != "cancelled", Order.customer_id.is_not(None))
    acts = select(Interaction.customer_id, Interaction.at, Interaction.kind, literal(0)).where(Interaction.kind != "purchase")
    if customer_id is not None:
        orders, acts = orders.where(Order.customer_id == customer_id), acts.where(Interaction.customer_id == customer_id)
    rows = session.execute(union_all(orders, acts)).all()
    days = [row.at.timestamp() / DAY for row in rows]
    kinds, amounts = [row.kind for row in rows], [row.amount for row in rows]
    return pd.DataFrame({"customer": [row.customer_id for row in rows], "day": days, "kind": kinds, "amount": amounts})


def features(events: pd.DataFrame, at: float) -> pd.DataFrame:
    """COLUMNS of every customer who was known on day `at`, from what had happened by then."""
    import pandas as pd

    past = events[events["day"] <= at]
    of = past.groupby("customer")["day"]
    bought, lately = past[past["kind"] == "order"], past[past["day"] > at - RECENT]
    made = pd.DataFrame(index=of.min().index)
    orders = bought.groupby("customer")
    count, newest = orders.size(), orders["day"].max()
    gap = (newest - orders["day"].min()) / (count - 1).where(count > 1)
    recency = at - newest
    made["recency"] = np.log1p(recency.reindex(made.index).fillna(NEVER))
    made["orders"] = np.log1p(count.reindex(made.index).fillna(0))
    made["spent"] = np.log1p(orders["amount"].sum().reindex(made.index).fillna(0))
    made["known"] = np.log1p(at - of.min())
    made["overdue"] = (recency / gap.clip(lower=1)).clip(0, 5).reindex(made.index).fillna(0)
    for name, kinds in (("looked", ("view", "click", "search")), ("chose", ("cart", "like"))):
        made[name] = np.log1p(lately[lately["kind"].isin(kinds)].groupby("customer").size().reindex(made.index).fillna(0))
    made["seen"] = np.log1p(at - of.max())
    return made[list(COLUMNS)].astype(float)


def asked(known: pd.DataFrame, target: str) -> np.ndarray:
    """(n,) bool: whom the target is asked about. Only who bought within a year can stay away."""
    if target == "buys":
        return np.ones(len(known), bool)
    return (known["orders"] > 0).to_numpy() & (known["recency"] <= np.log1p(ACTIVE)).to_numpy()


def fit(events: pd.DataFrame, target: str, days: float) -> Model | None:
    """None when there is too little to learn from, or to test on."""
    if not len(events):
        return None
    end = events["day"].max()
    moments = [end - days, *(end - 2 * days - APART * k for k in range(MOMENTS))]
    first = events["day"].min()
    parts = [_at(events, target, moment, days) for moment in moments if moment - first >= RECENT]
    if len(parts) < 2:
        return None
    (test_x, test_y), train_x, train_y = parts[0], np.concatenate([x for x, _ in parts[1:]]), np.concatenate([y for _, y in parts[1:]])
    if min(train_y.sum(), (1 - train_y).sum()) < FEWEST or len(set(test_y)) < 2:
        return None
    from sklearn.metrics import brier_score_loss, roc_auc_score

    weights, intercept = _regression(train_x, train_y)
    probabilities = sigmoid(test_x @ weights + intercept)
    auc, brier = float(roc_auc_score(test_y, probabilities)), float(brier_score_loss(test_y, probabilities))
    every_x, every_y = np.concatenate([train_x, test_x]), np.concatenate([train_y, test_y])
    weights, intercept = _regression(every_x, every_y)
    named = dict(zip(COLUMNS, map(float, weights), strict=True))
    means = dict(zip(COLUMNS, map(float, every_x.mean(axis=0)), strict=True))
    until = datetime.fromtimestamp(end * DAY).astimezone().isoformat()
    return Model(days, named, means, float(intercept), auc, brier, float(test_y.mean()), len(test_y), until)


def sigmoid(value: np.ndarray | float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.asarray(value, float)))


def _at(events: pd.DataFrame, target: str, moment: float, days: float) -> tuple[np.ndarray, np.ndarray]:
    known = features(events, moment)
    known = known[asked(known, target)]
    after = events[(events["kind"] == "order") & (events["day"] > moment) & (events["day"] <= moment + days)]
    bought = known.index.isin(after["customer"]).astype(float)
    return known.to_numpy(), bought if target == "buys" else 1 - bought


def _regression(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights and intercept on the columns as they are; they are put on one scale only for the fit."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x)
    model = LogisticRegression(max_iter=1000).fit(scaler.transform(x), y)
    weights = model.coef_[0] / scaler.scale_
    return weights, float(model.intercept_[0] - weights @ scaler.mean_)


def _predict(model: Model, known: pd.Series) -> Prediction:
    parts = {name: weight * (known[name] - model.means[name]) for name, weight in model.weights.items()}
    value = model.intercept + sum(weight * known[name] for name, weight in model.weights.items())
    strongest = sorted(parts, key=lambda name: -abs(parts[name]))[:2]
    return Prediction(float(sigmoid(value)), [(COLUMNS[name], bool(parts[name] > 0)) for name in strongest], model)
