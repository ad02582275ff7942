"""What is built once a process and used by every action."""

from __future__ import annotations

from dataclasses import dataclass

from recommender.facade import Recommender
from shop import policies
from shop.settings import Settings
from shop.store import Store


@dataclass(frozen=True)
class Runtime:
    settings: Settings
    store: Store
    recommender: Recommender

    @classmethod
    def open(cls, settings: Settings) -> Runtime:
        policies.use(settings.policies_file)
        store = Store(settings.store_url)
        return cls(settings, store, Recommender.open(settings, store))
