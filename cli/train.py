"""`shopkeeper train`: the recommender and the bot, from the store and the examples as they are now."""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from cli import prepare, train_report
from recommender.spark_session import Source
from shop.settings import Settings
from shop.store import Store

console = Console()


def train(
    only: Annotated[str, typer.Option(help="Train only one of them: [bold]recommender[/bold] or [bold]bot[/bold].")] = "",
    report: Annotated[bool, typer.Option("--report", help="Also write var/reports/recommender.html: what it can do.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Train even where nothing changed since the last time.")] = False,
    engine: Annotated[str, typer.Option(help="Fit the recommender here, [bold]local[/bold], or by [bold]spark[/bold].")] = "local",
    source: Annotated[str, typer.Option("--from", help="For Spark: Parquet files or a jdbc: address; empty: the shop's own store.")] = "",
    master: Annotated[str, typer.Option(help="For Spark: where it runs (local[2], spark://host:7077, yarn ...).")] = "local[*]",
    memory: Annotated[str, typer.Option(help="For Spark: the driver's memory.")] = "4g",
    jars: Annotated[str, typer.Option(help="For Spark: the database driver that a jdbc: address needs.")] = "",
) -> None:
    """Train the recommender and the bot; what has not changed since its last training is left as it is.

    The recommender learns from the store (catalogue, interactions, orders), the bot from config.yml, domain.yml and nlu_data/. A running
    shop takes up a new recommender by itself; for a new bot start it again.
    """
    if only not in ("", "recommender", "bot"):
        raise typer.BadParameter("give recommender or bot", param_hint="--only")
    if engine not in ("local", "spark"):
        raise typer.BadParameter("give local or spark", param_hint="--engine")
    spark = Source(source, master, memory, jars) if engine == "spark" else None
    if spark is None and source:
        raise typer.BadParameter("only Spark reads from elsewhere: add --engine spark", param_hint="--from")
    settings = Settings()
    store = Store(settings.store_url)

    def say(line: str) -> None:
        console.print(line, highlight=False)

    try:
        prepare.enough_disk(settings)
        prepare.schema(settings, store, say)
        prepare.encoder(settings, store, say)
        fit = partial(prepare.recommender_by_spark, source=spark) if spark else prepare.recommender
        for name, step in (("recommender", fit), ("predictions", prepare.predictions), ("bot", prepare.bot)):
            if only in ("", name) or (only, name) == ("recommender", "predictions"):
                began = time.monotonic()
                say(f"[bold]{name}[/bold] ...")
                say(f"  {step(settings, store, say, force=force)} [dim]({time.monotonic() - began:.1f} s)[/dim]")
        if report:
            say(f"The report is in {train_report.write(settings, store, settings.var_dir / 'reports' / 'recommender.html')}")
    except prepare.CannotPrepare as problem:
        console.print(f"[red]Not trained:[/red] {problem}", soft_wrap=True)
        raise typer.Exit(1) from None
    finally:
        store.close()
