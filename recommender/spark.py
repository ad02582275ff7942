"""Training beyond one machine's memory: counts, similarities and factors by Spark, in the format the embedded recommender serves.

Spark fits what grows with the number of events (item-kNN, lift, popularity, freshness, ALS); the blend's weights are learned here from
a sample of customers. pyspark and Java are needed for this alone: requirements/spark.txt.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from recommender import data, versions
from recommender.dataset import Dataset
from recommender.encoder import Encoder, export
from recommender.learn import learn
from recommender.spark_session import COLUMNS, CannotUseSpark, Source, running
from recommender.train import facts_of, summary
from recommender.versions import Version

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from recommender.data import Settings, Store

SAMPLE = 20_000  # customers from whom the blend is learned
FITTED = ("itemknn", "als", "popularity", "trending", "fresh", "copurchase")  # by Spark
FOLLOWS = ("content", "terms", "category", "habit", "interest", "text")  # from the catalogue and the question


def train_with_spark(settings: Settings, store: Store, source: Source, progress: Callable[[str], None] = lambda line: None) -> Version:
    """Trains and makes the result the current version. Raises CannotUseSpark; the version served until then is untouched."""
    scratch = settings.var_dir / "spark"
    names = (*FITTED, *FOLLOWS)
    began = time.monotonic()
    try:
        with running(source, scratch) as spark:
            progress(f"recommender: reading interactions with Spark on {source.master}")
            rows = interactions(spark, store, source, scratch / "interactions")
            export(settings, progress)
            with store.read() as session:
                facts = facts_of(session, settings)
                items, together, nobody = data.items(session), data.baskets(session), sorted(data.opted_out(session))
            if nobody:
                rows = rows.join(spark.createDataFrame([(one,) for one in nobody], "customer_id long"), "customer_id", "left_anti")
            progress(f"recommender: fitting {', '.join(FITTED)} for {len(items):,} products")
            states, support = fit(spark, rows, items["item"].to_numpy(np.int64), together)
            some = sampled(rows)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    progress(f"recommender: learning the blend from {some['user'].nunique():,} customers")
    vectors = Encoder.open(settings, threads=2).encode(list(items["text"]), keep=True)
    learned = learn(Dataset(items, some, vectors, together), names=names)
    arrays = {f"{name}/{key}": value for name in names for key, value in states.get(name, {}).items()}
    arrays |= {f"trees/{key}": value for key, value in (learned.trees.state() if learned.trees else {}).items()}
    arrays |= {"items": items["item"].to_numpy(np.int64), "support": support}
    manifest = {"facts": facts, "metrics": dict(learned.metrics), "seconds": round(time.monotonic() - began, 1), "engine": "spark"}
    version = versions.write(settings, arrays, learned.described() | {"scorers": list(names)}, manifest)
    progress(summary(version))
    return version


def fit(spark: SparkSession, rows: DataFrame, ids: np.ndarray, orders: pd.DataFrame | None) -> tuple[dict[str, Any], np.ndarray]:
    """Each scorer's state (FITTED), and the support (n_items,), for the catalogue `ids`. `orders` as `Dataset.baskets`."""
    from pyspark.sql import functions as F

    from recommender import spark_fit

    size = len(ids)
    events = spark_fit.events(spark, rows, ids).cache()
    matrix = spark_fit.preferences(events).cache()
    counts = spark_fit.hourly(events, size)
    states = {
        "itemknn": spark_fit.item_knn(matrix, size),
        "als": {"factors": spark_fit.als(matrix, size)},
        "popularity": counts,
        "trending": counts,
        "fresh": {"first": spark_fit.first_seen(events, size)},
        "copurchase": spark_fit.lift(spark_fit.baskets(spark, events, orders, ids), size),
    }
    support = spark_fit.by_column(matrix.groupBy("column").agg(F.sum("heed")), size, 0.0)
    return {name: state | {"items": ids} for name, state in states.items()}, support


def interactions(spark: SparkSession, store: Store, source: Source, aside: Path) -> DataFrame:
    """The source's rows with COLUMNS; the shop's own are written to Parquet files under `aside` first, a part at a time."""
    try:
        if not source.path:
            data.export_interactions(store, aside)
            rows = spark.read.parquet(str(aside))
        elif source.path.startswith("jdbc:"):
            rows = spark.read.jdbc(source.path, "interactions")
        else:
            rows = spark.read.parquet(source.path)
    except Exception as problem:  # py4j's and Spark's own kinds
        raise CannotUseSpark(f"{source.path or aside} cannot be read: {str(problem).strip().splitlines()[0]}") from problem
    named = {column.lower(): column for column in rows.columns}
    if missing := [column for column in COLUMNS if column not in named]:
        raise CannotUseSpark(f"{source.path} lacks {', '.join(missing)}; it has {', '.join(rows.columns)}")
    return rows.select(*(rows[named[column]].alias(column) for column in COLUMNS)).where("product_id is not null")


def sampled(rows: DataFrame) -> pd.DataFrame:
    """All interactions of some SAMPLE customers, as `Dataset.interactions` wants them."""
    customers = rows.select("customer_id").distinct()
    share = SAMPLE / max(customers.count(), 1)
    some = rows if share >= 1 else rows.join(customers.sample(share, seed=7), "customer_id", "left_semi")
    columns = ("cast(customer_id as long) user", "cast(product_id as long) item", "kind", "cast(value as double) value", "at")
    frame = some.selectExpr(*columns).toPandas()
    frame["at"] = pd.to_datetime(frame["at"], utc=True)  # the session runs on UTC and gives times without a zone
    return frame.sort_values("at", kind="stable").reset_index(drop=True)
