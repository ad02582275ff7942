"""Search beside its parts: python -m benchmarks.bench_search [--queries FILE] [--show].

Over the demo shop, on queries with graded answers (queries/demo.yml says how they were graded): nDCG@10 of BM25 alone, of embeddings alone,
and of search as customers meet it. Settings of search were chosen on every other query; `held out` are the ones between.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import CountVectorizer

from recommender.contract import Ask, Constraints
from recommender.export import export
from recommender.facade import Recommender
from recommender.search import FIELDS
from recommender.words import words
from shop.demo import load_demo
from shop.migrate import migrate
from shop.settings import Settings
from shop.store import Store

QUERIES = Path(__file__).parent / "queries" / "demo.yml"
GRADES = {"best": 3, "good": 2, "fair": 1}
K = 10
Search = Callable[[str], Sequence[str]]  # a query to the articles found, best first


@dataclass(frozen=True)
class Judged:
    """A query with its answers: article -> grade."""

    kind: str
    text: str
    grades: Mapping[str, int]


def judged(path: Path = QUERIES) -> list[Judged]:
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Judged(row["kind"], row["query"], {t: grade for name, grade in GRADES.items() for t in row.get(name, ())}) for row in rows]


def ndcg(found: Sequence[str], grades: Mapping[str, int], k: int = K) -> float:
    """Gain 2^grade - 1, discount log2(rank + 1) (Burges et al., ICML 2005). Of a query without answers: 1 when nothing was found."""
    if not grades:
        return float(not found)
    discount = 1 / np.log2(np.arange(2, k + 2))
    gains = [2.0 ** grades.get(article, 0) - 1 for article in found[:k]]
    ideal = sorted((2.0**grade - 1 for grade in grades.values()), reverse=True)[:k]
    return float(np.dot(gains, discount[: len(gains)]) / np.dot(ideal, discount[: len(ideal)]))


def systems(recommender: Recommender) -> dict[str, Search]:
    """Name -> search. BM25 has all texts of a product as one document, folded as ours are."""
    serving = recommender.serving
    items, vectors = serving.data.items, serving.data.vectors
    names = [title.split(",")[0] for title in items["title"]]
    documents = [" ".join(str(row[name]) for name in FIELDS) for _, row in items.iterrows()]
    counter = CountVectorizer(analyzer=words)
    counts = counter.fit_transform(documents).tocsc()
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    idf = np.log(1 + (len(items) - np.diff(counts.indptr) + 0.5) / (np.diff(counts.indptr) + 0.5))

    def articles(scores: np.ndarray) -> list[str]:
        ranked = [k for k in np.argsort(-scores, kind="stable") if scores[k] > 0]
        return list(dict.fromkeys(names[k] for k in ranked))[:K]

    def bm25(text: str) -> list[str]:
        known = [counter.vocabulary_[word] for word in words(text) if word in counter.vocabulary_]
        tf = counts[:, known].toarray()
        saturated = tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * lengths / lengths.mean())[:, None])
        return articles(saturated @ idf[known])

    def ours(text: str) -> list[str]:
        answer = recommender.search(Ask(n=K, text=text, constraints=Constraints(in_stock=False)))  # the others do not know of stock
        return [] if answer.method != "search" else [names[serving.data.position[one.item]] for one in answer.items]

    return {"BM25 alone": bm25, "embeddings alone": lambda text: articles(vectors @ recommender.encoder.encode_one(text)), "search": ours}


def measured(search: Search, queries: Sequence[Judged]) -> dict[str, float]:
    """Mean nDCG@10 by kind of query, over all that have an answer, and over the held-out of them; `none`: share that found nothing."""
    reached = [(query, k, ndcg(search(query.text), query.grades)) for k, query in enumerate(queries)]
    kinds = {kind: [value for query, _, value in reached if query.kind == kind] for kind in dict.fromkeys(q.kind for q in queries)}
    answered = [(k, value) for query, k, value in reached if query.grades]
    means = {kind: float(np.mean(values)) for kind, values in kinds.items()}
    return means | {"all": float(np.mean([v for _, v in answered])), "held out": float(np.mean([v for k, v in answered if k % 2]))}


def demo(folder: Path) -> Recommender:
    """The demo shop, untrained: search needs no training."""
    settings = Settings(var_dir=folder, database_url=f"sqlite:///{folder / 'shop.db'}")
    export(settings)
    store = Store(settings.store_url)
    migrate(store)
    load_demo(store)
    return Recommender.open(settings, store)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=Path, default=QUERIES)
    parser.add_argument("--show", action="store_true", help="print each query that is not held out, with what was found")
    asked = parser.parse_args()
    queries = judged(asked.queries)
    with TemporaryDirectory() as folder:
        export(Settings())
        (Path(folder) / "encoder").symlink_to(Settings().var_dir / "encoder")
        compared = systems(demo(Path(folder)))
        if asked.show:
            for k, query in enumerate(queries):
                if k % 2 == 0:
                    found = compared["search"](query.text)
                    print(f"{ndcg(found, query.grades):.2f} {query.kind:8} {query.text}: {', '.join(found)}")
        figures = {name: measured(search, queries) for name, search in compared.items()}
        began = time.process_time()
        for query in queries:
            compared["search"](query.text)
        spent = 1000 * (time.process_time() - began) / len(queries)
    table = Table(title=f"nDCG@{K} on {len(queries)} queries over the demo shop", title_justify="left")
    for column in ("", *next(iter(figures.values()))):
        table.add_column(column, justify="left" if not column else "right")
    for name, means in figures.items():
        table.add_row(name, *(f"{value:.3f}" for value in means.values()))
    Console().print(table)
    print(f"search: {spent:.1f} ms of processor time a query, its embedding included")


if __name__ == "__main__":
    main()
