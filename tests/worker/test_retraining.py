"""The worker trains the recommender anew when enough has happened, in a process of its own."""

from __future__ import annotations

import sys
import time

from shop.models import Customer, Interaction, Product
from shop.settings import Settings
from worker.retraining import Retraining, read_seen


def happen(store, count: int) -> None:
    with store.write() as session:
        customer = Customer()
        product = Product(sku=f"S{time.monotonic_ns()}", group_key="g", title="Lamp", price_minor=100, currency="GBP")
        session.add_all([customer, product])
        session.flush()
        session.add_all(Interaction(customer_id=customer.id, product_id=product.id, kind="view", source="web") for _ in range(count))


def watcher(tmp_path, store, code: str, after: int = 3) -> Retraining:
    settings = Settings(var_dir=tmp_path, retrain_after_interactions=after)
    return Retraining(settings, store, command=(sys.executable, "-c", code), gap=0.0)


def finish(retraining: Retraining) -> None:
    assert retraining.process is not None
    retraining.process.wait(20)
    retraining.step()
    assert retraining.process is None


def test_it_trains_after_enough_new_interactions_and_not_before(tmp_path, store):
    happen(store, 10)  # what the model was trained on when the shop was set up
    retraining = watcher(tmp_path, store, f"open({str(tmp_path / 'trained')!r}, 'a').write('x')")
    retraining.step()
    happen(store, 2)
    retraining.step()
    assert retraining.process is None
    happen(store, 1)
    retraining.step()
    finish(retraining)
    retraining.step()
    assert retraining.process is None  # nothing new since
    assert (tmp_path / "trained").read_text() == "x"


def test_a_failed_training_is_due_again_and_leaves_its_log(tmp_path, store):
    happen(store, 1)
    retraining = watcher(tmp_path, store, "raise SystemExit('no memory')", after=1)
    retraining.step()
    seen = read_seen(tmp_path)
    happen(store, 1)
    retraining.step()
    finish(retraining)
    assert read_seen(tmp_path) == seen
    assert "no memory" in (tmp_path / "logs/retraining.log").read_text()
    retraining.step()
    assert retraining.process is not None
    finish(retraining)


def test_what_happens_during_a_training_counts_for_the_next(tmp_path, store):
    retraining = watcher(tmp_path, store, "pass", after=2)
    retraining.step()
    happen(store, 2)
    retraining.step()
    happen(store, 2)
    finish(retraining)
    retraining.step()
    finish(retraining)


def test_zero_means_never(tmp_path, store):
    retraining = watcher(tmp_path, store, "pass", after=0)
    retraining.step()
    happen(store, 50)
    retraining.step()
    assert retraining.process is None


def test_ending_the_worker_ends_a_running_training(tmp_path, store):
    retraining = watcher(tmp_path, store, "import time; time.sleep(60)", after=1)
    retraining.step()
    happen(store, 1)
    retraining.step()
    retraining.stop()
    assert retraining.process.wait(5) != 0
