"""How satisfied customers were with the people who helped them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import desk
from shop.consent import allowed
from shop.models import Conversation, Evidence, Survey, now


def answer(session: Session, conversation_id: int, survey_id: int, score: int, comment: str = "") -> bool:
    """Stores the score, and the comment that may follow it, and what they tell of the customer; the last answer counts. False when the
    conversation has no such survey or the score is not on its scale."""
    query = select(Survey).where(Survey.id == survey_id, Survey.conversation_id == conversation_id).with_for_update()
    survey = session.scalars(query).one_or_none()
    if survey is None or not 1 <= score <= survey.scale:
        return False
    first = survey.answered_at is None
    survey.score, survey.comment, survey.answered_at = score, comment or survey.comment, now()
    if first:
        desk.note(session, conversation_id, "surveyed", None, score=score, scale=survey.scale, survey=survey.id)
    _tell_profile(session, survey)
    session.flush()
    return True


def _tell_profile(session: Session, survey: Survey) -> None:
    """A sentiment from -1 (the worst score) to 1; nothing for those who opted out."""
    customer_id = session.get_one(Conversation, survey.conversation_id).customer_id
    if not allowed(session, customer_id, "personalisation"):
        return
    evidence = session.scalars(select(Evidence).where(Evidence.survey_id == survey.id)).one_or_none()
    if evidence is None:
        evidence = Evidence(customer_id=customer_id, survey_id=survey.id, signals=[])
        session.add(evidence)
    assert survey.score is not None
    weight = round(2 * (survey.score - 1) / (survey.scale - 1) - 1, 3)
    evidence.signals = [{"kind": "sentiment", "key": "", "weight": weight}] if weight else []
