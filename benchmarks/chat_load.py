"""Chats that talk as customers' browsers do: to our gateway (post, then the event stream), or to a stock Rasa's REST channel."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import numpy as np

# One visit, as it might go: half of the turns are answered by a rule alone, half by a custom action on shop or recommender.
VISIT = (
    "hi",
    "I'm looking for a candle",
    "how long does delivery take?",
    "anything under 20 pounds?",
    "can I pay by paypal?",
    "what would you recommend for me?",
    "what can you do?",
    "show me my cart",
    "are you a bot?",
    "do you have anything in blue?",
    "thanks",
    "bye",
)
ANSWERED_WITHIN = 60.0  # seconds
BEGIN_WITHIN = 1.0  # seconds


@dataclass
class Measured:
    """Waiting times in milliseconds, one entry a turn; `seconds` is the wall time of all of them."""

    acknowledged: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.answered) / self.seconds

    def percentile(self, name: str, q: float) -> float:
        return float(np.percentile(getattr(self, name), q))


Chat = Callable[[aiohttp.ClientSession, Measured, int], Awaitable[None]]


async def load(chat: Chat, chats: int, turns: int) -> Measured:
    """`chats` at once, each `turns` turns, each waiting for its answer before it says more. They begin within a second: fifty people do
    not open a page in the same instant."""
    measured = Measured()
    connector = aiohttp.TCPConnector(limit=0)
    began = time.perf_counter()

    async def one(k: int) -> None:
        await asyncio.sleep(k / chats * BEGIN_WITHIN)
        async with aiohttp.ClientSession(connector=connector, connector_owner=False, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            await chat(http, measured, turns)

    await asyncio.gather(*(one(k) for k in range(chats)))
    measured.seconds = time.perf_counter() - began
    await connector.close()
    return measured


def our_chat(url: str) -> Chat:
    async def chat(http: aiohttp.ClientSession, measured: Measured, turns: int) -> None:
        (await http.get(f"{url}/chat")).raise_for_status()
        events: AsyncIterator[dict] | None = None
        for k in range(turns):
            began = time.perf_counter()
            message = {"client_message_id": str(uuid.uuid4()), "text": VISIT[k % len(VISIT)]}
            async with http.post(f"{url}/api/messages", json=message, headers={"Origin": url}) as accepted:
                accepted.raise_for_status()
            measured.acknowledged.append((time.perf_counter() - began) * 1000)
            events = events or server_sent(http, f"{url}/api/stream")
            await asyncio.wait_for(answer_to(message["client_message_id"], events), ANSWERED_WITHIN)
            measured.answered.append((time.perf_counter() - began) * 1000)

    return chat


async def answer_to(message_id: str, events: AsyncIterator[dict]) -> None:
    """Reads on to the first words of the bot that follow the message's own echo."""
    echoed = False
    async for message in events:
        echoed = echoed or message.get("client_message_id") == message_id
        if echoed and message["author"] == "bot":
            return


async def server_sent(http: aiohttp.ClientSession, url: str) -> AsyncIterator[dict]:
    async with http.get(url, timeout=aiohttp.ClientTimeout(total=None), read_bufsize=2**20) as stream:
        kind = ""
        async for raw in stream.content:
            line = raw.decode().rstrip("\r\n")
            if line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("data:") and kind == "message":
                yield json.loads(line[5:])


def stock_chat(url: str) -> Chat:
    async def chat(http: aiohttp.ClientSession, measured: Measured, turns: int) -> None:
        sender = uuid.uuid4().hex
        metadata = {"customer_id": 1, "signed_in": False, "channel": "rest", "conversation_id": sender, "locale": "en_GB"}
        for k in range(turns):
            began = time.perf_counter()
            message = {"sender": sender, "message": VISIT[k % len(VISIT)], "metadata": metadata | {"message_id": f"{sender}:{k}"}}
            async with http.post(f"{url}/webhooks/rest/webhook", json=message) as answer:
                answer.raise_for_status()
                await answer.json()
            measured.answered.append((time.perf_counter() - began) * 1000)

    return chat
