"""How much one visitor, and one address, may send."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from bot.gateway.problems import Problem

ADDRESS_FACTOR = 10  # people share addresses: an office, a mobile network
CHANGES_PER_MINUTE = 240  # events and cart changes of one visitor


class Limits:
    """Moving windows of a minute, in memory: they need not survive a restart."""

    def __init__(self, messages_per_minute: int) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        self._messages = RateLimitItemPerMinute(messages_per_minute)
        self._messages_by_address = RateLimitItemPerMinute(messages_per_minute * ADDRESS_FACTOR)
        self._changes = RateLimitItemPerMinute(CHANGES_PER_MINUTE)
        self._changes_by_address = RateLimitItemPerMinute(CHANGES_PER_MINUTE * ADDRESS_FACTOR)

    def message(self, visitor: str, address: str) -> None:
        """Counts a message. Raises a Problem with status 429 and Retry-After in seconds."""
        self._count("message", (self._messages, visitor), (self._messages_by_address, address))

    def change(self, visitor: str, address: str) -> None:
        """Counts an event, a cart change or a sign-in."""
        self._count("change", (self._changes, visitor), (self._changes_by_address, address))

    def _count(self, kind: str, *limits: tuple[RateLimitItemPerMinute, str]) -> None:
        for limit, who in limits:
            if not self._windows.hit(limit, kind, who):
                wait = self._windows.get_window_stats(limit, kind, who).reset_time - time.time()
                seconds = max(1, math.ceil(wait))
                detail = f"That is a lot at once. Please wait {seconds} seconds and try again."
                raise Problem(429, "too_many", detail, {"Retry-After": str(seconds)})
