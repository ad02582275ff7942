"""The staff console: an application of its own, mounted at /console in the web process."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.templating import Jinja2Templates

from console import (
    account,
    assets,
    audit,
    cases,
    dashboard,
    filing,
    foresight,
    front,
    holding,
    inbox,
    live,
    people,
    problems,
    replies,
    review,
    serving,
    showing,
    signin,
    suggesting,
    transcripts,
)
from console.context import Console, Database, Drawing, Live
from console.headers import ConsoleHeaders
from console.limits import SignInLimits
from shop.settings import Settings

HERE = Path(__file__).parent


def create_app() -> FastAPI:
    """The application. It has no store of its own: `connect` gives it one before the first request."""
    app = FastAPI(title="Shopkeeper console", docs_url=None, redoc_url=None, openapi_url=None)
    desk = (live, inbox, holding, filing, foresight, serving, suggesting, replies)
    for routes in (front, signin, account, *desk, cases, transcripts, review, dashboard, people, audit):
        app.include_router(routes.router)
    app.state.version = assets.version()
    app.mount(f"/static/{app.state.version}", assets.Assets(directory=assets.FOLDER), name="static")
    problems.install(app)
    app.add_middleware(ConsoleHeaders)
    return app


def connect(app: FastAPI, settings: Settings, database: Database, live: Live, draw: Drawing) -> None:
    """Hands over what the process has opened; called when it starts up."""
    templates = Jinja2Templates(HERE / "templates")
    showing.install(templates.env, settings)
    templates.env.globals["version"] = app.state.version
    app.state.console = Console(settings, database, live, draw, templates, SignInLimits())
