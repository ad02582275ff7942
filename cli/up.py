"""`shopkeeper up`: prepares what is missing, starts the four processes, and stays until Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel

from cli.prepare import CannotPrepare, prepare
from cli.supervise import ports_free, reachable, start, stop, wait_until_healthy
from shop import policies
from shop.demo.colleague import COLLEAGUES, demo_password
from shop.settings import PROJECT, Settings
from shop.store import Store

console = Console()


def up(prepare_only: Annotated[bool, typer.Option("--prepare-only", help="Do all the set-up, start nothing.")] = False) -> None:
    """Start the shop and its bot, and set up first whatever is missing.

    Four processes run under one supervisor, which starts a fallen one again. Ctrl-C ends them all. Logs are under var/logs/.
    """
    settings = Settings()
    try:
        policies.use(settings.policies_file)
        if not prepare_only:
            ports_free(settings)
            # In a process of its own: what training needs of memory is given back before the shop opens.
            if prepared := subprocess.run([sys.executable, "-m", "cli.main", "up", "--prepare-only"], cwd=PROJECT).returncode:
                raise typer.Exit(prepared)
            stay_open(settings)
            return
        store = Store(settings.store_url)
        prepare(settings, store, lambda line: console.print(line, highlight=False))
        store.close()
    except (CannotPrepare, policies.BadPolicies) as problem:
        console.print(f"[red]Not started:[/red] {problem}", soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("\nInterrupted before the shop was open; `make run` goes on where it was.")
        raise typer.Exit(130) from None


def stay_open(settings: Settings) -> None:
    for told_to_end in (signal.SIGINT, signal.SIGTERM):  # the same as Ctrl-C, also where a shell had it ignored
        signal.signal(told_to_end, signal.default_int_handler)
    supervisor = start(settings)
    try:
        began = time.monotonic()
        with console.status("starting web, rasa, actions and worker ..."):
            wait_until_healthy(settings, supervisor)
        console.print(Panel(welcome(settings, time.monotonic() - began), border_style="green", expand=False))
        supervisor.wait()
        raise CannotPrepare(f"the supervisor ended by itself; see {settings.var_dir / 'logs/supervisor.log'}")
    except KeyboardInterrupt:
        console.print("\nClosing the shop ...")
    finally:
        stop(supervisor)
    console.print("All processes have ended.")


def welcome(settings: Settings, seconds: float) -> str:
    address = f"http://{reachable(settings.host)}:{settings.port}"
    lines = [f"[bold]{settings.shop_name} is open[/bold] (healthy after {seconds:.0f} s)", "", f"  the shop   {address}/"]
    if settings.demo:
        lines.append(f"  sign in    {address}/sign-in as any demo customer, e.g. emma.hughes@example.com")
    lines.append(f"  console    {address}/console/")
    lines += [f"             {line}" for line in console_sign_in(settings)]
    lines += ["  terminal   .venv/bin/shopkeeper chat", "  health     .venv/bin/shopkeeper doctor", "", "Ctrl-C closes the shop."]
    return "\n".join(lines)


def console_sign_in(settings: Settings) -> list[str]:
    """How to sign in as the demo's colleagues: those whose accounts have their first passwords."""
    store = Store(settings.store_url)
    try:
        found = {email: demo_password(settings, store, email) for email in COLLEAGUES} if settings.demo else {}
    finally:
        store.close()
    return [f"{COLLEAGUES[email][1]:<10} {email}, password {password}" for email, password in found.items() if password]
