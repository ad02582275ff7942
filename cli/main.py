"""`shopkeeper`: the command-line program. One file a command; each imports what is heavy only when it runs."""

from __future__ import annotations

import typer

from cli import cases, export, importing, profile, promotions, report, review, rules, staff
from cli.chat import chat
from cli.doctor import doctor
from cli.nlu_report import nlu_report
from cli.recommend import recommend
from cli.simulate import simulate
from cli.train import train
from cli.understand import understand
from cli.up import up

app = typer.Typer(
    name="shopkeeper",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A conversational marketing assistant and customer-service bot for an online shop. "
    "Settings are read from the environment and from .env; .env.example explains each.",
)
app.command()(up)
app.add_typer(importing.app, name="import")
app.command()(train)
app.command()(chat)
app.command()(simulate)
app.command()(understand)
app.command("nlu-report")(nlu_report)
app.command()(recommend)
app.add_typer(rules.app, name="rules")
app.add_typer(promotions.app, name="promotions")
app.add_typer(profile.app, name="profile")
app.add_typer(export.app, name="export")
app.add_typer(report.app, name="report")
app.add_typer(review.app, name="review")
app.add_typer(cases.app, name="cases")
app.add_typer(staff.app, name="staff")
app.command()(doctor)

if __name__ == "__main__":
    app()
