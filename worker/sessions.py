"""Removes browser sessions that have expired."""

from __future__ import annotations

from shop import identity
from shop.store import Store


def remove_expired(store: Store) -> bool:
    """Removes all of them; False: once a call is enough."""
    with store.write() as session:
        identity.remove_expired(session)
    return False
