"""What is made when it is first needed, once, whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Later:
    """Stands for what `make` returns. `ready`: whether it is made; `made()` makes it, or waits for who does. Safe between threads."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._made: Any = None
        self.ready = False

    def made(self) -> Any:
        with self._lock:
            if not self.ready:
                self._made, self.ready = self._make(), True
        return self._made

    def __getattr__(self, name: str) -> Any:
        return getattr(self.made(), name)
