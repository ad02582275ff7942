"""Suggested answers: what colleagues wrote to customers who wrote something like this."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, replace

import numpy as np
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from console.access import person_of
from console.context import console
from console.holding import holder_of
from console.inbox import find
from console.pages import Pages, render
from recommender.encoder import Encoder, EncoderMissing
from shop import canned
from shop.models import Conversation, Customer, OutboxMessage
from shop.redaction import NAME, replaced, words_of
from shop.settings import Settings

router = Pages()
LOOK_BACK, SHOWN, NEAR = 400, 3, 0.35  # past answers; suggestions; cosine below which nothing is alike
_ORDER, _THEIRS = re.compile(r"\bSK-?[A-Z0-9]{4}-?[A-Z0-9]{4}\b", re.IGNORECASE), "\0"


@dataclass(frozen=True)
class Past:
    """An agent's answer and the customer's words before it; `chat` and `message`: where that was; `customer_id`: who asked."""

    asked: str
    answer: str
    who: str
    chat: str
    message: int
    customer_id: int


class Nearest:
    """Embeds what customers asked, each text once, and finds the nearest. The encoder is opened on first use."""

    def __init__(self) -> None:
        self._encoder: Encoder | None = None
        self._vectors: dict[str, np.ndarray] = {}
        self._lock = threading.Lock()

    def of(self, settings: Settings, text: str, past: list[Past]) -> list[tuple[Past, float]]:
        """The most alike, best first, each answer once. Raises EncoderMissing."""
        with self._lock:
            self._encoder = self._encoder or Encoder.open(settings)
            texts = list(dict.fromkeys([text, *(one.asked for one in past)]))
            new = [one for one in texts if one not in self._vectors]
            if new:
                self._vectors |= dict(zip(new, self._encoder.encode(new), strict=True))
            self._vectors = {one: self._vectors[one] for one in texts}  # what has become old is forgotten, as is who asked for it
            vectors = self._vectors
        scored = sorted(((one, float(vectors[text] @ vectors[one.asked])) for one in past), key=lambda pair: -pair[1])
        best: dict[str, tuple[Past, float]] = {}
        for one, score in scored:
            if score >= NEAR:
                best.setdefault(one.answer, (one, score))
        return list(best.values())[:SHOWN]


nearest = Nearest()


@router.page("/inbox/{chat}/suggestions", "chats.hold", holder_of)
async def suggestions(request: Request, chat: str) -> Response:
    """A piece of the page: up to three answers, each with how alike the question was and a link to where it was given."""
    site = console(request)
    found = await site.database.read(_suggest, chat, site.settings, person_of(request).name)
    return render(request, "suggestions.html", {"found": found})


def _suggest(session: Session, chat: str, settings: Settings, agent: str) -> list[tuple[Past, float]]:
    conversation = find(session, chat)
    said = select(OutboxMessage.payload).where(OutboxMessage.conversation_id == conversation.id, OutboxMessage.author == "customer")
    newest = session.scalar(said.order_by(OutboxMessage.id.desc()).limit(1))
    try:
        found = nearest.of(settings, newest["text"], past_answers(session)) if newest else []
    except EncoderMissing:
        return []
    general = [(past, for_anybody(session, past), score) for past, score in found]
    return [
        (replace(past, answer=canned.fill(session, text, conversation.customer_id, agent, settings)), score)
        for past, text, score in general
        if text
    ]


def for_anybody(session: Session, past: Past) -> str:
    """The answer with placeholders where it names that customer, their order or the colleague; empty when it holds more that is theirs
    alone, such as an address."""
    theirs = words_of(session.get_one(Customer, past.customer_id))
    known = [(word, "{customer}" if stands_for == NAME else _THEIRS) for word, stands_for in theirs]
    text = replaced(_ORDER.sub("{order}", past.answer), [*known, (past.who, "{agent}")])
    return "" if _THEIRS in text else text


def past_answers(session: Session) -> list[Past]:
    """The latest answers of colleagues that followed something a customer wrote."""
    before = aliased(OutboxMessage)
    asked = (
        select(func.max(before.id))
        .where(before.conversation_id == OutboxMessage.conversation_id, before.id < OutboxMessage.id, before.author == "customer")
        .correlate(OutboxMessage)
        .scalar_subquery()
    )
    answers = (
        select(OutboxMessage.id, OutboxMessage.payload, Conversation.public_id, Conversation.customer_id, asked.label("asked"))
        .join(Conversation, Conversation.id == OutboxMessage.conversation_id)
        .where(OutboxMessage.author == "agent")
        .order_by(OutboxMessage.id.desc())
        .limit(LOOK_BACK)
    )
    rows = session.execute(answers).all()
    texts = dict(
        session.execute(select(OutboxMessage.id, OutboxMessage.payload).where(OutboxMessage.id.in_([row.asked for row in rows]))).all()
    )
    return [
        Past(texts[row.asked]["text"], row.payload["text"], row.payload.get("agent", ""), row.public_id, row.id, row.customer_id)
        for row in rows
        if row.asked in texts and texts[row.asked].get("text") and row.payload.get("text")
    ]
