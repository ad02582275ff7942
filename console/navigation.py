"""The menu: one line a page."""

from __future__ import annotations

from dataclasses import dataclass

from console.access import Person


@dataclass(frozen=True)
class Entry:
    """`icon`: the id of a symbol in static/icons.svg; `area`: who sees it."""

    path: str
    title: str
    icon: str
    area: str


ENTRIES = (
    Entry("/inbox", "Inbox", "inbox", "chats.see"),
    Entry("/cases", "Cases", "box", "chats.see"),
    Entry("/transcripts", "Find", "search", "chats.see"),
    Entry("/review", "Teach", "teach", "bot.teach"),
    Entry("/dashboard", "Figures", "chart", "figures.see"),
    Entry("/replies", "Answers", "reply", "replies.see"),
    Entry("/people", "People", "people", "people.manage"),
    Entry("/audit", "Audit log", "log", "audit.see"),
)


def menu(person: Person) -> list[Entry]:
    return [entry for entry in ENTRIES if person.may(entry.area)]
