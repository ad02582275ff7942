"""How often somebody may try to sign in."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

MINUTES, TRIES, TRIES_BY_ADDRESS = 15, 10, 50


class SignInLimits:
    """Moving windows in memory: they need not survive a restart."""

    def __init__(self) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, email: str, address: str) -> bool:
        """Counts a try; False when there were too many for this account or from this address."""
        by_email = self._windows.hit(RateLimitItemPerMinute(TRIES, MINUTES), "email", email.strip().lower()[:320])
        return self._windows.hit(RateLimitItemPerMinute(TRIES_BY_ADDRESS, MINUTES), "address", address) and by_email
