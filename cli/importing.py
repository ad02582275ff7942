"""`shopkeeper import`: fills the store, from the demo shop or from files of a real one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from shop.settings import Settings
    from shop.store import Store

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Bring products, customers and orders into the store. A file is read and cleaned as a whole and then written in one transaction: "
    "a broken file changes nothing, and importing a file again changes nothing more. Run [bold]shopkeeper train[/bold] afterwards, "
    "so that the recommender and the bot know the new products.",
)
console = Console()

File = Annotated[Path, typer.Argument(help="A CSV file, plain or gzip, in any encoding, separated by comma, semicolon, tab or |.")]
Report = Annotated[Path | None, typer.Option("--report", help="Save the cleaning report there as JSON: every reason with its lines.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read, clean and report, but write nothing.")]
Zone = Annotated[str, typer.Option("--timezone", help="IANA name of the zone that the file's times are in where they do not say.")]
Mapping = Annotated[
    list[str] | None, typer.Option("--map", metavar="OURS=THEIRS", help="A column under another name, e.g. --map sku=ArticleNo.")
]


@app.command()
def demo(seed: Annotated[int, typer.Option(help="The same seed gives the same shop.")] = 7) -> None:
    """The demo shop: 310 products, 400 customers, their orders and visits. Does nothing where the store already has products."""
    from shop.demo import load_demo

    settings, store = _open()
    with console.status("loading the demo shop") as status:
        report = load_demo(store, seed, progress=status.update)
        _write_words(settings, store)
    if not report.loaded:
        console.print("The store already has products: nothing was changed.")
        return
    console.print(
        f"{report.products} products, {report.customers} customers, {report.orders} orders and {report.interactions} interactions added."
    )


@app.command()
def shopify(
    file: File,
    kind: Annotated[str, typer.Option("--kind", help="What the export holds: products, customers or orders.")] = "products",
    report: Report = None,
    dry_run: DryRun = False,
    timezone: Zone = "Europe/London",
) -> None:
    """One of Shopify's CSV exports. Import products first, then customers, then orders."""
    _import(file, "shopify", kind, report, dry_run, timezone)


@app.command(
    help="A CSV file of your own making. Columns by --kind (* must be there):\n\n"
    "[bold]products[/bold]: sku*, title*, price*, currency, description, brand, category (Home > Lighting > Candles), stock, colour, "
    "size, material, image, tags, group (shared by the variants of an article).\n\n"
    "[bold]customers[/bold]: id or email*, name, country, line1, line2, city, postcode, marketing (yes or no), created_at.\n\n"
    "[bold]orders[/bold], one row a line of the order: order*, date*, sku*, quantity*, price*, title, customer, email, status, "
    "currency, shipping.\n\n"
    "[bold]interactions[/bold]: customer*, kind* (view, search, click, cart, purchase, rating, like, dislike), date*, sku, value, query, "
    "key."
)
def generic(
    file: File,
    kind: Annotated[str, typer.Option("--kind", help="products, customers, orders or interactions.")] = "products",
    columns: Mapping = None,
    report: Report = None,
    dry_run: DryRun = False,
    timezone: Zone = "Europe/London",
) -> None:
    pairs = [pair.partition("=") for pair in columns or []]
    if wrong := [pair for pair in pairs if not (pair[0] and pair[2])]:
        raise typer.BadParameter(f"{''.join(wrong[0])!r} is not of the form ours=theirs", param_hint="--map")
    _import(file, "generic", kind, report, dry_run, timezone, {ours.strip(): theirs.strip() for ours, _, theirs in pairs})


@app.command("online-retail")
def online_retail(file: File, report: Report = None, dry_run: DryRun = False, timezone: Zone = "Europe/London") -> None:
    """The UCI Online Retail export, or a file in its format.

    Its columns: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country.
    """
    _import(file, "online-retail", "", report, dry_run, timezone)


def _import(
    file: Path, name: str, kind: str, save: Path | None, dry_run: bool, timezone: str, mapping: dict[str, str] | None = None
) -> None:
    from zoneinfo import available_timezones

    from shop.importers import FileProblem, import_file

    if timezone not in available_timezones():
        raise typer.BadParameter(f"{timezone!r} is no time zone; an example is Europe/London", param_hint="--timezone")
    settings, store = _open()
    try:
        with console.status(f"importing {file.name}") as status:
            report = import_file(
                store, file, name, kind, currency=settings.currency, zone=timezone, mapping=mapping, dry_run=dry_run, progress=status.update
            )
            if not dry_run:
                _write_words(settings, store)
    except FileProblem as problem:
        console.print(f"[red]Not imported:[/red] {problem}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    if save:
        report.save(save)
    console.print(report)
    done = ", ".join(f"{count:,} {what}" for what, count in report.written.items()) or "nothing to change"
    console.print("Dry run: nothing was written." if dry_run else f"Done: {done}.")


def _open() -> tuple[Settings, Store]:
    from shop.migrate import migrate
    from shop.settings import Settings
    from shop.store import Store

    settings = Settings()
    store = Store(settings.store_url)
    migrate(store)
    return settings, store


def _write_words(settings: Settings, store: Store) -> None:
    """The words by which customers name products; the bot reads them from the file."""
    from shop.catalogue import write_vocabulary

    with store.read() as session:
        write_vocabulary(session, settings.var_dir / "vocabulary.json")
