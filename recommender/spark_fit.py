"""What Spark computes of the events: the same formulas as the scorers of these names, over tables that need not fit one machine.

Only imported where pyspark is installed. `column` is an item's position in the catalogue throughout.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp
from pyspark.ml.recommendation import ALS
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from recommender.copurchase import LEAST, SHRINK
from recommender.copurchase import NEIGHBOURS as TOGETHER
from recommender.dataset import KIND_WEIGHT, LOW_RATING
from recommender.heed import DAY, ESTABLISHED, LATITUDE, PERIOD, UNVERIFIED
from recommender.itemknn import K1, NEIGHBOURS, B
from recommender.popularity import HOUR

MOST_ITEMS = 500  # of one customer or basket, the newest, that are paired with each other: pairs grow with the square
FACTORS = 64
ALPHA = 10.0  # confidence that an event adds
RIDGE = 0.02  # Spark multiplies it with the number of an item's customers
ITERATIONS = 15


def events(spark: SparkSession, rows: DataFrame, ids: np.ndarray) -> DataFrame:
    """Columns user, column, own, heed, weight, seconds, kind, at, trust of `Dataset.events`: the interactions that speak for an item of the
    catalogue (`ids`, in its order), each done once a day but for purchases."""
    catalogue = F.broadcast(spark.createDataFrame(pd.DataFrame({"item": ids, "column": np.arange(len(ids), dtype=np.int32)})))
    kinds = F.create_map([F.lit(one) for pair in KIND_WEIGHT.items() for one in pair])
    low = (F.col("kind") == "rating") & (F.col("value") < LOW_RATING)
    bought = rows.where("kind = 'purchase'").select("customer_id").distinct().withColumn("trust", F.lit(1.0)).cache()
    nobody = bought.isEmpty()
    span = F.max("at").cast("long") - F.min("at").cast("long")
    known = (rows if nobody else rows.where("kind = 'purchase'")).groupBy("customer_id").agg((span >= ESTABLISHED * DAY).alias("known"))
    own = F.when(low, 0.0).otherwise(F.coalesce(kinds[F.col("kind")], F.lit(0.0)))
    weighed = rows.withColumn("own", own).where("own > 0")
    found = weighed.join(catalogue, F.col("product_id").cast("long") == F.col("item")).withColumn("seconds", F.unix_timestamp("at"))
    day = Window.partitionBy("customer_id", "column", "kind", F.floor(F.col("seconds") / DAY)).orderBy("seconds")
    first = found.withColumn("turn", F.row_number().over(day)).where("turn = 1 or kind = 'purchase'")
    trusted = first.join(bought, "customer_id", "left").join(known, "customer_id", "left").fillna(False, "known")
    trusted = trusted.fillna(1.0 if nobody else UNVERIFIED, "trust").withColumn("period", F.floor(F.col("seconds") / (PERIOD * DAY)))
    sides = {"newcomers": F.col("known"), "unverified": F.col("trust") == 1}
    heeded = trusted
    for name, known in sides.items():
        heeded = heeded.join(_shares(trusted, known, name), ["column", "period"])
    heed = F.col("trust") * F.least(*(F.when(known, 1.0).otherwise(F.col(name)) for name, known in sides.items()))
    user = F.col("customer_id").cast("int").alias("user")
    table = heeded.select(user, "column", "own", heed.alias("heed"), "seconds", "kind", "at", "trust", "period")
    return table.withColumn("weight", F.col("own") * F.col("heed"))


def _shares(events: DataFrame, known: Column, name: str) -> DataFrame:
    """column, period, `name`: recommender.heed.heeded, how much those who are not `known` count for an item then."""
    place = F.row_number().over(Window.partitionBy("customer_id", "column", "period").orderBy("at"))
    weight = F.col("own") * F.col("trust")
    sides = [F.sum(F.when(some, weight).otherwise(0.0)).alias(name) for name, some in (("old", known), ("new", ~known))]
    cells = events.withColumn("place", place).where("place = 1").groupBy("column", "period").agg(*sides)
    whole = Window.partitionBy("period")
    all_old, all_new = F.sum("old").over(whole), F.sum("new").over(whole)
    always = cells.agg(F.sum("new").alias("at_new"), F.sum("old").alias("at_old"), F.count("*").alias("at_all"))
    usual = F.least(all_new / all_old, LATITUDE * F.col("at_new") / F.greatest("at_old", F.lit(1e-9)))
    average = F.least(all_new / F.count("*").over(whole), LATITUDE * F.col("at_new") / F.col("at_all"))
    allowed = LATITUDE * (usual * F.col("old") + average)
    share = F.when((all_old > 0) & (F.col("new") > 0), F.least(allowed / F.col("new"), F.lit(1.0))).otherwise(1.0)
    return cells.crossJoin(F.broadcast(always)).select("column", "period", share.alias(name))


def preferences(events: DataFrame) -> DataFrame:
    """`Dataset.matrix` as rows: user, column, value in (0, 1], when the item was last had (seconds), the most that the user is heeded."""
    summed = (F.sum("weight") / F.greatest(F.sum("own"), F.lit(1.0))).alias("value")
    return events.groupBy("user", "column").agg(summed, F.max("seconds").alias("seconds"), F.max("heed").alias("heed"))


def item_knn(matrix: DataFrame, size: int) -> dict[str, np.ndarray]:
    """recommender.itemknn: cosine over BM25 weights."""
    per_user = matrix.groupBy("user").agg(F.log(1 + size / (1.0 + F.count("*"))).alias("idf"))
    per_item = matrix.groupBy("column").agg(F.sum("value").alias("total"))
    mean = max((per_item.agg(F.sum("total")).first()[0] or 0.0) / max(size, 1), 1e-9)
    length = (1 - B) + B * F.col("total") / mean
    weight = F.col("value") * (K1 + 1) / (K1 * length + F.col("value")) * F.col("idf")
    weighed = matrix.join(per_user, "user").join(per_item, "column").select("user", "column", "seconds", weight.alias("weight"))
    norm = weighed.groupBy("column").agg(F.sqrt(F.sum(F.col("weight") ** 2)).alias("norm"))
    scaled = weighed.join(norm, "column").select("user", "column", "seconds", (F.col("weight") / F.col("norm")).alias("weight"))
    pairs = _pairs(scaled, "user", F.sum(F.col("a.weight") * F.col("b.weight")))
    return _largest(pairs, size, NEIGHBOURS)


def lift(baskets: DataFrame, size: int) -> dict[str, np.ndarray]:
    """recommender.copurchase. `baskets`: distinct basket, column (null: an item the catalogue has not), seconds."""
    count = baskets.where("column is not null").groupBy("column").agg(F.count("*").alias("count"))
    total = max(baskets.select("basket").distinct().count(), 1)
    pairs = _pairs(baskets.where("column is not null"), "basket", F.count("*")).where(F.col("value") >= LEAST)
    counted = pairs.join(count.toDF("row", "ours"), "row").join(count.toDF("column", "theirs"), "column")
    expected = F.col("ours") * F.col("theirs") / total
    value = F.log((F.col("value") + SHRINK) / (expected + SHRINK))
    return _largest(counted.select("row", "column", value.alias("value")), size, TOGETHER)


def baskets(spark: SparkSession, events: DataFrame, given: pd.DataFrame | None, ids: np.ndarray) -> DataFrame:
    """The orders given (columns basket, item), or each customer's purchases of one moment."""
    if given is None:
        moment = F.concat_ws(" ", "user", F.col("at").cast("string"))
        return events.where("kind = 'purchase'").select(moment.alias("basket"), "column", "seconds").distinct()
    known = pd.Index(ids).get_indexer(given["item"].to_numpy(np.int64))
    table = pd.DataFrame({"basket": given["basket"].to_numpy(np.int64), "column": known, "seconds": 0})
    frame = spark.createDataFrame(table)
    return frame.withColumn("column", F.when(F.col("column") >= 0, F.col("column"))).distinct()


