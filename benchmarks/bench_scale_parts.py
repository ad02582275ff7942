"""What bench_scale measures, one function a measurement."""

from __future__ import annotations

import multiprocessing
import re
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
from sqlalchemy import insert

from benchmarks.synthetic_shop import COLOURS, END, shop
from recommender import answers, candidates
from recommender.batch import Lists, best_for_all
from recommender.blend import Blend, confidence
from recommender.chance import chance
from recommender.choose import Articles
from recommender.contract import Ask, Constraints, Event
from recommender.dataset import Dataset
from recommender.encoder import Encoder
from recommender.facade import Recommender
from recommender.filters import Table
from recommender.index import Approximate, Exact
from recommender.learn import learn
from recommender.scorers import SCORERS
from recommender.serving import Serving
from shop.migrate import migrate
from shop.models import Customer, Interaction, Product, now
from shop.settings import PROJECT, Settings
from shop.store import Store

SERVED = ("ease", "next", "itemknn", "content", "terms", "popularity", "trending", "fresh", "interest", "text", "habit")
Encode = Callable[[str], np.ndarray]


def serving(data: Dataset) -> tuple[Serving, float]:
    """The state that answers, fitted with the default blend, and the seconds that its vector index took. Without a search index."""
    blend = Blend({name: SCORERS[name]().fit(data) for name in SERVED}, confidence(data.support), chance=chance(data.support))
    began = time.perf_counter()
    index = Approximate(data.vectors) if len(data.items) >= Settings(_env_file=None).vector_index_from else Exact(data.vectors)
    built = time.perf_counter() - began
    made = Serving(data, Table(data.items), Articles(data.items), blend, index=None, model="benchmark", nearest=index)
    return made, built


def asks(data: Dataset, count: int) -> tuple[list[Ask], Encode]:
    """Questions of customers, each with a history, an interest, words, a price limit, an aversion and, every other one, a colour."""
    random = np.random.default_rng(5)
    users = random.permutation(data.users)[: 3 * count]
    rows = data.interactions[data.interactions["user"].isin(users)]
    made, words = [], {}
    for number, (_, did) in enumerate(list(rows.groupby("user"))[:count]):
        text = f"wish {number}"
        words[text] = _near(random, data)
        limits = Constraints(
            price_max=int(random.choice([1000, 3000, 8000])),
            colours=(str(random.choice(COLOURS)),) if number % 2 else (),
            not_materials=("wool",),
        )
        history = [Event(int(row.item), row.kind, row.at.to_pydatetime()) for row in did.itertuples()]
        made.append(Ask(n=10, history=history, text=text, interest=_near(random, data), constraints=limits, at=END))
    return made, words.__getitem__


def waits(made: Serving, questions: Sequence[Ask], encode: Encode) -> tuple[np.ndarray, float]:
    """Milliseconds of each question by the clock, and of processor time on average, which other programs disturb less. All were asked
    once before, so that what is worked out once has been."""
    found = []
    for again in (False, True):
        worked = time.process_time()
        for ask in questions:
            began = time.perf_counter()
            answers.recommend(made, ask, encode)
            if again:
                found.append(1000 * (time.perf_counter() - began))
    return np.array(found), 1000 * (time.process_time() - worked) / max(len(questions), 1)


def recall(made: Serving, questions: Sequence[Ask], encode: Encode) -> tuple[float, float]:
    """Share of the ten best, found by scoring every item, that are shown; and the processor time in milliseconds which that exact way
    takes on average."""
    shown = [{one.item for one in answers.recommend(made, ask, encode).items} for ask in questions]
    with patch.object(candidates, "FROM", made.size):
        exact = [{one.item for one in answers.recommend(made, ask, encode).items} for ask in questions]
        _, slow = waits(made, questions[:10], encode)
    return float(np.mean([len(ours & best) / max(len(best), 1) for ours, best in zip(shown, exact, strict=True)])), slow


def best_for_everybody(made: Serving, data: Dataset) -> Lists:
    return best_for_all(made, data, END.timestamp(), n=10, threads=2)


def peak_gigabytes() -> float:
    """Of this process alone. What getrusage says of a process begins, on Linux, with the peak of the one that started it."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return (int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1e6


def fit_alone(items: int, customers: int, interactions: int) -> tuple[float, float]:
    """Seconds and peak gigabytes of learning the blend and fitting every scorer, in a fresh process with two BLAS threads."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_fit, args=(theirs, items, customers, interactions))
    process.start()
    theirs.close()
    measured = ours.recv()
    process.join()
    return measured


