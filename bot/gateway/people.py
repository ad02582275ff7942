"""What the gateway does when people come into a conversation: it brings them in by rule, and keeps the bot quiet while they have it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.gateway import inbox, outbox
from bot.gateway.inbox import Work
from shop import desk, desk_texts, takeover
from shop.models import Conversation, InboxMessage
from shop.settings import Settings

# Said by somebody who does not want the person any more, and nothing else.
_LEAD = r"(?:(?:actually|oh|ah|ok|okay|no|sorry|hm+)[,.]?\s+)*"
_NEVER_MIND = re.compile(
    rf"{_LEAD}(?:never ?mind(?: (?:that|then))?|forget (?:it|about it)|don['’]?t (?:bother|worry)(?: about it)?|no need(?: any ?more)?"
    r"|leave it|carry on|(?:it['’]?s|that['’]?s) sorted(?: now)?|not needed any ?more)"
    r"(?:[,.;]?\s+(?:(?:and )?thanks?(?: you)?"
    r"|i(?:['’]?ve)? (?:found|got|sorted|solved|figured|worked) (?:it|that)(?: out)?(?: now| myself)*"
    r"|i(?:['’]?m| am) (?:fine|good|ok(?:ay)?|all right)(?: now)?))*[\s.!]*",
    re.IGNORECASE,
)


# The same, and in one breath what is wanted of the bot instead.
_INSTEAD = re.compile(
    rf"{_LEAD}(?:never ?mind|forget (?:it|about it)|leave it|no need)[,.;!]*\s+(?:(?:but|and|just|so|then)\s+)*"
    r"(?:what|when|where|how|which|can (?:i|you|u)|could (?:i|you)|do|does|is there|are there|show|find|track|cancel"
    r"|i (?:want|need|would like)|i['’]d like)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class HandingOver:
    rules: takeover.Rules
    settings: Settings

    @classmethod
    def by(cls, settings: Settings) -> HandingOver:
        return cls(takeover.rules_of(settings), settings)


def bring_in(session: Session, by: HandingOver, work: Work, customer_id: int, intent: str) -> None:
    """Asks for a person when a rule says so, and tells the customer; after the turn that gave the reason, in its transaction."""
    why = takeover.reason(session, by.rules, work.conversation_id, customer_id, work.text, intent)
    if not why:
        return
    outlook = desk.outlook(session, by.settings)
    if desk.ask_for_person(session, work.conversation_id, why, out_of_hours=outlook.opens_at is not None):
        outbox.append(session, work.conversation_id, [desk_texts.passed_on(outlook, by.settings.locale)], "system")


def heard(session: Session, work: Work, by: HandingOver) -> bool:
    """A message that the bot does not answer: a person reads it. "Carry on", or "never mind", gives a waiting conversation back to the
    bot; the first message that is left out of hours is acknowledged. True: it says what to do instead, and the bot is to answer it now."""
    if _INSTEAD.match(work.text.strip()) and desk.withdraw(session, work.conversation_id):
        return True
    inbox.finish(session, work.inbox_id)
    handover = desk.running(session, work.conversation_id)
    if (work.text.casefold() == desk_texts.CARRY_ON.casefold() or _NEVER_MIND.fullmatch(work.text.strip())) and desk.withdraw(
        session, work.conversation_id
    ):
        outbox.append(session, work.conversation_id, [desk_texts.carried_on()], "system")
    elif handover is not None and handover.out_of_hours and handover.claimed_at is None and _first_since(session, work, handover):
        noted = desk_texts.noted(desk.outlook(session, by.settings), by.settings.locale)
        outbox.append(session, work.conversation_id, [noted], "system")
    return False


def back_with_the_bot(session: Session, work: Work, state: str) -> None:
    """The customer wrote again after a resolution, or the bot has used what an agent told it."""
    if state == "resolved":
        session.get_one(Conversation, work.conversation_id).state = "bot"
    if work.slots:
        desk.filing(session, work.conversation_id).slots = {}
    session.flush()


def _first_since(session: Session, work: Work, handover: desk.Handover) -> bool:
    since = (InboxMessage.conversation_id == work.conversation_id, InboxMessage.received_at > handover.requested_at)
    return session.scalar(select(func.count()).select_from(InboxMessage).where(*since, InboxMessage.id < work.inbox_id)) == 0
