"""What the shop promises: delivery, returns, warranty, hours, stores. One YAML file that the merchant edits (see `shop/policies.yml`).

The rules of the shop ask `current()` wherever a number is needed. A process says once at its start which file that is (`use`); the
file is read again when it changes. A change that cannot be read is logged and the last good one stays in force: a slip of the pen must
not close the shop.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

log = logging.getLogger(__name__)
SHIPPED = Path(__file__).parent / "policies.yml"

Minor = Annotated[int, Field(ge=0)]


class BadPolicies(ValueError):
    """The file cannot be read: each fault in a line of its own, with the place it is at."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Seller(Section):
    name: str = Field(min_length=1)
    address: tuple[str, ...] = ()
    tax_number: str = ""


class Contact(Section):
    email: str = Field(min_length=3)
    phone: str = ""
    hours: str = Field(min_length=1)


class PhysicalStore(Section):
    name: str
    address: str
    hours: str


class Account(Section):
    sign_in_page: str = ""
    sign_up_page: str = ""
    password_page: str = ""
    details_page: str = ""


class DeliveryOption(Section):
    """`free_from` is the subtotal from which it costs nothing, None if it always costs; days are working days."""

    name: str = Field(pattern="^[a-z_]{1,20}$")
    title: str
    cost: Minor
    free_from: Minor | None = None
    days_min: int = Field(ge=0)
    days_max: int = Field(ge=0, le=365)


class Delivery(Section):
    options: tuple[DeliveryOption, ...] = Field(min_length=1)
    countries: tuple[str, ...] = Field(min_length=1)
    cut_off_hour: int = Field(14, ge=0, le=24)

    @model_validator(mode="after")
    def _sensible(self) -> Delivery:
        if len({option.name for option in self.options}) < len(self.options):
            raise ValueError("two delivery options have the same name")
        if wrong := [option.name for option in self.options if option.days_min > option.days_max]:
            raise ValueError(f"days_min is more than days_max in {', '.join(wrong)}")
        return self


class Payment(Section):
    methods: tuple[str, ...] = Field(min_length=1)


class Cancellation(Section):
    fee: Minor = 0


class Returns(Section):
    days: int = Field(ge=0)
    cost: Minor = 0
    refund_days: int = Field(ge=0)


class Warranty(Section):
    months: int = Field(ge=0)
    covers: str
    by_category: dict[str, Annotated[int, Field(ge=0)]] = {}


class Points(Section):
    offered: bool
    spend_for_one: int = Field(100, gt=0)
    worth: Minor = 1
    redeem: str = ""


class GiftCards(Section):
    offered: bool
    amounts: tuple[Minor, ...] = ()
    how: str = ""


class GiftWrapping(Section):
    offered: bool
    cost: Minor = 0
    how: str = ""


class PriceMatching(Section):
    offered: bool
    how: str = ""


class Subscriptions(Section):
    offered: bool
    how: str = ""


class DiscountCodes(Section):
    accepted: bool


class Privacy(Section):
    page: str = ""


class Policies(Section):
    """Amounts are minor units of the shop's currency."""

    seller: Seller
    contact: Contact
    stores: tuple[PhysicalStore, ...] = ()
    account: Account = Account()
    delivery: Delivery
    payment: Payment
    cancellation: Cancellation = Cancellation()
    returns: Returns
    warranty: Warranty
    points: Points = Points(offered=False)
    gift_cards: GiftCards = GiftCards(offered=False)
    gift_wrapping: GiftWrapping = GiftWrapping(offered=False)
    price_matching: PriceMatching = PriceMatching(offered=False)
    subscriptions: Subscriptions = Subscriptions(offered=False)
    discount_codes: DiscountCodes = DiscountCodes(accepted=False)
    privacy: Privacy = Privacy()


def read(path: Path) -> Policies:
    """Raises BadPolicies: no such file, no YAML, a key that does not exist, a value that cannot be."""
    try:
        return Policies.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadPolicies(f"{path} cannot be read: {error}") from None
    except ValidationError as error:
        faults = (f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise BadPolicies("\n".join(faults)) from None


class _InForce:
    def __init__(self) -> None:
        self.path, self.stamp, self.policies = SHIPPED, 0, None

    def current(self) -> Policies:
        stamp = self.path.stat().st_mtime_ns if self.path.exists() else 0
        if self.policies is None or stamp != self.stamp:
            self._read(stamp)
        return self.policies  # type: ignore[return-value]

    def _read(self, stamp: int) -> None:
        try:
            self.policies = read(self.path)
        except BadPolicies as error:
            if self.policies is None:
                raise
            log.error("the policies stay as they were: %s", error)
        self.stamp = stamp


_in_force = _InForce()


def use(path: Path | None) -> Policies:
    """Puts that file into force for this process; None is the one shipped. Raises BadPolicies."""
    policies = read(path or SHIPPED)
    _in_force.path, _in_force.policies, _in_force.stamp = path or SHIPPED, None, 0
    return policies


def current() -> Policies:
    """The policies in force now. Raises BadPolicies when the file was never good."""
    return _in_force.current()
