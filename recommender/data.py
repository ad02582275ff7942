"""The only door between the recommender and the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from recommender.contract import Constraints, Event, Rule
from recommender.dataset import Dataset
from recommender.encoder import Encoder
from recommender.feedback import outcomes
from shop import merchandising
from shop.catalogue import catalogue_version, leaf
from shop.consent import allowed
from shop.models import ConsentEvent, Conversation, Customer, Impression, Interaction, Order, OrderLine, Product, Turn
from shop.profile import EvidenceItem, fold
from shop.profiles import signals_of
from shop.settings import Settings
from shop.signals import ASKING, signals_of_turn
from shop.store import Store

__all__ = ["Settings", "Store", "catalogue_version"]

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
EVENTS = 1000  # of one customer, the newest
UNREAD = 20  # words of one customer that the worker has not read yet, the newest
NEWEST = 1 << 62  # above every id: what was just said is newer than any evidence
_COLUMNS = {
    "item": Product.id, "sku": Product.sku, "group": Product.group_key, "title": Product.title, "description": Product.description,
    "brand": Product.brand, "category": Product.category_path, "price": Product.price_minor, "stock": Product.stock,
    "colour": Product.colour, "size": Product.size, "material": Product.material, "tags": Product.tags, "active": Product.active,
    "updated_at": Product.updated_at, "cost": Product.cost_minor, "created": Product.created_at,
}  # fmt: skip
# Asked with every recommendation: built once, and past the ORM.
_TURNS, _ACTS = Turn.__table__.c, Interaction.__table__.c
_UNREAD_TURNS = (
    select(_TURNS.id, _TURNS.at, _TURNS.text, _TURNS.intent, _TURNS.entities)
    .where(_TURNS.customer_id == bindparam("customer"), _TURNS.profiled_at.is_(None))
    .order_by(_TURNS.id.desc())
    .limit(UNREAD)
)
_UNREAD_SEARCHES = (
    select(_ACTS.id, _ACTS.query, _ACTS.at)
    .where(_ACTS.customer_id == bindparam("customer"), _ACTS.profiled_at.is_(None), _ACTS.kind == "search")
    .order_by(_ACTS.id.desc())
    .limit(UNREAD)
)
_DID = (
    select(_ACTS.product_id, _ACTS.kind, _ACTS.at, _ACTS.value)
    .where(_ACTS.customer_id == bindparam("customer"), _ACTS.product_id.is_not(None), _ACTS.at <= bindparam("until"))
    .order_by(_ACTS.at.desc(), _ACTS.id.desc())
    .limit(EVENTS)
)
TEXTS = ("sku", "group", "title", "description", "brand", "category", "colour", "size", "material", "tags")
LIVE = ("price", "stock", "active")


def items(session: Session, since: datetime | None = None) -> pd.DataFrame:
    """The catalogue, in order of id, as `Dataset.items` wants it; with `since`, only products changed then or later."""
    query = select(*(column.label(name) for name, column in _COLUMNS.items())).order_by(Product.id)
    frame = _frame(session, query if since is None else query.where(Product.updated_at >= since), list(_COLUMNS))
    frame["updated_at"] = pd.to_datetime(frame["updated_at"], utc=True)
    frame["cost"] = frame["cost"].astype(float)
    frame["created"] = [moment.timestamp() for moment in frame["created"]]
    frame["tags"] = [" ".join(map(str, tags or ())) for tags in frame["tags"]]
    frame["text"] = [_text(row) for row in frame.itertuples(index=False)]
    return frame


def newest(catalogue: pd.DataFrame, otherwise: datetime) -> datetime:
    """When the last of these products changed."""
    return catalogue["updated_at"].max().to_pydatetime() if len(catalogue) else otherwise


def live(session: Session) -> pd.DataFrame:
    """What changes from minute to minute: item, price, stock, active."""
    return _frame(session, select(*(_COLUMNS[name].label(name) for name in ("item", *LIVE))).order_by(Product.id), ["item", *LIVE])


def interactions(session: Session, newest: int | None = None) -> pd.DataFrame:
    """Everybody's interactions with products, oldest first, without the customers who opted out of personalisation."""
    columns = (Interaction.customer_id, Interaction.product_id, Interaction.kind, Interaction.value, Interaction.at)
    query = select(*columns).where(Interaction.product_id.is_not(None)).order_by(Interaction.at.desc(), Interaction.id.desc()).limit(newest)
    frame = _frame(session, query, ["user", "item", "kind", "value", "at"]).iloc[::-1]
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    return frame[~frame["user"].isin(opted_out(session))].reset_index(drop=True)