def _fit(report, items: int, customers: int, interactions: int) -> None:
    data = shop(items, customers, interactions)
    began = time.perf_counter()
    learned = learn(data)
    for name, make in SCORERS.items():
        make(**learned.tuning.get(name, {})).fit(data).state()
    report.send((time.perf_counter() - began, peak_gigabytes()))


@contextmanager
def running_shop(folder: Path, items: int) -> Iterator[SimpleNamespace]:
    """A Recommender on a store with that many products. Their vectors are made up; that of a new product is the encoder's."""
    settings = Settings(_env_file=None, var_dir=folder)
    data = shop(items, customers=items, interactions=10 * items)
    names = {"title": "title", "brand": "brand", "colour": "colour", "material": "material", "sku": "sku", "group": "group_key"}
    names |= {"category": "category_path", "price": "price_minor", "stock": "stock", "item": "id"}
    store = Store(settings.store_url)
    migrate(store)
    rows = data.items.rename(columns=names)[list(names.values())].assign(currency="GBP").to_dict("records")
    did = [
        {"customer_id": row.user, "product_id": row.item, "kind": row.kind, "source": "demo", "at": row.at.to_pydatetime()}
        for row in data.interactions.itertuples()
    ]
    with store.write() as session:
        session.execute(insert(Product), rows)
        session.execute(insert(Customer), [{"id": user} for user in range(1, items + 1)])
        session.execute(insert(Interaction), did)
    yield SimpleNamespace(store=store, recommender=Recommender(settings, store, _Known(data.vectors)), items=items)
    store.close()


class _Known:
    """The encoder, which takes the vectors of the catalogue it was given for known."""

    def __init__(self, vectors: np.ndarray) -> None:
        self._encoder, self._vectors = Encoder(PROJECT / "var" / "encoder" / "all-MiniLM-L6-v2"), vectors
        self._texts: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str], *, keep: bool = False) -> np.ndarray:
        if not self._texts:
            self._texts = dict(zip(texts, self._vectors, strict=True))
        new = [text for text in texts if text not in self._texts]
        self._texts |= zip(new, self._encoder.encode(new), strict=True)
        return np.stack([self._texts[text] for text in texts])

    def __getattr__(self, name: str):
        return getattr(self._encoder, name)


def fold_in(running: SimpleNamespace, count: int = 200) -> tuple[float, float]:
    """Milliseconds (p95) from a committed event to a question that has it, for customers with a history and for new ones."""
    random, found = np.random.default_rng(3), ([], [])
    for k in range(count):
        known = bool(k % 2)
        with running.store.write() as session:
            customer = int(random.integers(1, running.items))
            if not known:
                session.add(person := Customer())
                session.flush()
                customer = person.id
            product = int(random.integers(1, running.items))
            session.add(Interaction(customer_id=customer, product_id=product, kind="view", source="demo", at=now() - timedelta(seconds=1)))
        began = time.perf_counter()
        history = running.recommender.ask_for(customer).history
        found[known].append(1000 * (time.perf_counter() - began))
        assert history[-1].item == product
    return float(np.percentile(found[True], 95)), float(np.percentile(found[False], 95))


def new_item(running: SimpleNamespace) -> float:
    """Seconds from the commit of a new product until it is recommended to somebody who asks for the like of it, looking all the time."""
    ask = Ask(n=10, text="a hand-blown crystal decanter")
    running.recommender.recommend(ask)
    with running.store.write() as session:
        columns = {"sku": "NEW-1", "group_key": "new", "title": "Hand-blown crystal decanter", "category_path": "Glass > Decanters"}
        session.add(product := Product(**columns, price_minor=4500, currency="GBP", stock=5))
        session.flush()
        wanted = product.id
    began = time.perf_counter()
    while wanted not in {one.item for one in running.recommender.recommend(ask).items}:
        if time.perf_counter() - began > 60:
            raise RuntimeError("a new product was not recommended within a minute")
        time.sleep(0.1)
    return time.perf_counter() - began


def _near(random: np.random.Generator, data: Dataset) -> np.ndarray:
    """A unit vector in the neighbourhood of some item."""
    aside = random.standard_normal(data.vectors.shape[1])
    some = data.vectors[random.integers(len(data.vectors))] + 0.5 * aside / np.linalg.norm(aside)
    return (some / np.linalg.norm(some)).astype(np.float32)
