"""What customers read when people come into the conversation or leave it: payloads for the outbox."""

from __future__ import annotations

from typing import Any

from babel.dates import format_date, format_time

from shop.desk import Outlook

CARRY_ON = "Carry on with the assistant"


def what_happens(outlook: Outlook, locale: str) -> str:
    """How long it may take, or when somebody is here again."""
    if outlook.opens_at is not None:
        day = format_date(outlook.opens_at.date(), "EEEE", locale=locale)
        clock = format_time(outlook.opens_at, "H:mm", locale=locale)
        return (
            f"Nobody is at their desk just now: we are back on {day} at {clock}. Leave your message here and it will be read first thing."
        )
    minutes = "a minute" if outlook.wait_minutes <= 1 else f"{outlook.wait_minutes} minutes"
    return f"It usually takes about {minutes} until somebody answers. I am quiet until then."


def passed_on(outlook: Outlook, locale: str) -> dict[str, Any]:
    """When a rule, not the customer, brings a person in."""
    return {"text": f"I would like a colleague to look after this with you. {what_happens(outlook, locale)}", "quick_replies": [CARRY_ON]}


def noted(outlook: Outlook, locale: str) -> dict[str, Any]:
    """The first words that were left out of hours."""
    text = "Thank you, your message is noted."
    if outlook.opens_at is not None:
        text += f" You will have an answer here after {format_time(outlook.opens_at, 'H:mm', locale=locale)} on "
        text += format_date(outlook.opens_at.date(), "EEEE", locale=locale) + "."
    return {"text": text, "quick_replies": [CARRY_ON]}


def joined(name: str) -> dict[str, Any]:
    return {"text": f"{name} has joined the conversation."}


def passed_to(by: str, to: str) -> dict[str, Any]:
    return {"text": f"{by} has passed the conversation on to {to}, who will answer you here."}


def waiting_again(outlook: Outlook, locale: str) -> dict[str, Any]:
    return {"text": f"My colleague had to leave; somebody else will help you. {what_happens(outlook, locale)}", "quick_replies": [CARRY_ON]}


def handed_back(name: str) -> dict[str, Any]:
    return {"text": f"{name} has left the conversation. The assistant is here again: just ask."}


def carried_on() -> dict[str, Any]:
    return {"text": "Of course. I am the shop's assistant again: what can I do for you?"}


def resolved(survey_id: int, question: str, scale: int) -> dict[str, Any]:
    return {
        "text": "We hope that is settled. If anything else comes up, just write.",
        "survey": {"id": survey_id, "question": question, "scale": scale},
    }
