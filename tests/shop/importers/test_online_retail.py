"""The Online Retail format: each kind of its dirt, on a slice of an invented shop; and the full export where it is at hand."""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from sqlalchemy import func, select

from shop.importers import import_file
from shop.migrate import migrate
from shop.models import Customer, Interaction, Order, OrderLine, Product
from shop.settings import PROJECT
from shop.store import Store

DATA = Path(os.environ.get("SHOPKEEPER_DATA", PROJECT.parent / "shared" / "data"))
FULL = DATA / "online_retail" / "online_retail.csv.gz"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """The slice in a store of its own: (session, report)."""
    path = PROJECT / "tests" / "data" / "online_retail_slice.csv"
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('slice') / 'shop.db'}")
    migrate(store)
    report = import_file(store, path, "online-retail")
    with store.read() as session:
        yield session, report
    store.close()


def order(session, invoice: str) -> Order | None:
    return session.scalars(select(Order).where(Order.external_id == invoice)).one_or_none()


def line_of(invoice: str) -> int:
    with (PROJECT / "tests" / "data" / "online_retail_slice.csv").open(newline="") as file:
        return next(k for k, row in enumerate(csv.reader(file), start=1) if row[0] == invoice)


def reasons(report, what: str, line: int) -> set[str]:
    return {why for why, reason in report.reasons(what).items() if line in reason.lines}


def test_the_slice_is_what_its_generator_writes(tmp_path):
    kept = PROJECT / "tests" / "data"
    maker = tmp_path / "make_online_retail_slice.py"
    maker.write_text((kept / "make_online_retail_slice.py").read_text())
    subprocess.run([sys.executable, str(maker)], check=True)
    assert (tmp_path / "online_retail_slice.csv").read_bytes() == (kept / "online_retail_slice.csv").read_bytes()


def test_a_title_is_the_most_frequent_shouted_description_in_readable_case(imported):
    session, _ = imported
    titles = session.scalars(select(Product.title)).all()
    assert "White Hanging Heart T-Light Holder" in titles
    assert "Set of 3 Cake Tins" in titles
    assert "Glass Storage Jar 12cm" in titles
    assert not [title for title in titles if "?" in title or title.islower() or "TLIGHT" in title.upper()]


def test_colour_material_size_and_category_come_from_the_title(imported):
    session, _ = imported
    holder = session.scalars(select(Product).where(Product.title == "White Hanging Heart T-Light Holder")).one()
    assert (holder.colour, holder.category_path) == ("white", "Home > Lighting > Candle Holders")
    basket = session.scalars(select(Product).where(Product.title == "Wicker Storage Basket Large")).one()
    assert (basket.material, basket.size, basket.category_path) == ("wicker", "large", "Home > Storage")
    assert not session.scalars(select(Product.sku).where(Product.category_path == "")).all()


def test_the_colours_of_one_article_share_a_group(imported):
    session, _ = imported
    groups = defaultdict(list)
    for product in session.scalars(select(Product)):
        groups[product.group_key].append(product.colour)
    assert sorted(max(groups.values(), key=len)) == ["blue", "cream", "pink", "red", "white"]


def test_the_price_is_what_is_mostly_asked_of_late_not_the_odd_one(imported):
    session, _ = imported
    assert session.scalars(select(Product.price_minor).where(Product.title == "White Spotty Tea Mug")).one() == 195


def test_every_product_is_in_stock_since_the_file_does_not_say(imported):
    session, _ = imported
    assert session.scalar(select(func.min(Product.stock))) > 0


def test_codes_that_differ_by_case_are_one_product(imported):
    session, report = imported
    skus = session.scalars(select(Product.sku)).all()
    assert all(sku == sku.upper() for sku in skus)
    assert report.reasons("repaired")["stock code put in capitals"].count > 5


def test_ids_written_as_decimals_are_whole(imported):
    session, report = imported
    assert not [key for key in session.scalars(select(Customer.external_id)) if not key.isdigit()]
    assert report.reasons("repaired")["customer id written as a decimal"].count > 1000


def test_country_nicknames_become_countries(imported):
    session, _ = imported
    countries = set(session.scalars(select(Customer.country)))
    assert {"Ireland", "South Africa", ""} <= countries
    assert not {"EIRE", "RSA", "Unspecified"} & countries


def test_a_wholly_cancelled_order_keeps_its_lines_and_is_no_purchase(imported):
    session, _ = imported
    found = order(session, "700001")
    assert found.status == "cancelled"
    assert found.cancelled_at > found.placed_at
    assert [line.quantity for line in found.lines] == [6, 6]
    assert not session.scalar(select(func.count(Interaction.id)).where(Interaction.customer_id == found.customer_id))


def test_a_partly_cancelled_line_keeps_the_rest(imported):
    session, _ = imported
    found = order(session, "700003")
    assert found.status == "delivered"
    assert [line.quantity for line in found.lines] == [7]
    assert found.subtotal_minor == 7 * 255
    bought = session.scalars(
        select(Interaction).where(Interaction.customer_id == found.customer_id, Interaction.at == found.placed_at)
    ).all()
    assert 7.0 in [event.value for event in bought]


