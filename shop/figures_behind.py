"""The conversations behind each number of the dashboard."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from shop.figures import DEFINITIONS, Span, asked_for, during, not_found, outcomes_of
from shop.figures_daily import hour_of
from shop.models import Conversation, Handover, Product, Survey, Turn

OUTCOMES = {
    "conversations": "Conversations", "by_bot": "Resolved by the bot", "handed_over": "Handed over", "reopened": "Reopened",
    "abandoned": "Abandoned",
}  # fmt: skip
Question = Callable[[Session, Span, str], Select]  # -> conversation ids, one for each of what was counted


def _turns(*clauses: ColumnElement[bool], span: Span) -> Select:
    return select(Turn.conversation_id).where(during(Turn.at, span), *clauses)


def _hour(session: Session, span: Span, value: str) -> Select:
    hour, _, channel = value.partition(" ")
    return _turns(hour_of(session, Turn.at, span) == hour.zfill(2), Turn.channel == channel, span=span)


def _agent(session: Session, span: Span, value: str) -> Select:
    staff_id = int(value) if value.isascii() and value.isdigit() and len(value) < 18 else 0
    return select(Handover.conversation_id).where(during(Handover.requested_at, span), Handover.staff_id == staff_id)


def _asked(session: Session, span: Span, value: str) -> Select:
    shown = asked_for(select(Turn.conversation_id).select_from(Product), span)
    return shown.where(Product.title == value)


# Figure -> (title, what is counted, question). The title is filled with the value.
FIGURES: dict[str, tuple[str, str, Question]] = {
    "hour": ("Messages at {} (hour, channel)", DEFINITIONS["messages"], _hour),
    "intent": (
        "Read as {}",
        "Messages of the span that were read as this intent.",
        lambda _, span, value: _turns(Turn.intent == value, span=span),
    ),
    "fallback_rate": (
        "Not understood",
        DEFINITIONS["fallback_rate"],
        lambda _, span, value: _turns(Turn.intent == "nlu_fallback", span=span),
    ),
    "said": (
        "“{}”",
        "Messages of the span with just these words.",
        lambda _, span, value: _turns(func.lower(Turn.text) == value, span=span),
    ),
    "not_found": (
        "Not found: “{}”",
        "Searches of the span without a result.",
        lambda _, span, value: not_found(select(Turn.conversation_id), span).where(func.lower(Turn.text) == value),
    ),
    "asked": ("Asked for: {}", "Searches of the span that this product answered first.", _asked),
    "agent": ("Chats of a colleague", "Stays with people that began in the span and that they had last.", _agent),
    "first_response": (
        "First answer by a person",
        DEFINITIONS["first_response"],
        lambda _, span, value: select(Handover.conversation_id).where(
            during(Handover.requested_at, span), Handover.first_reply_at.is_not(None)
        ),
    ),
    "resolution": (
        "Time to resolution",
        DEFINITIONS["resolution"],
        lambda _, span, value: select(Handover.conversation_id).where(during(Handover.ended_at, span), Handover.outcome == "resolved"),
    ),
    "csat": (
        "Satisfaction",
        DEFINITIONS["csat"],
        lambda _, span, value: select(Survey.conversation_id).where(during(Survey.answered_at, span), Survey.score.is_not(None)),
    ),
}


def behind(session: Session, span: Span, figure: str, value: str = "") -> tuple[list[int], int]:
    """(ids of the conversations, the newest activity first; how many things were counted). Raises KeyError for an unknown figure."""
    if figure in OUTCOMES:
        found = [public_id for public_id, _ in outcomes_of(session, span, "" if figure == "conversations" else figure)]
        ids: dict[str, int] = {}
        for start in range(0, len(found), 10_000):
            some = select(Conversation.public_id, Conversation.id).where(Conversation.public_id.in_(found[start : start + 10_000]))
            ids |= dict(session.execute(some).all())
        return [ids[one] for one in found if one in ids], len(found)
    question = FIGURES[figure][2](session, span, value)
    count = session.scalar(select(func.count()).select_from(question.subquery())) or 0
    newest = (
        select(Conversation.id).where(Conversation.id.in_(question)).order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    )
    return list(session.scalars(newest)), count


def title_of(figure: str, value: str = "") -> tuple[str, str]:
    """What the list is called, and how what it lists was counted."""
    if figure in OUTCOMES:
        return OUTCOMES[figure], DEFINITIONS[figure]
    title, definition, _ = FIGURES[figure]
    return title.format(value[:90]), definition
