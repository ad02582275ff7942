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
