"""The web process: `uvicorn bot.gateway.app:create_app --factory`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from bot.gateway import account, api, buying, pages, problems, stream, terminal, tracking, views
from bot.gateway.context import Gateway
from bot.gateway.database import Database
from bot.gateway.dispatch import Dispatcher
from bot.gateway.hub import Hub
from bot.gateway.limits import Limits
from bot.gateway.rasa_client import RasaClient
from bot.gateway.security import BodyLimit, SameOrigin, SecurityHeaders
from console import app as console
from console.context import Drawing
from shop import policies
from shop.settings import Settings
from shop.store import Store

HERE = Path(__file__).parent


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; the store is opened and the dispatcher started when it starts up."""
    settings = settings or Settings()
    staff_console = console.create_app()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Database threads give the interpreter up at every statement and get it back only when the event loop yields or this time is
        # over. At the default of 5 ms a turn's dozen statements would wait longer than they work.
        sys.setswitchinterval(0.0005)
        policies.use(settings.policies_file)
        store = Store(settings.store_url)
        database = Database(store)
        hub = Hub()
        rasa = RasaClient(settings.rasa_urls, settings.secret("internal_secret"), settings.rasa_timeout)
        dispatcher = Dispatcher(database, rasa, hub, settings)
        templates = Jinja2Templates(HERE / "templates")
        templates.env.filters["slug"] = views.slug
        templates.env.globals["new_key"] = lambda: secrets.token_hex(16)
        app.state.gateway = Gateway(settings, database, rasa, hub, dispatcher, Limits(settings.messages_per_minute), templates)
        console.connect(staff_console, settings, database, hub, Drawing(views.card, views.order_view))
        dispatcher.start()
        watcher = asyncio.create_task(stream.watch(database, hub))
        # What start-up made lives as long as the process: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            hub.close()
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher
            await dispatcher.stop()
            await rasa.close()
            await asyncio.to_thread(database.close)
            store.close()

    app = FastAPI(title="Shopkeeper", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.routes.extend(api.routes)
    for routes in (api, account, stream, tracking, terminal, buying, pages):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.mount("/console", staff_console)
    problems.install(app)
    # The last one added meets the request first.
    app.add_middleware(BodyLimit)
    app.add_middleware(SameOrigin, allowed_origins=settings.allowed_origins, secret=settings.secret("internal_secret"))
    app.add_middleware(SecurityHeaders, allowed_origins=settings.allowed_origins)
    return app
