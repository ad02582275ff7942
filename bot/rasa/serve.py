"""Starts the Rasa server: `python -m bot.rasa.serve --port P --model DIR --actions-url URL`.

From the environment: SHOPKEEPER_INTERNAL_SECRET (needed), SHOPKEEPER_ACTION_TIMEOUT (seconds, 3), SHOPKEEPER_ENCODER_DIR,
SHOPKEEPER_VOCABULARY. It listens on 127.0.0.1 only, and only once the model is loaded and warm.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import time
from pathlib import Path

import uvloop

from bot.rasa import light, models

logger = logging.getLogger("bot.rasa.serve")


def main() -> int:
    arguments = _arguments()
    try:
        secret = os.environ.get("SHOPKEEPER_INTERNAL_SECRET", "")
        if len(secret) < 16:
            raise models.NoModel("SHOPKEEPER_INTERNAL_SECRET must hold a secret of 16 characters or more.")
        archive, manifest = models.current(arguments.model)
        uvloop.install()
        asyncio.run(_serve(arguments, archive, manifest, secret))
    except (models.NoModel, OSError) as error:
        print(f"rasa: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(arguments: argparse.Namespace, archive: Path, manifest: dict[str, object], secret: str) -> None:
    began = time.monotonic()
    light.install()

    from bot.rasa import actions_client, logs, speed
    from bot.rasa.channel import build_app
    from bot.rasa.nlu.encoder import EncoderMissing
    from bot.rasa.turn import Bot

    logs.configure()
    actions_client.install()
    speed.install()
    actions = actions_client.ActionServer(arguments.actions_url, secret, float(os.environ.get("SHOPKEEPER_ACTION_TIMEOUT") or 3))
    try:
        bot = Bot(archive, actions)
    except Exception as error:
        cause = error.__cause__ if isinstance(error.__cause__, EncoderMissing) else error
        raise models.NoModel(f"The model cannot be loaded: {cause}") from error
    app = build_app(bot, secret, {"model": manifest["sha256"], "trained_at": manifest["trained_at"]})
    server = await app.create_server("127.0.0.1", arguments.port, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.after_start()
    logger.info(f"ready on 127.0.0.1:{arguments.port} after {time.monotonic() - began:.1f} s")
    # What start-up made (tens of thousands of objects of Rasa's) lives as long as the process: the collector need not look through it.
    gc.collect()
    gc.freeze()
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await stop.wait()
    server.close()
    with contextlib.suppress(asyncio.TimeoutError):  # let turns under way end
        await asyncio.wait_for(server.wait_closed(), 5)
    await actions.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serve the trained bot to the gateway.")
    parser.add_argument("--port", type=int, default=8005)
    parser.add_argument("--model", type=Path, default=Path("var/models/bot"), help="the directory train.py wrote to")
    parser.add_argument("--actions-url", default="http://127.0.0.1:8055")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
