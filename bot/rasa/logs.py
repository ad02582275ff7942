"""Logs without customers' words: one line an event, no tracebacks (they hold locals), Rasa's own chatter off."""

from __future__ import annotations

import logging
import sys

import structlog


class _NoTraceback(logging.Formatter):
    """Says what was raised and where, never with which values."""

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info and record.exc_info[0]:
            record.msg, record.args = f"{record.getMessage().splitlines()[0][:120]} ({record.exc_info[0].__name__})", ()
        record.exc_info = record.exc_text = record.stack_info = None
        return super().format(record)


def configure(level: int = logging.INFO) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_NoTraceback("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("bot").setLevel(level)
    # Below ERROR, Rasa writes texts, slots and entities.
    for name in ("rasa", "sanic", "asyncio", "apscheduler"):
        logging.getLogger(name).setLevel(logging.ERROR)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
