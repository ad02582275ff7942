"""The bot that all conversations are held with."""

from __future__ import annotations

import pytest

from shop.store import Store
from tests.harness.stack import copy_of_template, running


@pytest.fixture(scope="session")
def bot(tmp_path_factory: pytest.TempPathFactory):
    """The bot with a demo shop of its own; the trained models are those of the tests' template."""
    with running(copy_of_template(tmp_path_factory.mktemp("dialogues") / "var"), without={"web"}) as stack:
        store = Store(stack.settings.store_url)
        yield store, stack.settings
        store.close()
