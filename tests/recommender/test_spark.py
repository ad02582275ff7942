"""Training by Spark on two cores: the same counts and similarities as here, factors as good, and a model that serves."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from benchmarks.synthetic_shop import shop as synthetic
from recommender import data as door
from recommender import evaluate
from recommender.copurchase import lift
from recommender.facade import Recommender
from recommender.itemknn import item_knn
from recommender.pool import cases
from recommender.scorers import made
from recommender.spark_session import CannotUseSpark, Source, running
from shop.models import Interaction

SAME = 1e-4  # relative: both sides sum floats, in different orders
AS_GOOD = 0.1  # relative, of NDCG@10: both start from random factors
ITEMS = 300


def matrix(state: dict, size: int = ITEMS) -> np.ndarray:
    return sp.csr_matrix((state["data"], state["indices"], state["indptr"]), shape=(size, size)).toarray()


def as_rows(interactions: pd.DataFrame) -> pd.DataFrame:
    return interactions.rename(columns={"user": "customer_id", "item": "product_id"})


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("recommender.spark_session.find_spec", lambda name: None)
    with pytest.raises(CannotUseSpark, match="make setup-spark"), running(Source(), tmp_path):
        pass
    monkeypatch.setattr("recommender.spark_session.find_spec", lambda name: name)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(CannotUseSpark, match="Java 17"), running(Source(), tmp_path):
        pass


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    pytest.importorskip("pyspark", reason="pyspark is not installed: make setup-spark")
    if shutil.which("java") is None:
        pytest.skip("there is no Java on this machine")
    with running(Source(master="local[2]", memory="1g"), tmp_path_factory.mktemp("spark")) as session:
        yield session


@pytest.fixture(scope="module")
def whole():
    made = synthetic(ITEMS, customers=800, interactions=12_000, dim=16)
    return type(made)(made.items.sample(frac=1, random_state=1).reset_index(drop=True), made.interactions, made.vectors)


@pytest.mark.slow
class TestAgreement:
    @pytest.fixture(scope="class")
    def fitted(self, spark, whole, tmp_path_factory):
        from recommender.spark import fit

        path = str(tmp_path_factory.mktemp("parquet") / "interactions.parquet")
        as_rows(whole.interactions).to_parquet(path)
        return fit(spark, spark.read.parquet(path), whole.ids, None)

    def test_item_knn_and_lift_are_the_local_ones(self, fitted, whole):
        states, support = fitted
        np.testing.assert_allclose(support, whole.support, rtol=SAME)
        for name, local in (("itemknn", item_knn(whole)), ("copurchase", lift(whole))):
            ours, theirs = local.toarray(), matrix(states[name])
            assert (ours > 0).sum() == (theirs > 0).sum()
            alike = np.isclose(ours, theirs, rtol=SAME)  # where many are equally like an item, other ones may be kept
            assert alike.mean() > 0.999
            np.testing.assert_allclose(np.sort(ours, axis=1), np.sort(theirs, axis=1), rtol=SAME, atol=1e-6)

    def test_popularity_and_freshness_are_the_local_ones(self, fitted, whole):
        states, _ = fitted
        asked = cases(whole, whole, whole.users[:1])[0].query
        for name in ("popularity", "trending", "fresh"):
            restored = made(name).restore(states[name], whole)
            np.testing.assert_allclose(restored.score(asked), made(name).fit(whole).score(asked), rtol=SAME)

    def test_als_finds_the_next_visit_as_well_as_the_local_one(self, spark, whole, tmp_path):
        from recommender import spark_fit

        kept, held = evaluate.leave_last_out(whole.interactions)
        past, future = (type(whole)(whole.items, rows, whole.vectors) for rows in (kept, held))
        as_rows(kept).to_parquet(tmp_path / "past.parquet")
        rows = spark.read.parquet(str(tmp_path / "past.parquet"))
        factors = spark_fit.als(spark_fit.preferences(spark_fit.events(spark, rows, whole.ids)), ITEMS)
        judged = cases(past, future, whole.users)

        def ndcg(scorer) -> float:
            from recommender.learn import top

            return float(np.mean([evaluate.ndcg(top(scorer.score(case.query), case.owned), case.wanted) for case in judged]))

        ours = ndcg(made("als").fit(past))
        theirs = ndcg(made("als").restore({"items": whole.ids, "factors": factors}, past))
        assert len(judged) > 300
        assert theirs == pytest.approx(ours, rel=AS_GOOD)


@pytest.mark.slow
def test_events_come_from_parquet_and_a_source_without_them_is_said(spark, whole, tmp_path):
    from recommender.spark import interactions

    rows = spark.createDataFrame(as_rows(whole.interactions[:500]).drop(columns="value")).selectExpr(
        "customer_id", "product_id", "kind", "cast(null as double) value", "at"
    )
    rows.write.parquet(str(tmp_path / "parquet"))
    read = interactions(spark, None, Source(str(tmp_path / "parquet")), tmp_path)
    assert read.columns == ["customer_id", "product_id", "kind", "value", "at"]
    assert read.count() == 500
    rows.drop("kind").write.parquet(str(tmp_path / "less"))
    with pytest.raises(CannotUseSpark, match="lacks kind"):
        interactions(spark, None, Source(str(tmp_path / "less")), tmp_path)
    with pytest.raises(CannotUseSpark, match="cannot be read"):
        interactions(spark, None, Source(str(tmp_path / "nothing")), tmp_path)


@pytest.mark.slow
def test_events_come_from_a_database_over_jdbc(spark, tmp_path):
    from recommender.spark import interactions

    row = "1L customer_id, 2L product_id, 'view' kind, cast(null as double) value, timestamp'2026-01-01 00:00:00' at"
    address = f"jdbc:derby:{tmp_path / 'shop'}"  # the one database whose driver comes with Spark
    spark.sql(f"select {row}").write.jdbc(f"{address};create=true", "interactions")
    read = interactions(spark, None, Source(address), tmp_path)
    assert [(one.customer_id, one.product_id, one.kind) for one in read.collect()] == [(1, 2, "view")]


@pytest.mark.slow
def test_the_store_is_written_to_parquet_in_parts(store, factory, tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed: make setup-spark")
    product, person = factory.product(), factory.customer()
    with store.write() as session:
        session.add_all(Interaction(customer_id=person.id, product_id=product.id, kind="view", source="demo") for _ in range(5))
    door.export_interactions(store, tmp_path / "parts", rows=2)
    assert len(list((tmp_path / "parts").glob("*.parquet"))) == 3
    assert len(pd.read_parquet(tmp_path / "parts")) == 5


# Last: it ends the session that the others share.
@pytest.mark.slow
def test_a_shop_is_trained_by_spark_from_its_store_and_served(spark, store, factory, settings, encoder_folder, encoder):
    from recommender.spark import train_with_spark

    settings.var_dir.mkdir(parents=True)
    (settings.var_dir / "encoder").symlink_to(encoder_folder.parent)
    products = [factory.product(title=f"{colour} {thing}") for colour in ("red", "blue") for thing in ("mug", "lamp", "vase", "rug")]
    people = [factory.customer() for _ in range(30)]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with store.write() as session:
        for k, person in enumerate(people):
            for product in products[4 * (k % 2) :][:3]:
                session.add(Interaction(customer_id=person.id, product_id=product.id, kind="purchase", source="demo", at=at))
    lines: list[str] = []
    version = train_with_spark(settings, store, Source(master="local[2]", memory="1g"), lines.append)
    assert version.manifest["engine"] == "spark"
    assert not (settings.var_dir / "spark").exists()
    recommender = Recommender(settings, store, encoder)
    assert recommender.health()["version"] == version.name
    newcomer = factory.customer()
    with store.write() as session:
        session.add(Interaction(customer_id=newcomer.id, product_id=products[0].id, kind="purchase", source="demo", at=at))
    shown = {one.item: one for one in recommender.recommend(recommender.ask_for(newcomer.id, n=8)).items}
    chosen_together = [product.id for product in products[1:3]]
    assert {item for item, one in shown.items() if one.contributions.get("itemknn", 0) > 0} == set(chosen_together)
    assert all(shown[item].contributions["popularity"] > 0 for item in chosen_together)
