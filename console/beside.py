"""What stands beside a chat: who the customer is and what is known of them, each fact with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import cart, consent, orders, profiles, segments
from shop.models import Case, Conversation, Customer, Interaction, Product, now
from shop.profile import Profile, Source
from shop.settings import Settings

SHOWN = 4  # facts of a kind
FADED = 0.02
LOOKED_AT = ("view", "click", "cart", "like")


@dataclass(frozen=True)
class Fact:
    """`why`: what was said or done, newest or strongest first."""

    about: str
    text: str
    strength: float | None
    why: list[Source]


def load(session: Session, conversation_id: int, settings: Settings) -> dict[str, Any]:
    """customer, consents, facts, cart, orders with what may be done to them, cases, earlier conversations, likely needs."""
    conversation = session.get_one(Conversation, conversation_id)
    customer = session.get_one(Customer, conversation.customer_id)
    at = now()
    found = orders.orders_of(session, customer.id, 6)
    others = select(Conversation).where(Conversation.customer_id == customer.id, Conversation.id != conversation.id)
    cases = select(Case).where(Case.customer_id == customer.id).order_by(Case.state, Case.opened_at.desc()).limit(8)
    return {
        "customer": customer,
        "channel": conversation.channel,
        "consents": {purpose: consent.allowed(session, customer.id, purpose) for purpose in consent.DEFAULTS},
        "facts": facts(profiles.load(session, customer.id, at, settings.interest_half_life_days)),
        "rfm": (rfm := profiles.rfm_of(session, customer.id, at)),
        "segment": (segment := segments.segment_of(rfm, customer.is_guest)),
        "segment_means": segments.SEGMENTS[segment],
        "cart": cart.view(session, customer.id),
        "orders": [(order, list(order.lines), orders.status_of(order, at)) for order in found],
        "cases": list(session.scalars(cases)),
        "conversations": list(session.scalars(others.order_by(Conversation.last_message_at.desc()).limit(6))),
        "needs": needs(session, customer.id),
    }


def facts(known: Profile) -> list[Fact]:
    """Open issues first, then what was stated, then what shows in what they do."""
    found = [Fact("open issue", issue.key, None, [issue.source]) for issue in known.issues]
    found += [Fact("dislikes", f"{one.value}", None, [one.source]) for one in known.aversions]
    found += [Fact("likes", f"{one.value}", None, [one.source]) for one in known.preferences]
    if known.sentiment is not None:
        mood = "content" if known.sentiment > 0.2 else "unhappy" if known.sentiment < -0.2 else "even"
        found.append(Fact("mood", f"{mood} ({known.sentiment:+.2f})", None, []))
    for kind, interests in known.interests.items():
        if kind == "price":
            continue
        for one in [one for one in interests if one.weight >= FADED][:SHOWN]:
            found.append(Fact(kind, one.key, one.share, sorted(one.sources, key=lambda source: -abs(source.weight))[:3]))
    return found


def needs(session: Session, customer_id: int) -> list[tuple[Product, str]]:
    """What they are likely to want next: looked at or put into the cart in the last weeks and not bought since, the latest first."""
    query = select(Interaction).where(Interaction.customer_id == customer_id, Interaction.product_id.is_not(None))
    seen: dict[int, Interaction] = {}
    for row in session.scalars(query.order_by(Interaction.at.desc(), Interaction.id.desc()).limit(200)):
        seen.setdefault(row.product_id, row)
    wanted = [row for row in seen.values() if row.kind in LOOKED_AT][:SHOWN]
    products = {p.id: p for p in session.scalars(select(Product).where(Product.id.in_([row.product_id for row in wanted]), Product.active))}
    words = {"view": "looked at", "click": "chose from a list", "cart": "put into the cart", "like": "liked"}
    return [(products[row.product_id], words[row.kind]) for row in wanted if row.product_id in products]