def hourly(events: DataFrame, size: int) -> dict[str, np.ndarray]:
    """recommender.popularity: weights by item and the hour that begins after the event, of `Dataset.counted`."""
    hour = F.ceil(F.col("seconds") / HOUR).alias("hour")
    turn = F.when(F.col("trust") == 1, F.col("period")).otherwise(0)
    place = F.row_number().over(Window.partitionBy("user", "column", turn).orderBy("seconds", F.desc("weight")))
    once = events.withColumn("place", place).where("place = 1")
    counted = once.groupBy(hour, "column").agg(F.sum("weight").alias("weight")).toPandas()
    hours, row = np.unique(counted["hour"].to_numpy(np.int64), return_inverse=True)
    entries = (counted["weight"].to_numpy(np.float32), (row, counted["column"].to_numpy()))
    return {"hours": hours} | _arrays(sp.csr_matrix(entries, shape=(len(hours), size)))


def first_seen(events: DataFrame, size: int) -> np.ndarray:
    """recommender.fresh: seconds of each item's first event, infinity where there is none."""
    return by_column(events.groupBy("column").agg(F.min("seconds").cast("double").alias("first")), size, np.inf)


def als(matrix: DataFrame, size: int) -> np.ndarray:
    """(n_items, FACTORS) float32 item factors of implicit ALS (Hu, Koren and Volinsky, ICDM 2008); zero where there is no event."""
    factors = np.zeros((size, FACTORS), np.float32)
    if matrix.isEmpty():
        return factors
    common = {"rank": FACTORS, "maxIter": ITERATIONS, "regParam": RIDGE, "alpha": ALPHA, "seed": 7, "implicitPrefs": True}
    model = ALS(userCol="user", itemCol="column", ratingCol="value", **common).fit(matrix)
    found = model.itemFactors.toPandas()
    factors[found["id"].to_numpy()] = np.stack(found["features"].to_numpy())
    return factors


def by_column(table: DataFrame, size: int, otherwise: float) -> np.ndarray:
    """The second column of a table as an array over the catalogue."""
    found = table.toPandas()
    values = np.full(size, otherwise)
    values[found["column"].to_numpy()] = found[found.columns[1]].to_numpy()
    return values


def _pairs(table: DataFrame, within: str, value) -> DataFrame:
    """row, column, value: both orders of every two items within one customer or basket. The newest MOST_ITEMS of each are paired."""
    newest = Window.partitionBy(within).orderBy(F.desc("seconds"), "column")
    few = table.withColumn("rank", F.row_number().over(newest)).where(F.col("rank") <= MOST_ITEMS).drop("rank")
    together = few.alias("a").join(few.alias("b"), within).where("a.column != b.column")
    return together.groupBy(F.col("a.column").alias("row"), F.col("b.column").alias("column")).agg(value.alias("value"))


def _largest(pairs: DataFrame, size: int, keep: int) -> dict[str, np.ndarray]:
    """Each row's `keep` largest positive values, as a scorer's arrays."""
    best = Window.partitionBy("row").orderBy(F.desc("value"), "column")
    kept = pairs.where("value > 0").withColumn("rank", F.row_number().over(best)).where(F.col("rank") <= keep).drop("rank").toPandas()
    entries = (kept["value"].to_numpy(np.float32), (kept["row"].to_numpy(), kept["column"].to_numpy()))
    return _arrays(sp.csr_matrix(entries, shape=(size, size), dtype=np.float32))


def _arrays(matrix: sp.csr_matrix) -> dict[str, np.ndarray]:
    return {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr}
