"""The main job on real input: another shop's sales export is imported, the recommender is trained on it, and the bot sells from it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from cli.gateway_client import Gateway
from cli.prepare import encoder, recommender, schema, vocabulary_path
from shop.catalogue import write_vocabulary
from shop.importers.online_retail import import_online_retail
from shop.models import Order, OrderLine, Product
from shop.settings import PROJECT, Settings
from shop.store import Store
from tests.harness.stack import running, template

SLICE = PROJECT / "tests" / "data" / "online_retail_slice.csv"
FULL = Path(os.environ.get("SHOPKEEPER_DATA", PROJECT.parent / "shared" / "data")) / "online_retail" / "online_retail.csv.gz"


def test_a_conversation_on_an_imported_slice_ends_in_an_order(tmp_path):
    serve_and_sell(tmp_path / "var", SLICE)


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="the full Online Retail export is not on this machine")
def test_a_conversation_on_the_full_export_ends_in_an_order(tmp_path):
    serve_and_sell(tmp_path / "var", FULL)


def serve_and_sell(var: Path, export: Path) -> None:
    (var / "models").mkdir(parents=True)
    made = template()
    (var / "encoder").symlink_to(made / "encoder")
    (var / "models" / "bot").symlink_to(made / "models" / "bot")
    settings = Settings(var_dir=var, database_url="", demo=False)
    store = Store(settings.store_url)
    schema(settings, store, print)
    import_online_retail(store, export)
    with store.read() as session:
        write_vocabulary(session, vocabulary_path(settings))
    encoder(settings, store, print)
    recommender(settings, store, print)
    with running(var, demo=False) as stack, Gateway(stack.settings, stack.url) as bot:
        sell(bot, store)


def sell(bot: Gateway, store: Store) -> None:
    assert bot.say("hi")["intent"] == "greet"

    found = bot.say("I'm looking for a white hanging heart t-light holder")["products"]
    assert any("white hanging heart t-light holder" in product["title"].lower() for product in found[:2]), titles(found)

    cheaper = bot.say("something similar but under 2 pounds")["products"]
    assert len(cheaper) >= 2
    assert all(pounds(product) < 2 for product in cheaper), titles(cheaper)

    added = bot.say("add the second one")
    assert any("cart" in message for message in added["messages"]), added["messages"]
    assert [line["sku"] for line in cart(added)["lines"]] == [cheaper[1]["sku"]]

    complements = bot.say("what else goes with that")["products"]
    assert complements
    assert cheaper[1]["sku"] not in [product["sku"] for product in complements]

    reply = bot.say("checkout")
    for answer in ("Jo Miller", "jo.miller@example.com", "3 Mill Lane", "Leeds", "LS1 4AP", "yes", "yes"):
        if "SK-" in str(reply["messages"]):
            break
        reply = bot.say(answer)
    number = re.search(r"SK-[0-9A-Z]{4}-[0-9A-Z]{4}", str(reply["messages"]))
    assert number, reply["messages"]
    with store.read() as session:
        order = session.scalar(select(Order).where(Order.number == number.group()))
        bought = session.scalars(
            select(Product.sku).join(OrderLine, OrderLine.product_id == Product.id).where(OrderLine.order_id == order.id)
        )
        assert list(bought) == [cheaper[1]["sku"]]
        assert order.total_minor == order.subtotal_minor + order.shipping_minor


def cart(turn: dict) -> dict:
    return next(message["cart"] for message in turn["messages"] if "cart" in message)


def pounds(product: dict) -> float:
    return float(product["price"].strip("£").replace(",", ""))


def titles(products: list[dict]) -> list[str]:
    return [f"{product['title']} {product['price']}" for product in products]
