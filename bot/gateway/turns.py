"""The commit of a turn: turn, messages, impressions, dialogue state and inbox state in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from bot.gateway import inbox, outbox, people
from bot.gateway.inbox import Work
from bot.gateway.messages import Answer, Card, Facts
from bot.gateway.people import HandingOver
from shop.models import Conversation, Impression, InboxMessage, OutboxMessage, Product, Turn, now
from shop.upsert import insert_or_skip

NO_FACTS = Facts()
_CONVERSATIONS = Conversation.__table__
_THIS = (
    update(_CONVERSATIONS)
    .where(_CONVERSATIONS.c.id == bindparam("conversation"))
    .returning(_CONVERSATIONS.c.customer_id, _CONVERSATIONS.c.state)
)
_TOUCH = _THIS.values(last_message_at=bindparam("moment"))
_KNOWN = select(Product.__table__.c.id).where(Product.__table__.c.id.in_(bindparam("products", expanding=True)))
_IMPRESSIONS = insert(Impression.__table__)
_MOVE_ON = _THIS.values(last_message_at=bindparam("moment"), dialogue_state=bindparam("tracker"))


def commit(
    session: Session,
    work: Work,
    answer: Answer | None,
    timings: dict[str, float],
    error: str = "",
    apology: dict | None = None,
    handing_over: HandingOver | None = None,
) -> bool:
    """Stores the answer, or the apology given instead: then the dialogue stays where it was before the message. Nothing is said when a
    person has taken the conversation meanwhile. `handing_over` may bring a person in.

    Returns False, having changed nothing that anybody sees, when the message was answered already or its customer is gone.
    """
    at = now()
    # First of all, as in outbox.append: it locks the conversation, so that its ids become visible in their order.
    spoke = {"conversation": work.conversation_id, "moment": at}
    statement, values = (_TOUCH, spoke) if answer is None or error else (_MOVE_ON, {**spoke, "tracker": answer.state.encode()})
    touched = session.connection().execute(statement, values).one_or_none()
    if touched is None:
        return False
    customer_id, state = touched
    facts = answer.facts if answer is not None else NO_FACTS
    row = {
        "conversation_id": work.conversation_id, "customer_id": customer_id, "inbox_id": work.inbox_id, "channel": work.channel,
        "text": work.text, "intent": facts.intent, "confidence": facts.confidence, "intent_ranking": facts.intent_ranking,
        "entities": facts.entities, "slots": facts.slots, "actions": facts.actions, "timings": facts.timings | timings,
        "error": error[:200], "at": at,
    }  # fmt: skip
    turn_id = insert_or_skip(session, Turn, row, unique=("inbox_id",))
    inbox.finish(session, work.inbox_id)
    if turn_id is None:
        return False
    if state == "resolved" or (work.slots and not error):
        people.back_with_the_bot(session, work, state)
    if state == "open":
        return True
    said = [apology] if apology is not None else [payload for message in answer.messages if (payload := message.payload())]
    outbox.insert_rows(session, work.conversation_id, work.channel, said, "bot", work.inbox_id, turn_id, at)
    if apology is None:
        cards = [card for message in answer.messages for card in message.products if card.id is not None]
        _write_impressions(session, cards, turn_id, customer_id, at)
    if handing_over is not None and state in ("bot", "resolved"):
        people.bring_in(session, handing_over, work, customer_id, facts.intent)
    return True


def _write_impressions(session: Session, cards: list[Card], turn_id: int, customer_id: int, at) -> None:
    if not cards:
        return
    known = set(session.connection().execute(_KNOWN, {"products": sorted({card.id for card in cards})}).scalars())
    rows = [
        {
            "list_id": card.list_id or f"turn-{turn_id}", "turn_id": turn_id, "customer_id": customer_id, "product_id": card.id,
            "surface": card.surface, "position": card.position or place, "score": card.score, "contributions": card.contributions,
            "reason": card.reason[:300], "propensity": card.propensity, "at": at,
        }
        for place, card in enumerate(cards, start=1)
        if card.id in known  # a product deleted since it was ranked was shown, but has nothing left to learn from
    ]  # fmt: skip
    if rows:
        session.connection().execute(_IMPRESSIONS, rows)


def answered(session: Session, conversation_id: int, client_message_id: str) -> dict[str, Any] | None:
    """The turn that answered a message, with its facts, or None as long as there is none. A message that the bot left to a person has
    `turn_id` None. For the terminal and for tests."""
    same = (InboxMessage.conversation_id == conversation_id, InboxMessage.client_message_id == client_message_id)
    # Message and turn are settled in one transaction, which may end between two questions: a message seen as done has its turn after it.
    left = session.scalar(select(InboxMessage).where(*same, InboxMessage.state == "done"))
    turn = session.scalar(select(Turn).join(InboxMessage, InboxMessage.id == Turn.inbox_id).where(*same))
    if turn is None:
        return None if left is None else _unanswered(left)
    messages = list(session.scalars(select(OutboxMessage.payload).where(OutboxMessage.turn_id == turn.id).order_by(OutboxMessage.id)))
    facts = {name: getattr(turn, name) for name in ("intent_ranking", "entities", "slots", "actions", "error")}
    return {
        "turn_id": turn.id, "text": turn.text, "messages": messages, "products": list(_products(messages)), "intent": turn.intent,
        "confidence": turn.confidence, "facts": facts, "timings": turn.timings,
    }  # fmt: skip


def _unanswered(left: InboxMessage) -> dict[str, Any]:
    facts = {"intent_ranking": [], "entities": [], "slots": {}, "actions": [], "error": ""}
    silent = {"turn_id": None, "text": left.text, "messages": [], "products": [], "intent": "", "confidence": 0.0}
    return {**silent, "facts": facts, "timings": {}}


def _products(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for message in messages:
        yield from message.get("products", ())
