"""What the shop's programs call: one Recommender a process. It always answers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from recommender import answers, data, versions
from recommender.again import Repurchase, repurchases
from recommender.contract import Answer, Ask, Rule
from recommender.dataset import Dataset
from recommender.encoder import Encoder
from recommender.feedback import seen
from recommender.indexes import open_index
from recommender.rerank import Policy
from recommender.resolve import resolve
from recommender.serving import Serving, trained, under_rules, untrained, with_live
from recommender.sizes import sizes_beyond
from recommender.versions import NoModel

if TYPE_CHECKING:
    from recommender.data import Session, Settings, Store

log = logging.getLogger("recommender")

CHECK_SECONDS = 0.5  # how often the store and the models' folder are asked for changes
SEEN_SECONDS = 60.0  # how often an exploring shop counts anew what became of what it showed
FALLBACK_EVENTS = 20_000  # interactions that popularity is counted from when there is no trained model


@dataclass(frozen=True)
class Item:
    """A catalogue row. `price` in minor units."""

    id: int
    sku: str
    group: str
    title: str
    brand: str
    category: str
    price: int
    stock: int
    colour: str
    size: str
    material: str
    active: bool


class Recommender:
    """Safe to share between threads. Every method but `open` first sees to it that prices, stock, products and model are those of the
    last second; new products and models are prepared in the background while the old ones serve."""

    def __init__(self, settings: Settings, store: Store, encoder: Encoder) -> None:
        self.settings, self.store, self.encoder = settings, store, encoder
        self._serving: Serving | None = None
        self._before: Serving | None = None  # the last state whose search index is made
        self._model: tuple[str, tuple] | None = None  # the version that was read last, and what it holds
        self._problem: str | None = None
        self._checked = 0.0
        self._version, self._newest, self._named = "", data.LONG_AGO, None
        self._rules: list[Rule] = []
        self._counted, self._impressions = -SEEN_SECONDS, -1
        self._checking, self._rebuilding = threading.Lock(), threading.Lock()
        self._rebuild()

    @classmethod
    def open(cls, settings: Settings, store: Store, threads: int = 1) -> Recommender:
        """Raises EncoderMissing when the encoder was not exported. A missing or damaged model is no error: see `health`.

        Sets the process's BLAS to one thread: its products are small, and threads that wait for each other on a busy machine made an
        answer ten times slower.
        """
        threadpool_limits(1, user_api="blas")
        return cls(settings, store, Encoder.open(settings, threads))

    def ask_for(self, customer_id: int | None, at: datetime | None = None, n: int | None = None) -> Ask:
        """What is known of the customer as of `at`: history, interest, aversions. Nothing for None, or after opting out."""
        ask = Ask(n=n or self.settings.recommendations_shown, at=at)
        if customer_id is None:
            return ask
        moment, half_life = at or datetime.now(UTC), self.settings.interest_half_life_days
        with self.store.read() as session:
            known = data.known(session, customer_id, moment, half_life, self.encoder.encode_one)
        return replace(ask, history=known.events, interest=known.interest, constraints=known.averse)

    def recommend(self, ask: Ask) -> Answer:
        """What suits the customer, and what they say, best."""
        return answers.recommend(self._fresh(), ask, self.encoder.encode_one)

    def repurchases(self, ask: Ask) -> list[Repurchase]:
        """What the customer bought and is likely to choose again on their next visit."""
        return repurchases(self._fresh(), ask, self.encoder.encode_one)

    def similar(self, ask: Ask) -> Answer:
        """What could take the place of `ask.like`; without any known item there, recommendations."""
        return answers.similar(self._fresh(), ask, self.encoder.encode_one)

    def complements(self, ask: Ask) -> Answer:
        """What goes with `ask.like`; without any known item there, recommendations."""
        return answers.complements(self._fresh(), ask, self.encoder.encode_one)

    def search(self, ask: Ask) -> Answer:
        """What matches `ask.text` by title, words, spelling and meaning; where nothing does, nothing. Without text, recommendations within
        the constraints. What was bought before is found too."""
        return answers.search(self._searchable(), ask, self.encoder.encode_one)

    def sizes_beyond(self, item_id: int, larger: bool) -> tuple[str, ...]:
        """The catalogue's sizes that are larger (smaller) than the item's, on the same scale; none when its size is on no scale."""
        serving = self._fresh()
        position = serving.data.position.get(item_id)
        sizes = serving.data.items["size"].fillna("").astype(str)
        return () if position is None else sizes_beyond(sizes.iloc[position], sizes.unique(), larger)

    def resolve(self, text: str) -> int | None:
        """The id of the product that the text names by sku or title, typing errors forgiven; None when no title is close."""
        return resolve(self._searchable(), text)

    def item(self, item_id: int) -> Item | None:
        serving = self._fresh()
        position = serving.data.position.get(item_id)
        if position is None:
            return None
        row = serving.data.items.iloc[position]
        texts = {name: str(row[name]) for name in ("sku", "group", "title", "brand", "category", "colour", "size", "material")}
        return Item(item_id, price=int(row["price"]), stock=int(row["stock"]), active=bool(row["active"]), **texts)

    @property
    def serving(self) -> Serving:
        """What all answers are made from now; for reports and benchmarks."""
        return self._fresh()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(len(texts), dim) float32 unit vectors."""
        return self.encoder.encode(texts)

    def health(self) -> Mapping[str, Any]:
        """`ok`, `version` (None: untrained), `items`, and `problem`, a sentence that says what is wrong and what to do."""
        serving = self._fresh()
        return {"ok": self._problem is None, "version": serving.model, "items": serving.size, "problem": self._problem}

    def reload_if_changed(self) -> bool:
        """Takes up a newly trained model and a changed catalogue now, rather than within a second or two; says whether there was any."""
        before = self._serving
        with self._checking:
            self._look(wait=True)
        return self._serving is not before

    def _fresh(self) -> Serving:
        """The serving, at most a second old. One thread looks; the others go on with what there is."""
        if time.monotonic() - self._checked > CHECK_SECONDS and self._checking.acquire(blocking=False):
            try:
                self._look(wait=False)
            except Exception:  # an unreachable store must not silence the shop
                log.exception("looking for changes failed; what was known before goes on serving")
            finally:
                self._checked = time.monotonic()
                self._checking.release()
        return self._serving

    def _searchable(self) -> Serving:
        """As `_fresh`; while the search index of new products is still being made, the state before."""
        serving = self._fresh()
        return serving if self._before is None or serving.index.ready else self._before

    def _look(self, wait: bool) -> None:
        """Prices, stock and state at once; other products, other texts or another model by a rebuild."""
        stale = versions.current_name(self.settings) != self._named
        with self.store.read() as session:
            version = data.catalogue_version(session)
            if version != self._version:
                live = data.live(session)
                changed = data.items(session, since=self._newest)
                same = np.array_equal(live["item"], self._serving.data.ids) and self._same_texts(changed)
                self._serving, stale = with_live(self._serving, live), stale or not same
                if same:
                    self._version, self._newest = version, data.newest(changed, self._newest)
            if (ruled := data.rules(session)) != self._rules:
                self._rules, self._serving = ruled, under_rules(self._serving, ruled)
            self._count_what_was_shown(session)
        if stale and wait:
            self._rebuild()
        elif stale and self._rebuilding.acquire(blocking=False):
            threading.Thread(target=self._rebuild_alone, name="recommender-rebuild", daemon=True).start()

    def _count_what_was_shown(self, session: Session) -> None:
        """For exploring: what each product made of being shown, at most a minute old."""
        if not self._serving.policy.explore or time.monotonic() - self._counted < SEEN_SECONDS:
            return
        if (newest := data.impressions_until(session)) != self._impressions:
            shown = data.shown(session)
            self._serving = replace(self._serving, seen=seen(shown, self._serving.data.position, self._serving.size))
            self._impressions = newest
        self._counted = time.monotonic()

    def _same_texts(self, changed: pd.DataFrame) -> bool:
        """Whether the products of `changed`, all of which we know, are described as we know them."""
        position = self._serving.data.position
        ours = self._serving.data.items.iloc[[position[item] for item in changed["item"]]]
        texts = list(data.TEXTS)
        return bool((ours[texts].to_numpy() == changed[texts].to_numpy()).all())

    def _rebuild_alone(self) -> None:
        try:
            self._rebuild()
        except Exception:
            log.exception("rebuilding failed; what was known before goes on serving")
        finally:
            self._rebuilding.release()

    def _rebuild(self) -> None:
        named = versions.current_name(self.settings)
        with self.store.read() as session:
            version, items, nothing = data.catalogue_version(session), data.items(session), data.interactions(session, newest=0)
            rules = data.rules(session)
        vectors = self.encoder.encode(list(items["text"]), keep=True)
        try:
            serving = trained(Dataset(items, nothing, vectors), named or "", *self._read(named), self.encoder.is_word)
            problem = None
        except NoModel as error:
            problem = str(error)
            log.warning("%s; until then content and popularity answer", problem)
            with self.store.read() as session:
                serving = untrained(Dataset(items, data.interactions(session, newest=FALLBACK_EVENTS), vectors), self.encoder.is_word)
        before = self._serving.nearest if self._serving else None
        nearest = open_index(self.settings, self.store, serving.data.ids, vectors, before)
        serving = under_rules(replace(serving, nearest=nearest, policy=_policy(self.settings)), rules)
        self._serving, self._problem, self._named, self._rules = serving, problem, named, rules
        self._counted, self._impressions = -SEEN_SECONDS, -1
        self._version, self._newest = version, data.newest(items, data.LONG_AGO)
        self._checked = time.monotonic()
        serving.index.made()
        self._before = serving

    def _read(self, named: str | None) -> tuple:
        """Arrays and description of the current version; read anew only when that is another one. Raises NoModel."""
        if self._model is None or self._model[0] != named:
            self._model = None
            version = versions.current(self.settings)
            self._model = (version.name, versions.read(version))
        return self._model[1]


def _policy(settings: Settings) -> Policy:
    wishes = {name: getattr(settings, f"rerank_{name}") for name in ("diversity", "freshness", "margin", "stock")}
    return Policy(**wishes, explore=settings.explore_positions, page=settings.recommendations_shown)
