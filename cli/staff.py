"""`shopkeeper staff`: who may sign in to the console. The first administrator is made here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from cli.terminal import fail, plain
from shop import audit, staff
from shop.errors import ShopError
from shop.models import Staff
from shop.settings import Settings
from shop.store import Store

app = typer.Typer(help="Who may sign in to the console.", no_args_is_help=True)
SAYINGS = {
    "bad_email": "This is not an email address.",
    "bad_name": "A name is needed.",
    "bad_role": f"A role is one of: {', '.join(staff.ROLES)}.",
    "email_taken": "There is an account with this email already.",
    "short_password": f"A password needs at least {staff.SHORTEST_PASSWORD} characters.",
    "long_password": f"A password has at most {staff.LONGEST_PASSWORD} characters.",
    "last_admin": "Somebody must remain administrator: make another one first.",
    "no_such_staff": "Nobody has this email. Who there is shows: shopkeeper staff list",
}
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The colleague's email.")]
Role = Annotated[str, typer.Option("--role", help=f"One of: {', '.join(staff.ROLES)}.")]


@app.command()
def add(
    email: Email,
    name: Annotated[str, typer.Option("--name", help="As customers read it.")],
    role: Role = "agent",
    team: Annotated[str, typer.Option("--team", help="The team chats can be passed to.")] = "",
) -> None:
    """Make an account. The password is asked for, twice; from a pipe its first line is read."""
    password_hash = hashed(ask_password())
    with changing() as session:
        new = staff.add(session, email, name, role, password_hash, team)
        audit.record(session, None, "staff.add", "staff", new.id, role=role)
    Console().print(plain(f"{new.name} can sign in as {new.email} ({role})."))


@app.command("list")
def list_() -> None:
    """Show all accounts: who may sign in, with which role."""
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("name", "email", "role", "team", "second factor", "active"):
        table.add_column(title)
    with changing() as session:
        for one in staff.everyone(session):
            cells = (one.name, one.email, one.role, one.team, "yes" if one.totp_secret else "no", "yes" if one.active else "no")
            table.add_row(*map(plain, cells))
    Console().print(table)


@app.command()
def password(email: Email) -> None:
    """Set a new password, for someone who forgot theirs. It ends the second factor and signs them out everywhere."""
    password_hash = hashed(ask_password())
    with changing() as session:
        who = found(session, email)
        staff.set_password_hash(session, who.id, password_hash)
        staff.set_totp(session, who.id, "")
        audit.record(session, None, "staff.password", "staff", who.id)
    Console().print(plain(f"{email} has a new password."))


@app.command()
def role(email: Email, new_role: Annotated[str, typer.Argument(metavar="ROLE", help=f"One of: {', '.join(staff.ROLES)}.")]) -> None:
    """Give somebody another role; it counts at once."""
    with changing() as session:
        who = found(session, email)
        staff.set_role(session, who.id, new_role)
        audit.record(session, None, "staff.change", "staff", who.id, role=new_role)
    Console().print(plain(f"{email} is {new_role} now."))


@app.command()
def remove(email: Email) -> None:
    """Close an account: it is signed out everywhere at once, and what it did stays in the log."""
    with changing() as session:
        who = found(session, email)
        staff.set_active(session, who.id, False)
        audit.record(session, None, "staff.change", "staff", who.id, active=False)
    Console().print(plain(f"{email} can no longer sign in."))


@contextmanager
def changing() -> Iterator[Session]:
    """A session on the shop's store; ends the command with code 1 and a sentence when it cannot be done."""
    store = Store(Settings().store_url)
    try:
        with store.write() as session:
            yield session
    except ShopError as error:
        fail(SAYINGS.get(error.code, str(error)))
    except SQLAlchemyError as error:
        fail(f"The database cannot be used ({type(error).__name__}). Set the shop up first: .venv/bin/shopkeeper up --prepare-only")
    finally:
        store.close()


def found(session: Session, email: str) -> Staff:
    who = staff.by_email(session, email)
    if who is None:
        raise ShopError("no_such_staff")
    return who


def ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return typer.prompt("Password", hide_input=True, confirmation_prompt=True)


def hashed(password: str) -> str:
    try:
        return staff.hash_password(password)
    except ShopError as error:
        fail(SAYINGS[error.code])
        raise
