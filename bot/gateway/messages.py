"""The shapes of messages: what the browser sends, what Rasa answers, and what the browser is given to draw."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def clean(text: str) -> str:
    """Without the control characters that no customer types and PostgreSQL cannot store, and without space at the ends."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def safe_link(address: str) -> str:
    """The address when it is one of ours or a web address, else nothing (a `javascript:` link from an imported catalogue, say)."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours or address.startswith(("https://", "http://")) else ""


Link = Annotated[str, AfterValidator(safe_link)]


class Command(BaseModel):
    """A pressed button of a product card. Only these are known; whether the product exists is checked against the store."""

    model_config = ConfigDict(extra="forbid")

    name: Literal["add_to_cart", "product_detail", "similar"]
    sku: str = Field(min_length=1, max_length=120)


class Sent(BaseModel):
    """What the browser posts. `client_message_id` names the message for good: sent again, it is the same message."""

    model_config = ConfigDict(extra="ignore")

    client_message_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}$")
    text: str
    command: Command | None = None

    @field_validator("text")
    @classmethod
    def _clean(cls, text: str) -> str:
        return clean(text)


class Satisfaction(BaseModel):
    """The answer to a survey. Whether the score lies on its scale is checked against the store."""

    model_config = ConfigDict(extra="forbid")

    score: int = Field(ge=1, le=10)
    comment: str = Field("", max_length=1000)

    @field_validator("comment")
    @classmethod
    def _clean(cls, text: str) -> str:
        return clean(text)


class Thumb(BaseModel):
    """The customer's thumb about a message of the bot."""

    model_config = ConfigDict(extra="forbid")

    up: bool


class Shown(BaseModel):
    """Everything below is drawn by the browser: unknown keys are dropped, never passed on."""

    model_config = ConfigDict(extra="ignore")


class Card(Shown):
    """A product card. The customer sees the first part; the second is for the impression log and is stripped."""

    sku: str
    title: str
    price: str = ""
    image: Link = ""
    url: Link = ""
    stock: Literal["in_stock", "low", "out"] = "in_stock"
    colour: str = ""
    size: str = ""
    reason: str = ""
    list_id: str = Field("", max_length=40)
    position: int = 0

    id: int | None = Field(None, exclude=True)
    score: float = Field(0.0, exclude=True)
    contributions: dict[str, float] = Field({}, exclude=True)
    propensity: float = Field(1.0, exclude=True)
    surface: str = Field("chat", max_length=40, exclude=True)


class CartLine(Shown):
    sku: str
    title: str
    quantity: int
    price: str = ""
    total: str = ""


class Cart(Shown):
    lines: list[CartLine] = []
    count: int = 0
    total: str = ""


class OrderLine(Shown):
    title: str
    quantity: int = 1


class Order(Shown):
    number: str
    status: str = ""
    placed: str = ""
    expected: str = ""
    total: str = ""
    lines: list[OrderLine] = []
    tracking: str = ""

    @field_validator("placed", "expected", "total", "status", "tracking", mode="before")
    @classmethod
    def _nothing(cls, value: Any) -> Any:
        return "" if value is None else value


class PageLink(Shown):
    title: str = Field(max_length=80)
    url: Link


class ComparedRow(Shown):
    name: str
    values: list[str] = []


class Comparison(Shown):
    """Products side by side: a column for each, a row for each fact (price, brand, material, colour, size, stock)."""

    columns: list[str]
    rows: list[ComparedRow] = []


class BotMessage(Shown):
    """One message of the bot: any of these, at least one."""

    text: str = ""
    products: list[Card] = []
    cart: Cart | None = None
    order: Order | None = None
    links: list[PageLink] = []
    comparison: Comparison | None = None
    quick_replies: list[str] = []

    def payload(self) -> dict[str, Any]:
        """As the browser gets it: without what is empty and without the ranking's internals."""
        return {key: value for key, value in self.model_dump(mode="json").items() if value}


class Facts(Shown):
    """What Rasa says of a turn; see docs/architecture.md."""

    intent: str = ""
    confidence: float = 0.0
    intent_ranking: list[dict[str, Any]] = []
    entities: list[dict[str, Any]] = []
    slots: dict[str, Any] = {}
    actions: list[str] = []
    wishes: list[dict[str, Any]] = []  # of a message with several: the intent of each
    timings: dict[str, float] = {}
    failed_action: str | None = None

    @field_validator("intent", mode="before")
    @classmethod
    def _no_intent(cls, value: Any) -> Any:
        return "" if value is None else value


class Answer(Shown):
    messages: list[BotMessage] = []
    facts: Facts
    state: str
