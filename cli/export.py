"""`shopkeeper export`: conversations as a table, one row a conversation or one row a message."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shop.settings import Settings
from shop.store import Store

app = typer.Typer(help="Take conversations away as a table.", no_args_is_help=True)
Format = Annotated[str, typer.Option("--format", help="csv, json or parquet.")]
Filter = Annotated[str, typer.Option("--filter", help="Only conversations that pass this filter of the console.")]
Out = Annotated[Path, typer.Option("--out", help="The file; one that is there is replaced once the new one is whole.")]


@app.callback()
def export() -> None:
    """Take conversations away as a table."""


@app.command()
def conversations(out: Out, form: Format = "csv", query: Filter = "") -> None:
    """Write one row a conversation: when, where, how long, what it was about, how it went."""
    write("conversations", form, query, out)


@app.command()
def messages(out: Out, form: Format = "csv", query: Filter = "") -> None:
    """Write one row a message: who said what, and what the bot read in it and did."""
    write("messages", form, query, out)


def write(kind: str, form: str, query: str, out: Path) -> None:
    """A piece at a time, each read in a transaction of its own, so that nobody waits for a large export."""
    from shop import audit, transcripts_export
    from shop.transcripts_language import BadFilter

    if form not in transcripts_export.FORMATS:
        raise typer.BadParameter(f"give one of {', '.join(transcripts_export.FORMATS)}", param_hint="--format")
    store, count = Store(Settings().store_url), 0
    fresh = out.with_name(out.name + ".part")
    try:
        with fresh.open("wb") as file:
            encode, place, more = transcripts_export.encoder(kind, form), None, True
            while more:
                with store.read() as session:
                    rows, place = transcripts_export.chunk(session, query, kind, place)
                more = place is not None
                file.write(encode(rows, not more))
                count += len(rows)
        with store.write() as session:
            audit.record(session, None, f"export.{kind}", format=form, rows=count)
        fresh.replace(out)
    except BadFilter as error:
        raise typer.BadParameter(f"the filter cannot be read: {error}", param_hint="--filter") from None
    except OSError as error:
        raise typer.BadParameter(f"{out} cannot be written: {error.strerror}", param_hint="--out") from None
    finally:
        fresh.unlink(missing_ok=True)
        store.close()
    Console().print(f"{count} {kind} are in {out}", soft_wrap=True, highlight=False)
