"""Who is listening to which conversation, inside this process."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field

SHOWN = 4.0  # seconds for which a customer counts as writing; the chat says it again every three


@dataclass(eq=False)
class Listener:
    """`news`: the store holds something that the listener has not read yet."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    news: bool = True
    ended: bool = False


@dataclass(eq=False)
class Observer:
    """Somebody who watches all conversations: those that changed, and those whose customer is writing, since it last looked."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    changed: set[int] = field(default_factory=set)
    typing: set[int] = field(default_factory=set)
    ended: bool = False


class Hub:
    """Wakes the listeners of a conversation when something in it changed. What changed they read from the store: a wake-up that
    gets lost or comes twice costs nothing."""

    def __init__(self) -> None:
        self._listeners: defaultdict[int, set[Listener]] = defaultdict(set)
        self._typing: set[int] = set()
        self._endings: dict[int, asyncio.TimerHandle] = {}
        self._observers: set[Observer] = set()
        self._customers: dict[int, float] = {}  # conversation -> when its customer was last writing

    def listen(self, conversation_id: int) -> Listener:
        listener = Listener()
        self._listeners[conversation_id].add(listener)
        return listener

    def leave(self, conversation_id: int, listener: Listener) -> None:
        self._listeners[conversation_id].discard(listener)
        if not self._listeners[conversation_id]:
            del self._listeners[conversation_id]

    def listening(self) -> int:
        """How many conversations are listened to, and how many watch all of them."""
        return len(self._listeners) + len(self._observers)

    def observe(self) -> Observer:
        """Begins with the customers who are writing at this moment."""
        observer = Observer()
        observer.typing.update(self._writing())
        if observer.typing:
            observer.event.set()
        self._observers.add(observer)
        return observer

    def overlook(self, observer: Observer) -> None:
        self._observers.discard(observer)

    def wake(self, conversation_id: int) -> None:
        for listener in self._listeners.get(conversation_id, ()):
            listener.news = True
            listener.event.set()
        for observer in self._observers:
            observer.changed.add(conversation_id)
            observer.event.set()

    def customer_types(self, conversation_id: int) -> None:
        """Tells the observers, who show it for some seconds; those too who come within that time."""
        self._customers = {id_: self._customers[id_] for id_ in self._writing()} | {conversation_id: time.monotonic()}
        for observer in self._observers:
            observer.typing.add(conversation_id)
            observer.event.set()

    def _writing(self) -> list[int]:
        return [id_ for id_, at in self._customers.items() if time.monotonic() - at < SHOWN]

    def typing(self, conversation_id: int) -> bool:
        return conversation_id in self._typing

    def set_typing(self, conversation_id: int, typing: bool, lasts: float | None = None) -> None:
        """`lasts`: seconds after which it ends by itself, unless told anew; for people, who may go away in the middle of a sentence."""
        if (ending := self._endings.pop(conversation_id, None)) is not None:
            ending.cancel()
        if typing and lasts is not None:
            later = asyncio.get_running_loop().call_later(lasts, self.set_typing, conversation_id, False)
            self._endings[conversation_id] = later
        if typing == self.typing(conversation_id):
            return
        (self._typing.add if typing else self._typing.discard)(conversation_id)
        for listener in self._listeners.get(conversation_id, ()):
            listener.event.set()

    def end(self, conversation_id: int) -> None:
        """Ends the conversation's streams: its visitor signed in or out, and may no longer read it under the old cookie."""
        for listener in self._listeners.get(conversation_id, ()):
            listener.ended = True
            listener.event.set()

    def close(self) -> None:
        """Ends every stream, so that a server that stops need not wait for its listeners."""
        for conversation_id in list(self._listeners):
            self.end(conversation_id)
        for observer in self._observers:
            observer.ended = True
            observer.event.set()
