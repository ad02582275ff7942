"""Whether a newly trained model may take over: it has to be not worse than the one that serves, on recent events that neither has seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from recommender import evaluate
from recommender.blend import Blend
from recommender.dataset import Dataset
from recommender.learn import Learned, top
from recommender.pool import Case, cases
from recommender.scorers import SCORERS, fit_all

CASES = 40  # customers who came back since, before there is anything to judge by
MOST = 600  # customers that are looked at
MARGIN = 0.05  # of the old model's NDCG@10: by so much the new one may fall behind by chance
SURE = 1.64  # standard errors: one-sided, 95 %


@dataclass(frozen=True)
class Verdict:
    """Mean NDCG@10 of both on `cases` customers' recent events; with too few of them the new model is taken unseen."""

    accepted: bool
    cases: int
    old: float = 0.0
    new: float = 0.0

    def __str__(self) -> str:
        if self.cases < CASES:
            return f"taken up: only {self.cases} customers came back since the last training, too few to compare"
        outcome = "taken up" if self.accepted else "refused, the old one goes on serving"
        return f"{outcome}: NDCG@10 {self.new:.4f} against {self.old:.4f} on {self.cases} customers' recent events"

    def described(self) -> dict[str, float | bool]:
        return {"accepted": self.accepted, "cases": self.cases, "old": round(self.old, 5), "new": round(self.new, 5)}


def judge(champion: Blend, learned: Learned, data: Dataset, since: pd.Timestamp) -> Verdict:
    """Compares the model that serves, trained at `since`, with what was `learned` now. The newer half of the events since then is held
    out; the challenger is fitted on what came before it, the champion knows only what came before `since`."""
    recent = data.interactions["at"][data.interactions["at"] > since]
    if not len(recent):
        return Verdict(True, 0)
    cut = recent.sort_values().iloc[len(recent) // 2]
    before = data.interactions["at"] < cut
    past, ahead = (replace(data, interactions=data.interactions[rows], baskets=None) for rows in (before, ~before))
    known = pd.MultiIndex.from_frame(past.interactions[["user", "item"]])
    new = ~pd.MultiIndex.from_frame(ahead.interactions[["user", "item"]]).isin(known)
    future = replace(data, interactions=ahead.interactions[new], baskets=None)
    judging = cases(past, future, np.unique(future.events["user"])[:MOST])
    if len(judging) < CASES:
        return Verdict(True, len(judging))
    challenger = learned.blend(fit_all(past, learned.tuning, (*SCORERS, *learned.further)), past.support)
    return compare(champion, challenger, judging)


def compare(champion: Blend, challenger: Blend, judging: list[Case]) -> Verdict:
    """Refused when worse by more than MARGIN, or surely worse at all."""
    old, new = (np.array([_ndcg(blend, case) for case in judging]) for blend in (champion, challenger))
    change = new - old
    error = float(change.std(ddof=1) / np.sqrt(len(change))) if len(change) > 1 else 0.0
    worse = change.mean() < -MARGIN * old.mean() or change.mean() + SURE * error < 0
    return Verdict(not worse, len(judging), float(old.mean()), float(new.mean()))


def _ndcg(blend: Blend, case: Case) -> float:
    total = sum(blend.personal_parts(case.query).values(), np.zeros(len(blend.confidence), np.float32))
    return evaluate.ndcg(top(total, case.owned), case.wanted)
