"""Learns on held-out last days how the scorers are to be tuned and blended, and measures what that is worth."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import minimize

from recommender import evaluate
from recommender.blend import AGAIN, BUCKETS, DEFAULTS, DEFAULTS_AGAIN, LEARNED, Blend, Weights, confidence, first
from recommender.chance import chance
from recommender.contract import Scorer
from recommender.dataset import Dataset
from recommender.pool import Case, Pool, cases, pool, reached, shortened
from recommender.query import HISTORY_ITEMS
from recommender.scorers import FURTHER, SCORERS, Tuning, fit_all
from recommender.trees import DEPTH, Trees, context_of, grown

USERS = (600, 3000)  # held-out users that are looked at, at least and at most: so many
WORK = 12_000_000  # by the number of items
ENOUGH = 60  # cases a bucket needs before weights are learned for it
RIDGE = 1e-3  # of the learned weights
GROVE = 300  # customers from whom trees are worth growing
FOLDS = 3
GAIN = 0.005  # by which they have to rank better than the sum of the scores, whose weights these customers chose
STRANGE = 0.05  # share of the items that are taken for unknown while weights are learned
TUNABLE = 5_000  # items; with more, trying several settings would take too long, and weights are learned with so many, the best supported
# What is tried, from much trust in rare pairs to little: the right place depends on how much each customer buys.
GRID: Mapping[str, Sequence[Mapping[str, float | None]]] = {
    "ease": (
        {"l2": 20.0, "words": 0.25, "fade": None},
        {"l2": 100.0, "words": 0.1, "fade": 120.0},
        {"l2": 300.0, "words": 0.05, "fade": 120.0},
    ),
    "next": ({"l2": 10.0, "words": 0.3}, {"l2": 100.0, "words": 0.0}, {"l2": 1500.0, "words": 0.0}),
}


@dataclass(frozen=True)
class Learned:
    """`weights`, `rare`, `again` and `again_rare` (see Blend) for each of BUCKETS; `tuning` of the scorers; `metrics` on users that nothing
    was learned from: recall@10 and ndcg@10 of the blend and of popularity alone, and how many users that were (0: too few data to say);
    `further`: the scorers beyond the usual ones; `trees`: where they rank what may be had again better than `again`."""

    weights: tuple[Weights, ...]
    again: tuple[Weights, ...]
    tuning: Tuning
    metrics: Mapping[str, float]
    rare: tuple[Weights, ...] | None = None
    again_rare: tuple[Weights, ...] | None = None
    further: tuple[str, ...] = ()
    trees: Trees | None = None

    def described(self) -> dict[str, Any]:
        sets = {"weights": self.weights, "rare": self.rare, "again": self.again, "again_rare": self.again_rare}
        known = {"rare": self.weights, "again_rare": self.again}
        weights = {name: [dict(bucket) for bucket in buckets or known[name]] for name, buckets in sets.items()}
        return weights | {"tuning": {name: dict(chosen) for name, chosen in self.tuning.items()}}

    def blend(self, scorers: Mapping[str, Scorer], support: np.ndarray) -> Blend:
        weights = (self.weights, self.again, self.rare, self.again_rare)
        return Blend(scorers, confidence(support), *weights, self.trees, chance(support))


def learn(data: Dataset, seed: int = 7, names: Collection[str] = tuple(SCORERS)) -> Learned:
    """Fits the scorers, those of `names`, without each user's last day, and without all that was done with a few items, and learns how to
    find it again.

    Two thirds of the held-out users choose, the others say how good the choice is. With few data the defaults stand.
    """
    further = tuple(name for name in FURTHER if name in names)
    for_new, for_again = ([*(name for name in among if name in names), *further] for among in (LEARNED, AGAIN))
    kept, held = evaluate.leave_last_out(data.interactions, new=False)
    _, new = evaluate.leave_last_out(data.interactions)
    past, future, ahead = (replace(data, interactions=rows, baskets=None) for rows in (kept, held, new))
    random = np.random.default_rng(seed)
    users = random.permutation(np.intersect1d(future.events["user"], past.events["user"]))[
        : np.clip(WORK // max(len(data.items), 1), *USERS)
    ]
    judges = users[::3]
    choosers = np.setdiff1d(users, judges)
    firsts = cases(past, ahead, users)
    if len(firsts) < 2 * ENOUGH:
        blend = Blend(fit_all(past, names=for_new), confidence(past.support)) if firsts else None
        return Learned(DEFAULTS, DEFAULTS_AGAIN, {}, _metrics(blend, firsts) if blend else {"users": 0}, further=further)
    tuning = _tuned(past, cases(past, ahead, choosers)) if len(data.items) <= TUNABLE and GRID.keys() <= set(names) else {}
    fewer = {name: {"max_items": TUNABLE} for name in ("ease", "next", "again")} if len(data.items) > TUNABLE else {}
    strange = random.choice(data.ids, int(STRANGE * len(data.items)), replace=False)
    past = replace(past, interactions=kept[~kept["item"].isin(strange)])
    blend = Blend(fit_all(past, tuning or fewer, {*for_new, *for_again}), confidence(past.support))
    weights, rare = _by_history(blend, for_new, cases(past, ahead, choosers), DEFAULTS)
    choosing, judging = (cases(past, future, some, again=True) for some in (choosers, judges))
    again, again_rare = _by_history(blend, for_again, choosing, DEFAULTS_AGAIN)
    learned = Learned(weights, again, tuning, {}, rare, again_rare, further)
    trees = _better_trees(learned.blend(blend.scorers, past.support), for_again, [*choosing, *judging])
    learned = replace(learned, trees=trees)
    return replace(learned, metrics=_metrics(learned.blend(blend.scorers, past.support), cases(past, ahead, judges)))


def search(held: Pool, names: Sequence[str]) -> tuple[Weights, Weights]:
    """Weights of at least 0, for well-known items and for those that nobody had, that make what was chosen likely among the candidates.

    The loss is the cross-entropy of a softmax over each list (Cao et al., "Learning to Rank: From Pairwise Approach to Listwise
    Approach", ICML 2007). The weights for known items sum to 1.
    """
    found = held.wanted.any(axis=1)
    present, wanted, known = held.present[found], held.wanted[found].astype(np.float32), held.known[found][:, None, :]
    scores = np.concatenate([held.scores[found] * known, held.scores[found] * (1 - known)], axis=1)
    goal = wanted / wanted.sum(axis=1, keepdims=True)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total = np.where(present, np.matmul(weights.astype(np.float32), scores), -np.inf)
        total -= total.max(axis=1, keepdims=True)
        share = np.exp(total)
        share /= share.sum(axis=1, keepdims=True)
        value = -(goal * np.log(share + 1e-12)).sum(axis=1).mean() + RIDGE * (weights**2).sum()
        return float(value), np.matmul(scores, (share - goal)[:, :, None]).mean(axis=0).ravel() + 2 * RIDGE * weights

    start = np.ones(2 * len(names))
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(start), options={"maxiter": 60}).x
    best = best / best[: len(names)].sum() if best[: len(names)].sum() > 0 else start / len(names)
    found_weights = [round(float(weight), 4) for weight in best]
    return dict(zip(names, found_weights[: len(names)], strict=True)), dict(zip(names, found_weights[len(names) :], strict=True))


def _better_trees(blend: Blend, names: Sequence[str], asked: list[Case]) -> Trees | None:
    """Trees over the scorers of `names`, if they rank the first items of the sum better for customers that they were not grown from, each
    third by trees from the others; then grown from all."""
    if len(asked) < GROVE:
        return None
    scores, shares = np.zeros((2, len(asked), DEPTH, len(names)), np.float32)
    present, wanted = np.zeros((2, len(asked), DEPTH), bool)
    for row, case in enumerate(asked):
        parts, scaled = blend.shares(case.query, case.query, names)
        at = first(sum(parts.values(), np.zeros(len(blend.confidence), np.float32)))
        present[row, : len(at)], wanted[row, : len(at)] = True, np.isin(at, list(case.wanted))
        for k, name in enumerate(names):
            for kept, found in ((scores, scaled), (shares, parts)):
                if name in found:
                    kept[row, : len(at), k] = found[name][at]
    context = context_of([len(case.query.positions) for case in asked], [case.query.ages.min(initial=np.inf) for case in asked])
    goals, turn = np.array([len(case.wanted) for case in asked]), np.arange(len(asked)) % FOLDS
    learning = (scores, shares, context, wanted, present)
    anew = np.zeros(present.shape, np.float32)
    for fold in range(FOLDS):
        if (trees := grown(names, *(values[turn != fold] for values in learning))) is None:
            return None
        for row in np.flatnonzero(turn == fold):
            anew[row] = trees.total(scores[row], shares[row], context[row])
    before, after = (reached(np.where(present, total, -1.0), wanted, goals) for total in (shares.sum(axis=2), anew))
    return grown(names, *learning) if after > (1 + GAIN) * before else None


def _by_history(
    blend: Blend, names: Sequence[str], choosing: list[Case], defaults: tuple[Weights, ...]
) -> tuple[tuple[Weights, ...], tuple[Weights, ...]]:
    """Weights for each of BUCKETS, for known and for unknown items, learned from histories cut to its length; a bucket with too few cases
    takes those of the one below, if they were learned from a history too."""
    found: list[tuple[Weights, Weights]] = []
    learned = -1  # the last bucket that was
    for bucket, (lower, upper) in enumerate(zip(BUCKETS, (*BUCKETS[1:], HISTORY_ITEMS + 1), strict=True)):
        long_enough = [shortened(case, upper - 1) for case in choosing if len(case.query.positions) >= lower]
        held = pool(blend, names, long_enough) if len(long_enough) >= ENOUGH else None
        if held is not None and held.wanted.any(axis=1).sum() >= ENOUGH // 2:
            found.append(search(held, names))
            learned = bucket
        else:
            found.append(found[-1] if learned > 0 else (defaults[bucket], defaults[bucket]))
    return tuple(known for known, _ in found), tuple(rare for _, rare in found)


def _tuned(past: Dataset, choosing: list[Case]) -> dict[str, dict[str, float | None]]:
    """Of each scorer's settings in GRID the one that alone ranks best. What holds for the next visit holds for repeats, too."""
    tuning = {}
    for name, settings in GRID.items():
        alone = [_alone(fit_all(past, {name: chosen}, [name])[name], choosing) for chosen in settings]
        tuning[name] = dict(settings[int(np.argmax(alone))])
    return tuning | {"again": dict(tuning["next"])}


def _alone(scorer: Scorer, judging: list[Case]) -> float:
    """Mean NDCG@10 of one scorer."""
    return float(np.mean([evaluate.ndcg(top(scorer.score(case.query), case.owned), case.wanted) for case in judging]))


def top(scores: np.ndarray, owned: np.ndarray, k: int = evaluate.K) -> list[int]:
    """Positions of the k best, without what is owned."""
    scores = np.array(scores, np.float32)
    scores[owned] = -np.inf
    best = np.argpartition(-scores, k)[:k] if k < len(scores) else np.arange(len(scores))
    return best[np.argsort(-scores[best], kind="stable")].tolist()


def _metrics(blend: Blend, judging: list[Case]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for case in judging:
        totals = {"": sum(blend.personal_parts(case.query).values()), "popularity_": blend.scorers["popularity"].score(case.query)}
        for prefix, total in totals.items():
            ranked = top(np.broadcast_to(total, blend.confidence.shape), case.owned)
            found.setdefault(f"{prefix}recall", []).append(evaluate.recall(ranked, case.wanted))
            found.setdefault(f"{prefix}ndcg", []).append(evaluate.ndcg(ranked, case.wanted))
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()} | {"users": len(judging)}