def baskets(session: Session) -> pd.DataFrame | None:
    """What orders held, anonymous ones too; None when the shop has no orders."""
    query = (
        select(OrderLine.order_id, OrderLine.product_id).join(Order).where(OrderLine.product_id.is_not(None), Order.status != "cancelled")
    )
    frame = _frame(session, query, ["basket", "item"])
    return frame if len(frame) else None


def dataset(store: Store, encoder: Encoder) -> Dataset:
    """All there is to learn from. Encoding, which may take a minute, happens after the read transaction."""
    with store.read() as session:
        catalogue, did, together = items(session), interactions(session), baskets(session)
    return Dataset(catalogue, did, encoder.encode(list(catalogue["text"]), keep=True), together)


def export_interactions(store: Store, folder: Path, rows: int = 500_000) -> None:
    """Everybody's interactions with products as Parquet files with the table's column names, so many rows each. Needs pyarrow."""
    columns = (Interaction.customer_id, Interaction.product_id, Interaction.kind, Interaction.value, Interaction.at)
    query = select(Interaction.id, *columns).where(Interaction.product_id.is_not(None)).order_by(Interaction.id).limit(rows)
    folder.mkdir(parents=True, exist_ok=True)
    after = 0
    with store.read() as session:
        while True:
            frame = _frame(session, query.where(Interaction.id > after), ["id", "customer_id", "product_id", "kind", "value", "at"])
            if frame.empty and after:
                return
            frame["at"] = pd.to_datetime(frame["at"], utc=True).astype("datetime64[us, UTC]")
            kinds = {"customer_id": "int64", "product_id": "int64", "value": "float64", "kind": "string"}
            frame.drop(columns="id").astype(kinds).to_parquet(folder / f"{after:020}.parquet", index=False)
            if frame.empty:
                return
            after = int(frame["id"].max())


def facts(session: Session) -> dict[str, int | str]:
    """What a training depends on, cheaply: how much there is, and a hash of the oldest interactions (another shop has others)."""
    oldest = select(Interaction.customer_id, Interaction.product_id, Interaction.kind, Interaction.at).order_by(Interaction.id).limit(50)
    rows = "\n".join(f"{row.customer_id} {row.product_id} {row.kind} {row.at.isoformat()}" for row in session.execute(oldest))
    counts = {table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0 for table in (Interaction, OrderLine)}
    return counts | {"oldest": hashlib.sha256(rows.encode()).hexdigest()}


@dataclass(frozen=True, eq=False)
class Known:
    """What may be used of a customer: `events` oldest first, `interest` (dim,) or None, `averse` as constraints. All empty for somebody
    who opted out of personalisation or is not known."""

    events: list[Event]
    interest: np.ndarray | None
    averse: Constraints


def known(session: Session, customer_id: int, at: datetime, half_life_days: float, encode: Callable[[str], np.ndarray]) -> Known:
    if not allowed(session, customer_id, "personalisation"):
        return Known([], None, Constraints())
    events = _events(session, customer_id, at)
    profile = fold([*signals_of(session, customer_id), *_just_said(session, customer_id, encode)], at, half_life_days)
    ruled_out = {
        f"not_{plural}": tuple(fact.value for fact in profile.aversions if fact.attribute == attribute)
        for attribute, plural in (("category", "categories"), ("brand", "brands"), ("colour", "colours"), ("material", "materials"))
    }
    wishes = [] if profile.vector is None else [profile.vector]
    wishes += [encode(fact.value) for fact in profile.preferences if fact.value.strip()]
    interest = np.sum(wishes, axis=0) if wishes else None
    if interest is not None:
        interest = (interest / max(float(np.linalg.norm(interest)), 1e-9)).astype(np.float32)
    return Known(events, interest, Constraints(**ruled_out, not_items=_disliked(events)))


def rules(session: Session) -> list[Rule]:
    """The merchant's rules that hold now."""
    return [Rule(row.kind, row.field, row.value, row.weight) for row in merchandising.active(session)]


