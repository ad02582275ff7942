"""What a customer may change of their own account."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from shop.addresses import checked_address
from shop.models import Customer


def set_address(session: Session, customer_id: int, address: Mapping[str, str]) -> Customer:
    """Keeps the address that the checkout proposes. Doing it twice does no harm. Raises ShopError `bad_address` (missing)."""
    customer = session.get_one(Customer, customer_id)
    customer.address = checked_address(address)
    return customer
