"""The call to Rasa, and what can go wrong with it, told apart by what to do next."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import aiohttp
import orjson
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
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=1.0)
        # aiohttp rather than httpx: one call costs a quarter of the processor time, and there is one for every turn.
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
            connector=aiohttp.TCPConnector(limit=0),
        )

    async def turn(self, request: dict[str, Any]) -> Answer:
        """Raises Unreachable, Swallowed or Refused."""
        body = orjson.dumps(request)
        async with self._room:
            for _ in range(self._count):
                try:
                    async with self._http.post(f"{next(self._urls)}/turn", data=body, timeout=self._timeout) as response:
                        return _answer(response.status, await response.read())
                except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, Unreachable):
                    continue
                except TimeoutError:
                    raise Swallowed("timeout") from None
                except aiohttp.ClientError:
                    raise Swallowed("lost") from None
        raise Unreachable("no Rasa process takes messages")

    async def healthy(self) -> bool:
        """Whether at least one Rasa is ready to serve."""
        for _ in range(self._count):
            try:
                async with self._http.get(f"{next(self._urls)}/health", timeout=aiohttp.ClientTimeout(total=1.0)) as response:
                    if response.ok:
                        return True
            except (aiohttp.ClientError, TimeoutError):
                continue
        return False

    async def close(self) -> None:
        await self._http.close()


def _answer(status: int, content: bytes) -> Answer:
    if status in (401, 403, 404, 503):  # starting, or not ours: a matter of operation, not of the message
        raise Unreachable(f"Rasa answered {status}")
    if status >= 500:
        raise Swallowed("lost")
    if status != 200:
        raise Refused(f"status {status}")
    try:
        return Answer.model_validate_json(content)
    except ValidationError as error:
        where = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors()[:3])
        raise Refused(f"answer not understood at {where}") from None
