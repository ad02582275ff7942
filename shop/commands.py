"""Changes that are made once, however often they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.errors import ShopError
from shop.models import AppliedCommand


def once(session: Session, key: str, kind: str, change: Callable[[], dict[str, Any]], customer_id: int | None = None) -> dict[str, Any]:
    """Runs `change` under the idempotency key and returns its result; a key that was used before returns the first run's result.

    The primary key decides, not a look before the leap: of parallel calls one inserts, the others wait for its commit and then read.
    A change that raises leaves nothing behind, its key included, so it may be tried again.

    Raises ShopError `key_reused` when the key belongs to another kind of change or another customer, ValueError when it is too long.
    """
    if not 0 < len(key) <= 200:
        raise ValueError(f"an idempotency key has 1 to 200 characters, not {len(key)}")
    with session.begin_nested():
        command = AppliedCommand(key=key, kind=kind, customer_id=customer_id, result={})
        try:
            with session.begin_nested():
                session.add(command)
        except IntegrityError:
            return _result_of(session, key, kind, customer_id)
        command.result = change()
        return command.result


def result_of(session: Session, key: str) -> dict[str, Any] | None:
    """What the change under that key came to, None when it has not been made."""
    return session.scalars(select(AppliedCommand.result).where(AppliedCommand.key == key)).one_or_none()


def _result_of(session: Session, key: str, kind: str, customer_id: int | None) -> dict[str, Any]:
    query = select(AppliedCommand).where(AppliedCommand.key == key).execution_options(populate_existing=True)
    first = session.scalars(query).one_or_none()
    if first is None:
        raise ShopError("no_such_customer", customer_id=customer_id)
    if first.kind != kind or first.customer_id != customer_id:
        raise ShopError("key_reused", kind=first.kind)
    return first.result