@pytest.mark.parametrize(
    ("invoice", "reason"),
    [
        ("C700005", "cancellation of a sale that is not in the file"),
        ("700008", "stock adjustment: negative quantity without a cancellation"),
        ("700009", "stock adjustment: negative quantity without a cancellation"),
        ("700010", "no price"),
        ("700011", "the stock code has no usable description"),
        ("700012", "the stock code has no usable description"),
        *(
            (n, "not a product: postage, fee, discount, voucher, sample or test")
            for n in ("700013", "700014", "700015", "700016", "C700017")
        ),
        *(
            (n, "not a product: postage, fee, discount, voucher, sample or test")
            for n in ("700018", "700019", "700020", "700021", "A700023")
        ),
        ("700022", "postage of an invoice without goods"),
        ("700024", "quantity is not a number"),
        ("700025", "date is not a time"),
        ("700026", "price is not an amount"),
    ],
)
def test_dirt_is_dropped_for_its_reason_and_no_order_comes_of_it(imported, invoice, reason):
    session, report = imported
    assert reasons(report, "dropped", line_of(invoice)) == {reason}
    assert order(session, invoice) is None


def test_a_repeated_row_counts_once(imported):
    _, report = imported
    assert report.reasons("dropped")["repeated row"].count >= 3


def test_outliers_are_flagged_by_both_methods_and_kept(imported):
    session, report = imported
    assert any(why.startswith("quantity far") for why in reasons(report, "flagged", line_of("700006")))
    assert {why for why in report.reasons("flagged") if why.startswith("price far")}
    assert not reasons(report, "dropped", line_of("700006"))
    assert order(session, "700006").status == "cancelled"
    assert order(session, "700027").lines[0].unit_price_minor == 19950


def test_lines_without_a_customer_stay_as_anonymous_orders(imported):
    session, report = imported
    anonymous = session.scalars(select(Order).where(Order.customer_id.is_(None))).all()
    assert len(anonymous) > 10
    assert sum(len(found.lines) for found in anonymous) > 50
    assert report.reasons("flagged")["no customer: kept as part of an anonymous order"].count > 50


def test_postage_becomes_shipping_and_totals_add_up(imported):
    session, _ = imported
    orders = session.scalars(select(Order)).all()
    assert {1800} <= {found.shipping_minor for found in orders}
    for found in orders:
        assert found.subtotal_minor == sum(line.quantity * line.unit_price_minor for line in found.lines)
        assert found.total_minor == found.subtotal_minor + found.shipping_minor


def test_purchases_are_what_known_customers_kept_and_wait_for_the_worker(imported):
    session, _ = imported
    lines = session.execute(
        select(Order.external_id, OrderLine.product_id, OrderLine.quantity)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.customer_id.is_not(None), Order.status != "cancelled")
    ).all()
    kept: Counter = Counter()
    for invoice, product, quantity in lines:
        kept[invoice, product] += quantity
    events = session.scalars(select(Interaction)).all()
    assert sorted(event.value for event in events) == sorted(map(float, kept.values()))
    assert {(event.kind, event.source, event.profiled_at) for event in events} == {("purchase", "import", None)}


def test_times_are_the_shops_own_and_stored_in_utc(bring, store):
    bring(HEADER + "1,10001,BLUE MUG,2,2011-07-01 10:00:00,1.25,7.0,EIRE\n", "online-retail")
    with store.read() as session:
        assert session.scalars(select(Order.placed_at)).one().hour == 9  # British summer time


def test_an_order_changed_in_a_later_file_keeps_number_and_line_ids_and_loses_what_was_cancelled(bring, store):
    sale = "1,10001,BLUE MUG,5,2011-07-01 10:00:00,1.25,7.0,EIRE\n1,10002,RED BOWL,2,2011-07-01 10:00:00,2.25,7.0,EIRE\n"
    bring(HEADER + sale, "online-retail")
    with store.read() as session:
        number, lines = session.scalars(select(Order.number)).one(), session.scalars(select(OrderLine.id).order_by(OrderLine.id)).all()
    bring(HEADER + sale + "C2,10001,BLUE MUG,-2,2011-07-02 10:00:00,1.25,7.0,EIRE\n", "online-retail")
    with store.read() as session:
        assert session.scalars(select(Order.number)).one() == number
        assert session.execute(select(OrderLine.id, OrderLine.quantity).order_by(OrderLine.id)).all() == [(lines[0], 3), (lines[1], 2)]
        assert sorted(session.scalars(select(Interaction.value))) == [2.0, 3.0]


def test_what_the_shop_did_since_is_not_undone_by_importing_again(bring, store):
    sale = HEADER + "1,10001,BLUE MUG,5,2011-07-01 10:00:00,1.25,7.0,EIRE\n"
    bring(sale, "online-retail")
    with store.write() as session:
        session.scalars(select(Product)).one().stock = 3
        session.scalars(select(Order)).one().status = "returned"
    assert not bring(sale, "online-retail").written
    with store.read() as session:
        assert session.scalars(select(Product.stock)).one() == 3
        assert session.scalars(select(Order.status)).one() == "returned"


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="the full export is not at hand; set SHOPKEEPER_DATA to the folder that holds it")
def test_the_full_export_is_imported_in_a_minute_and_1500_megabytes(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'shop.db'}")
    migrate(store)
    began = time.monotonic()
    script = "import sys\nfrom pathlib import Path\nfrom shop.importers import import_file\nfrom shop.store import Store\nimport_file(Store(sys.argv[1]), Path(sys.argv[2]), 'online-retail')\n"  # noqa: E501
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    subprocess.run([sys.executable, "-c", script, str(store.url), str(FULL)], cwd=PROJECT, check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert time.monotonic() - began < 60
    assert after.ru_maxrss < 1_500_000  # kilobytes, of the largest child
    with store.read() as session:
        assert session.scalar(select(func.count(Product.id))) > 3500
        assert session.scalar(select(func.count(Order.id))) > 19_000
        assert "White Hanging Heart T-Light Holder" in session.scalars(select(Product.title).where(Product.sku == "85123A")).all()
