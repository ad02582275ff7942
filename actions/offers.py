"""What the shop gives off its prices just now, for whoever asks."""

from __future__ import annotations

from actions import questions
from actions.running import action
from actions.turn import Events, Turn
from shop import promotions
from shop.models import Promotion

AT_MOST = 5  # told at once


@action
def action_offers(turn: Turn) -> Events:
    """The promotions that the merchant lets everybody know; without any, what saves money all the same."""
    with turn.store.read() as session:
        running = promotions.running(session, public=True)[:AT_MOST]
    if not running:
        return questions.answer(turn, turn.intent)
    replies = [f"Use the code {promotion.code}" for promotion in running]
    turn.say("utter_offers", {"quick_replies": replies}, offers="; ".join(told(turn, promotion) for promotion in running))
    return []


def told(turn: Turn, promotion: Promotion) -> str:
    """ "SPRING10 takes 10 % off from £30.00, until Sunday 29 November"."""
    above = f" from {turn.money(promotion.minimum_minor)}" if promotion.minimum_minor else ""
    until = f", until {turn.date(promotion.ends_at)}" if promotion.ends_at else ""
    return f"{promotion.code} takes {promotion.percent} % off{above}{until}"