def shown(session: Session, surface: str = "chat_recommend", newest: int = 200_000) -> pd.DataFrame:
    """What was recommended and whether it was taken up, as `feedback.outcomes` says."""
    columns = ["customer", "item", "position", "propensity", "at"]
    query = select(Impression.customer_id, Impression.product_id, Impression.position, Impression.propensity, Impression.at)
    query = query.where(Impression.surface == surface, Impression.customer_id.is_not(None)).order_by(Impression.id.desc()).limit(newest)
    frame = _frame(session, query, columns)
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    if not len(frame):
        return frame.assign(taken=False)
    acts = select(Interaction.customer_id, Interaction.product_id, Interaction.kind, Interaction.at)
    acts = acts.where(Interaction.product_id.is_not(None), Interaction.at >= frame["at"].min().to_pydatetime())
    did = _frame(session, acts, ["user", "item", "kind", "at"])
    did["at"] = pd.to_datetime(did["at"], utc=True)
    return outcomes(frame, did)


def impressions_until(session: Session) -> int:
    """The newest impression's id, 0 when nothing was shown yet."""
    return session.scalar(select(func.max(Impression.id))) or 0


def find_conversation(session: Session, public_id: str) -> tuple[int, str] | None:
    """Its customer's id and what they said last that says what they want ("" when nothing did)."""
    conversation = session.scalars(select(Conversation).where(Conversation.public_id == public_id)).first()
    if conversation is None:
        return None
    wishes = select(Turn.text).where(Turn.conversation_id == conversation.id, Turn.intent.in_(ASKING)).order_by(Turn.id.desc())
    return conversation.customer_id, session.scalar(wishes.limit(1)) or ""


def _just_said(session: Session, customer_id: int, encode: Callable[[str], np.ndarray]) -> list[EvidenceItem]:
    """What the worker has not yet made evidence of: the customer's last words count at once."""
    asked = {"customer": customer_id}
    said = [
        EvidenceItem(
            id=NEWEST + turn.id,
            at=turn.at,
            signals=signals_of_turn(turn.text, turn.intent, turn.entities),
            turn_id=turn.id,
            vector=encode(turn.text) if turn.intent in ASKING else None,
        )
        for turn in session.connection().execute(_UNREAD_TURNS, asked)
    ]
    for row in session.connection().execute(_UNREAD_SEARCHES, asked):
        said.append(EvidenceItem(id=NEWEST + row.id, at=row.at, signals=(), interaction_id=row.id, vector=encode(row.query)))
    return said


def find_customer(session: Session, text: str) -> Customer | None:
    """By id, external id, public id or email."""
    same = [Customer.external_id == text, Customer.public_id == text, Customer.email == text.lower()]
    if text.isdecimal() and len(text) < 19:
        same.append(Customer.id == int(text))
    return session.scalars(select(Customer).where(or_(*same)).order_by(Customer.id).limit(1)).first()


def _events(session: Session, customer_id: int, at: datetime) -> list[Event]:
    rows = session.connection().execute(_DID, {"customer": customer_id, "until": at}).all()
    return [Event(row.product_id, row.kind, row.at, row.value) for row in reversed(rows)]


def _disliked(events: list[Event]) -> frozenset[int]:
    """What was disliked and not liked again since."""
    last = {event.item: event.kind for event in events if event.kind in ("like", "dislike")}
    return frozenset(item for item, kind in last.items() if kind == "dislike")


def opted_out(session: Session) -> set[int]:
    """Customers who do not want to be learned from."""
    said = select(ConsentEvent.customer_id, ConsentEvent.granted).where(ConsentEvent.purpose == "personalisation")
    newest = {row.customer_id: row.granted for row in session.execute(said.order_by(ConsentEvent.at, ConsentEvent.id))}
    return {customer for customer, granted in newest.items() if not granted}


def _text(row) -> str:
    """What the encoder reads of a product: the telling parts first, since long texts are cut. A variant's colour and size are left out, or
    a navy jumper would be the next best thing to a navy mug; constraints see to them."""
    variant = {value.casefold() for value in (row.colour, row.size) if value}
    title = ", ".join(part for part in row.title.split(", ") if part.casefold() not in variant) or row.title
    parts = [title, leaf(row.category), row.material, row.tags, row.brand, row.description[:400]]
    return ". ".join(part.strip() for part in parts if part.strip())


def _frame(session: Session, query: Select, columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame.from_records([tuple(row) for row in session.execute(query)], columns=columns)  # plain tuples are read much faster
