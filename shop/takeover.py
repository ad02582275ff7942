"""When a person should come in although nobody asked for one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.models import Order, Turn, now
from shop.sentiment import sentiment
from shop.settings import Settings

FALLBACKS = frozenset({"nlu_fallback"})
TROUBLE = -0.35  # sentiment below which an important customer is in trouble
VIP_DAYS = 365


@dataclass(frozen=True)
class Rules:
    """`fallbacks`: so many messages in a row that were not understood; `sentiment`: a message this bad or worse, -1 to 1; `vip_minor`:
    spent within a year; `words`: any of them in a message. 0, or none, switches a rule off."""

    fallbacks: int
    sentiment: float
    vip_minor: int
    words: re.Pattern[str] | None


def rules_of(settings: Settings) -> Rules:
    words = [re.escape(word.strip()) for word in settings.takeover_words if word.strip()]
    pattern = re.compile(r"\b(" + "|".join(words) + r")\b", re.IGNORECASE) if words else None
    return Rules(settings.takeover_fallbacks, settings.takeover_sentiment, settings.takeover_vip_minor, pattern)


def reason(session: Session, rules: Rules, conversation_id: int, customer_id: int, text: str, intent: str) -> str:
    """Why a person should come in after this turn, which is stored already: words, sentiment, fallbacks, vip; "" when none should.
    What costs a question to the database comes last."""
    if rules.words is not None and rules.words.search(text):
        return "words"
    mood = sentiment(text)
    if rules.sentiment and mood <= rules.sentiment:
        return "sentiment"
    missed = intent in FALLBACKS
    if missed and rules.fallbacks and _missed_in_a_row(session, conversation_id, rules.fallbacks):
        return "fallbacks"
    if (missed or mood <= TROUBLE) and rules.vip_minor and _spent(session, customer_id) >= rules.vip_minor:
        return "vip"
    return ""


def _missed_in_a_row(session: Session, conversation_id: int, count: int) -> bool:
    last = select(Turn.intent).where(Turn.conversation_id == conversation_id).order_by(Turn.id.desc()).limit(count)
    intents = list(session.scalars(last))
    return len(intents) == count and FALLBACKS.issuperset(intents)


def _spent(session: Session, customer_id: int) -> int:
    mine = (Order.customer_id == customer_id, Order.status != "cancelled", Order.placed_at > now() - timedelta(days=VIP_DAYS))
    return session.scalar(select(func.sum(Order.total_minor)).where(*mine)) or 0
