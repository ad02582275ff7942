"""The first administrator is made on the command line, and the demo's has a password nobody else has."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from cli.main import app
from cli.up import console_sign_in
from shop import audit, staff
from shop.demo.colleague import COLLEAGUES, EMAIL, add_demo_colleagues, demo_password, password_file

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    monkeypatch.setattr(staff, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def run(store, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", store.url.render_as_string(hide_password=False))
    return lambda *words, typed="": CliRunner().invoke(app, ["staff", *words], input=typed)


def test_an_account_is_made_changed_and_closed(run, store):
    made = run("add", "Ann@Shop.example", "--name", "Ann", "--role", "admin", typed=PASSWORD + "\n")
    assert made.exit_code == 0, made.output
    assert run("add", "ben@shop.example", "--name", "Ben", typed=PASSWORD + "\n").exit_code == 0
    assert run("role", "ben@shop.example", "supervisor").exit_code == 0
    assert run("password", "ben@shop.example", typed="another long password\n").exit_code == 0
    with store.read() as session:
        assert staff.authenticate(session, "ann@shop.example", PASSWORD).role == "admin"
        assert staff.authenticate(session, "ben@shop.example", "another long password").role == "supervisor"
    assert "ben@shop.example" in run("list").output
    assert run("remove", "ben@shop.example").exit_code == 0
    with store.read() as session:
        assert staff.authenticate(session, "ben@shop.example", "another long password") is None
        assert len(audit.entries(session)) == 5


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (("add", "a@shop.example", "--name", "A"), "short\n", "at least 12"),
        (("add", "no email", "--name", "A"), PASSWORD + "\n", "not an email"),
        (("add", "a@shop.example", "--name", "A", "--role", "king"), PASSWORD + "\n", "supervisor"),
        (("role", "nobody@shop.example", "admin"), "", "Nobody has this email"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(run, store, words, typed, told):
    refused = run(*words, typed=typed)
    assert refused.exit_code == 1
    assert told in refused.output
    with store.read() as session:
        assert staff.everyone(session) == []


def test_the_demos_colleagues_are_made_once_each_with_a_random_password_only_its_owner_can_read(store, settings):
    here = settings.model_copy(update={"database_url": store.url.render_as_string(hide_password=False)})
    assert add_demo_colleagues(settings, store)
    assert not add_demo_colleagues(settings, store)
    password = demo_password(settings, store)
    assert len(password) >= 40
    assert password_file(settings).stat().st_mode & 0o777 == 0o600
    shown = console_sign_in(here)
    assert f"admin      {EMAIL}, password {password}" in shown
    assert {line.split()[0] for line in shown} == set(staff.ROLES)
    assert len({line.split()[-1] for line in shown}) == len(COLLEAGUES), "nobody shares a password"
    with store.write() as session:
        staff.set_password_hash(session, staff.by_email(session, EMAIL).id, staff.hash_password(PASSWORD))
    assert len(console_sign_in(here)) == len(COLLEAGUES) - 1, "a password that was changed is not shown"


def test_where_somebody_can_sign_in_no_demo_account_is_added(store, settings):
    with store.write() as session:
        staff.add(session, "ann@shop.example", "Ann", "admin", staff.hash_password(PASSWORD))
    assert not add_demo_colleagues(settings, store)
    assert not password_file(settings).exists()
