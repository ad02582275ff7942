"""Questions whose answer is one response with the shop's own numbers in it. A new one needs an intent, a rule and a response
`utter_<intent>`; the values below are there for all of them."""

from __future__ import annotations

from typing import Any

from actions.running import action
from actions.turn import Events, Turn
from shop import delivery, payment, returns


@action
def action_answer_question(turn: Turn) -> Events:
    turn.say(f"utter_{turn.intent}", **facts(turn))
    return []


def facts(turn: Turn) -> dict[str, Any]:
    standard, express = delivery.option("standard"), delivery.option("express")
    return {
        "standard_days": days(standard),
        "standard_cost": turn.money(standard.cost_minor),
        "express_days": days(express),
        "express_cost": turn.money(express.cost_minor),
        "free_from": turn.money(standard.free_from_minor or 0),
        "countries": ", ".join(delivery.COUNTRIES),
        "payment_methods": ", ".join(payment.METHODS),
        "return_cost": turn.money(returns.RETURN_COST_MINOR) if returns.RETURN_COST_MINOR else "nothing",
        "return_days": returns.RETURN_DAYS,
        "refund_days": returns.REFUND_DAYS,
    }


def days(option: delivery.DeliveryOption) -> str:
    return f"{option.days_min} to {option.days_max}" if option.days_min != option.days_max else str(option.days_max)
