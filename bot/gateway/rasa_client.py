"""The call to Rasa, and what can go wrong with it, told apart by what to do next."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import httpx
from pydantic import ValidationError

from bot.gateway.messages import Answer

IN_FLIGHT = 8  # for each Rasa process: it runs one turn at a time, and waiting here is cheaper than waiting there


class Unreachable(Exception):
    """Nobody took the message: try again until somebody does."""


class Swallowed(Exception):
    """A Rasa took the message and gave no answer. `kind`: timeout, lost. Too often, and it is the message that is to blame."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Refused(Exception):
    """Rasa cannot work on this message, now or later."""


class RasaClient:
    """Any Rasa process can serve any conversation (the state travels with the message), so they are used in turn."""

    def __init__(self, urls: Sequence[str], secret: str, timeout: float) -> None:
        self._urls = itertools.cycle(urls)
        self._count = len(urls)
        self._room = asyncio.Semaphore(IN_FLIGHT * len(urls))
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=IN_FLIGHT * len(urls))
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {secret}"}, timeout=httpx.Timeout(timeout, connect=1.0), limits=limits, trust_env=False
        )

    async def turn(self, request: dict[str, Any]) -> Answer:
        """Raises Unreachable, Swallowed or Refused."""
        async with self._room:
            for _ in range(self._count):
                try:
                    return _answer(await self._http.post(f"{next(self._urls)}/turn", json=request))
                except (httpx.ConnectError, httpx.ConnectTimeout, Unreachable):
                    continue
                except httpx.TimeoutException:
                    raise Swallowed("timeout") from None
                except httpx.HTTPError:
                    raise Swallowed("lost") from None
        raise Unreachable("no Rasa process takes messages")

    async def healthy(self) -> bool:
        """Whether at least one Rasa is ready to serve."""
        for _ in range(self._count):
            try:
                if (await self._http.get(f"{next(self._urls)}/health", timeout=1.0)).is_success:
                    return True
            except httpx.HTTPError:
                continue
        return False

    async def close(self) -> None:
        await self._http.aclose()


def _answer(response: httpx.Response) -> Answer:
    if response.status_code in (401, 403, 404, 503):  # starting, or not ours: a matter of operation, not of the message
        raise Unreachable(f"Rasa answered {response.status_code}")
    if response.status_code >= 500:
        raise Swallowed("lost")
    if not response.is_success:
        raise Refused(f"status {response.status_code}")
    try:
        return Answer.model_validate_json(response.content)
    except ValidationError as error:
        where = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors()[:3])
        raise Refused(f"answer not understood at {where}") from None
