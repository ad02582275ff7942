"""Customers who keep trying, as the chat page does: a message is sent again under the same id until it is acknowledged."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field

import aiohttp

UNREACHABLE = (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError)
PURCHASE = ("show me candles", "add the first one to my cart", "checkout", "yes")


@dataclass
class Shopper:
    """A signed-in customer in one conversation. `acknowledged`: ids of the messages the gateway has promised to answer, in order."""

    url: str
    secret: str
    customer: str
    conversation: str = field(default_factory=lambda: uuid.uuid4().hex)
    acknowledged: list[str] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.secret}",
            "X-Shopkeeper-Customer": self.customer,
            "X-Shopkeeper-Conversation": self.conversation,
        }

    async def say(self, http: aiohttp.ClientSession, text: str, patience: float = 120.0) -> dict:
        """Sends, again and again if need be, then waits for the turn. Raises TimeoutError when patience runs out."""
        message_id = str(uuid.uuid4())
        async with asyncio.timeout(patience):
            await self._send(http, message_id, text)
            self.acknowledged.append(message_id)
            return await self._answer(http, message_id)

    async def _send(self, http: aiohttp.ClientSession, message_id: str, text: str) -> None:
        body = {"client_message_id": message_id, "text": text}
        while True:
            try:
                async with http.post(f"{self.url}/api/messages", json=body, headers=self.headers) as answer:
                    if answer.status == 202:
                        return
                    assert answer.status in (429, 503), await answer.text()
            except UNREACHABLE:
                pass
            await asyncio.sleep(0.3)

    async def _answer(self, http: aiohttp.ClientSession, message_id: str) -> dict:
        while True:
            try:
                async with http.get(f"{self.url}/api/turns/{message_id}?wait=5", headers=self.headers) as answer:
                    if answer.status == 200:
                        return await answer.json()
            except UNREACHABLE:
                pass
            await asyncio.sleep(0.2)


async def buy(shopper: Shopper, http: aiohttp.ClientSession) -> bool:
    """One purchase from search to order; True when an order number was given. A turn that failed is tried again in the bot's own way."""
    for text in PURCHASE:
        turn = await shopper.say(http, text)
        while turn["facts"]["error"]:
            await asyncio.sleep(2)  # a person reads the apology
            turn = await shopper.say(http, "try again")
    return "SK-" in str(turn["messages"])
