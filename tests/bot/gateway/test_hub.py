"""Who is writing, as the other side is told."""

from __future__ import annotations

import asyncio

from bot.gateway.hub import Hub


async def test_a_person_who_goes_away_in_the_middle_of_a_sentence_types_no_more():
    hub = Hub()
    listener = hub.listen(1)
    hub.set_typing(1, True, 0.01)
    assert hub.typing(1)
    hub.set_typing(1, True, 60.0)
    await asyncio.sleep(0.05)
    assert hub.typing(1), "who goes on typing is not cut off by what was announced before"
    listener.event.clear()
    hub.set_typing(1, True, 0.01)
    await asyncio.wait_for(listener.event.wait(), 10)
    assert not hub.typing(1)


async def test_who_comes_while_a_customer_writes_is_told_so(monkeypatch):
    hub = Hub()
    hub.customer_types(1)
    late = hub.observe()
    assert late.event.is_set()
    assert late.typing == {1}
    monkeypatch.setattr("bot.gateway.hub.SHOWN", 0.0)
    assert hub.observe().typing == set()
