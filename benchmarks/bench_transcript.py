"""Opening a conversation of 2,000 messages: python -m benchmarks.bench_transcript [--messages 20000] [--database sqlite postgresql].

A store of its own is filled (`bench_console_fill`: its first conversation has 2,000 messages), and the console served over it. Each page
is asked for many times, first by a plain client (from the request to the last byte), then in Chromium (from the start of the navigation
until the page is drawn and its scripts have run). Then Chromium scrolls through all of the conversation, and the time from frame to frame
is taken.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from benchmarks.bench_console import opened
from benchmarks.bench_console_fill import LONG, fill
from bot.gateway.app import create_app
from console.access import COOKIE
from shop import staff, transcripts_reading
from shop.models import Conversation, Impression, OutboxMessage, Product, Turn
from shop.settings import Settings
from shop.store import Store
from tests.browser.conftest import DESK, FLAGS, chromium_path
from tests.harness.stack import free_ports
from tests.harness.web import served

ROUNDS = 40
LIMIT_MS = 300
STILL = 50  # milliseconds from frame to frame above which scrolling is seen to stutter
WINDOWS = LONG // transcripts_reading.WINDOW + 5  # at most so many windows of messages are fetched on the way up


def main() -> None:
    arguments = _arguments()
    console = Console(width=140)
    for database in arguments.database:
        with opened(database) as store, TemporaryDirectory(prefix="shopkeeper-bench-") as folder:
            fill(store, arguments.messages)
            chat, middle, token = prepared(store)
            url = store.url.render_as_string(hide_password=False)
            settings = Settings(_env_file=None, var_dir=Path(folder), DATABASE_URL=url, rasa_port=free_ports(1)[0])
            pages = {
                "transcript, its end": f"transcripts/{chat}",
                "transcript, an exact message in the middle": f"transcripts/{chat}?message={middle}",
                "inbox, the chat with the customer beside it": f"inbox/{chat}?view=all",
            }
            with served(create_app(settings)) as address:
                shown = Table(title=f"{database}: milliseconds to open a conversation of {LONG:,} messages", title_justify="left")
                for heading in (
                    "page",
                    "server p50",
                    "server p95",
                    "browser p50",
                    "browser p95",
                    "its processor p95",
                    f"p95 under {LIMIT_MS}",
                ):
                    shown.add_column(heading, justify="left" if heading == "page" else "right")
                with sync_playwright() as driver:
                    browser = driver.chromium.launch(executable_path=chromium_path(), args=FLAGS)
                    context = browser.new_context(viewport=DESK)
                    context.add_cookies([{"name": COOKIE, "value": token, "url": f"{address}/console"}])
                    page = context.new_page()
                    for name, path in pages.items():
                        (drawn, processor), served_in = (
                            in_browser(page, f"{address}/console/{path}"),
                            by_client(f"{address}/console/{path}", token),
                        )
                        numbers = [*np.quantile(served_in, (0.5, 0.95)), *np.quantile(drawn, (0.5, 0.95)), np.quantile(processor, 0.95)]
                        fast = max(numbers[1], numbers[3]) < LIMIT_MS
                        shown.add_row(name, *(f"{value:.0f}" for value in numbers), "yes" if fast else "NO")
                    console.print(shown)
                    frames, messages = scrolled(page, f"{address}/console/transcripts/{chat}")
                    browser.close()
                late = np.mean(np.array(frames) > STILL)
                console.print(
                    f"scrolled up through {messages:,} messages: {len(frames)} frames, p50 {np.quantile(frames, 0.5):.0f} ms, "
                    f"p95 {np.quantile(frames, 0.95):.0f} ms, {100 * late:.1f} % above {STILL} ms"
                )


def prepared(store: Store) -> tuple[str, int, str]:
    """(the long conversation, a message in its middle, an agent's session). Its products get the scores and reasons that a page shows."""
    shown = {"surface": "chat_search", "propensity": 1.0, "reason": "it matches what you asked for"}
    with store.write() as session:
        chat = session.scalars(select(Conversation).order_by(Conversation.id)).first()
        assert chat is not None
        ids = dict(session.execute(select(Product.sku, Product.id)).all())
        answers = select(OutboxMessage.inbox_id, OutboxMessage.payload).where(OutboxMessage.conversation_id == chat.id)
        turns = dict(session.execute(select(Turn.inbox_id, Turn.id).where(Turn.conversation_id == chat.id)).all())
        for inbox_id, payload in session.execute(answers.where(OutboxMessage.author == "bot")):
            session.add_all(
                Impression(
                    **shown, turn_id=turns[inbox_id], product_id=ids[card["sku"]], list_id=f"l{inbox_id}", position=k, score=1 / k,
                    contributions={"content": 0.5 / k, "ease": 0.5 / k},
                )
                for k, card in enumerate(payload.get("products", ()), 1)
            )  # fmt: skip
        messages = list(
            session.scalars(select(OutboxMessage.id).where(OutboxMessage.conversation_id == chat.id).order_by(OutboxMessage.id))
        )
        assert len(messages) == LONG
        who = staff.add(session, "bench@shop.example", "Bench", "agent", "no password opens this")
        return chat.public_id, messages[LONG // 2], staff.open_session(session, who.id, "bench", True)


def by_client(address: str, token: str) -> list[float]:
    """Milliseconds to the last byte."""
    with httpx.Client(cookies={COOKIE: token}, timeout=30) as http:
        return timed(lambda: http.get(address).raise_for_status())


def timed(ask: Callable[[], object]) -> list[float]:
    found = []
    for _ in range(ROUNDS + 2):
        began = time.perf_counter()
        ask()
        found.append(1000 * (time.perf_counter() - began))
    return found[2:]


def in_browser(page: Page, address: str) -> tuple[list[float], list[float]]:
    """Milliseconds until the page is drawn and its scripts have run (the later of the load event's end and the first painting), and of
    the processor time that the page's main thread took for it, which other work on the machine does not stretch."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        return next(one["value"] for one in devtools.send("Performance.getMetrics")["metrics"] if one["name"] == "TaskDuration")

    drawn, processor = [], []
    for _ in range(ROUNDS + 2):
        page.goto("about:blank")
        before = worked()
        page.goto(address, wait_until="load")
        drawn.append(page.evaluate(DRAWN))
        processor.append(1000 * (worked() - before))
    devtools.detach()
    return drawn[2:], processor[2:]


# Both are measured from the start of the navigation.
DRAWN = """() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
    const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
    resolve(Math.max(performance.getEntriesByType("navigation")[0].loadEventEnd, painted));
})))"""


def scrolled(page: Page, address: str) -> tuple[list[float], int]:
    """(milliseconds from frame to frame, messages on the page at the end) while somebody turns the wheel until the beginning is there."""
    page.goto(address, wait_until="load")
    page.wait_for_timeout(500)
    page.evaluate(WATCH)
    page.mouse.move(500, 400)
    for _ in _until_the_beginning(page):
        page.mouse.wheel(0, -1200)
        page.wait_for_timeout(60)
    frames = page.evaluate("window.frames_seen")
    return frames, page.locator("#said > li.message").count()


def _until_the_beginning(page: Page) -> Iterable[int]:
    for k in range(100 * WINDOWS):
        if k % 10 == 0 and page.evaluate("window.scrollY < 5 && !document.querySelector('[data-more=earlier]')"):
            return
        yield k


WATCH = """() => {
    window.frames_seen = [];
    let last = performance.now();
    const frame = (now) => { window.frames_seen.push(now - last); last = now; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
}"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=20_000, help="in the whole store")
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
