"""Postal and email addresses, checked before they are stored."""

from __future__ import annotations

from collections.abc import Mapping

from email_validator import EmailNotValidError, validate_email

from shop.errors import ShopError
from shop.text import clean

FIELDS = {"name": 100, "line1": 120, "line2": 120, "city": 80, "postcode": 12, "country": 60}  # field -> longest
REQUIRED = ("name", "line1", "city", "postcode")


def checked_address(address: Mapping[str, str]) -> dict[str, str]:
    """Only the known fields, cleaned. Raises ShopError `bad_address` (missing=[...])."""
    plain = {field: clean(str(address.get(field) or ""), longest) for field, longest in FIELDS.items()}
    missing = [field for field in REQUIRED if not plain[field]]
    if missing:
        raise ShopError("bad_address", missing=missing)
    return plain


def checked_email(email: str) -> str:
    """Lower-cased, as emails are stored everywhere. Raises ShopError `bad_email`. Nothing is asked of the network."""
    try:
        return validate_email(clean(email, 320), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise ShopError("bad_email", email=email[:320], why=str(error)) from None
