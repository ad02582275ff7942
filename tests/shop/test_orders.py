from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from shop import cart, orders
from shop.errors import ShopError
from shop.models import Customer, Interaction, Order, Product

ADDRESS = {
    "name": "Ada Byron",
    "line1": "1 Quay Street",
    "line2": "",
    "city": "Bristol",
    "postcode": "BS1 4DJ",
    "country": "United Kingdom",
}
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def buy(store, customer, lines, key="checkout-1", **more) -> Order:
    with store.write() as session:
        for product, quantity in lines:
            cart.add(session, customer.id, product.id, quantity)
        return orders.checkout(session, customer.id, key, ADDRESS, "Ada@Shop.Example", **more)


def stock_of(store, product) -> int:
    with store.read() as session:
        return session.get(Product, product.id).stock


def test_a_checkout_turns_the_cart_into_an_order(store, factory):
    customer, mug, bowl = factory.customer(), factory.product(price_minor=1250, stock=5), factory.product(price_minor=300)
    order = buy(store, customer, [(mug, 2), (bowl, 1)], at=MONDAY)
    assert (order.status, order.email, order.address) == ("processing", "ada@shop.example", ADDRESS)
    assert (order.subtotal_minor, order.shipping_minor, order.total_minor, order.currency) == (2800, 395, 3195, "GBP")
    assert [(line.title, line.quantity, line.unit_price_minor) for line in order.lines] == [(mug.title, 2, 1250), (bowl.title, 1, 300)]
    assert order.expected_at.date() == datetime(2026, 3, 9).date()  # noqa: DTZ001
    assert stock_of(store, mug) == 3
    with store.read() as session:
        assert cart.view(session, customer.id).count == 0
        bought = session.execute(select(Interaction.product_id, Interaction.value).where(Interaction.kind == "purchase")).all()
        assert sorted(map(tuple, bought)) == [(mug.id, 2.0), (bowl.id, 1.0)]
        assert session.get(Customer, customer.id).address == ADDRESS


def test_the_same_checkout_sent_five_times_is_one_order(store, factory):
    customer, mug = factory.guest(), factory.product(stock=5)
    first = buy(store, customer, [(mug, 2)])
    for _ in range(4):
        with store.write() as session:
            assert orders.checkout(session, customer.id, "checkout-1", ADDRESS, "ada@shop.example").number == first.number
    assert stock_of(store, mug) == 3


def test_twenty_parallel_checkouts_of_the_last_three_sell_exactly_three(store, factory):
    last = factory.product(stock=3)
    customers = [factory.customer() for _ in range(20)]
    for customer in customers:
        with store.write() as session:
            cart.add(session, customer.id, last.id)

    def checkout(customer) -> str:
        try:
            with store.write() as session:
                return orders.checkout(session, customer.id, f"checkout-{customer.id}", ADDRESS, "ada@shop.example").status
        except ShopError as refusal:
            return refusal.code

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(checkout, customers))

    assert sorted(outcomes) == ["out_of_stock"] * 17 + ["processing"] * 3
    assert stock_of(store, last) == 0
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 3
        assert sum(cart.view(session, c.id).count for c in customers) == 17  # the others keep their carts


def test_parallel_checkouts_of_the_same_products_in_opposite_order_do_not_block_each_other(store, factory):
    one, two = factory.product(stock=100), factory.product(stock=100)
    customers = [factory.customer() for _ in range(10)]
    for k, customer in enumerate(customers):
        with store.write() as session:
            for product in (one, two) if k % 2 else (two, one):
                cart.add(session, customer.id, product.id)

    def checkout(customer) -> None:
        with store.write() as session:
            orders.checkout(session, customer.id, f"checkout-{customer.id}", ADDRESS, "ada@shop.example")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(checkout, customers))
    assert (stock_of(store, one), stock_of(store, two)) == (90, 90)


def test_a_checkout_that_fails_on_one_line_takes_nothing_of_the_others(store, factory):
    customer, mug, bowl = factory.guest(), factory.product(stock=5), factory.product(stock=1)
    with store.write() as session:
        cart.add(session, customer.id, mug.id, 2)
        cart.add(session, customer.id, bowl.id, 1)
        session.get(Product, bowl.id).stock = 0
    with pytest.raises(ShopError) as refusal, store.write() as session:
        orders.checkout(session, customer.id, "key", ADDRESS, "ada@shop.example")
    assert (refusal.value.code, refusal.value.fields["title"], refusal.value.fields["available"]) == ("out_of_stock", bowl.title, 0)
    assert stock_of(store, mug) == 5


@pytest.mark.parametrize(
    ("address", "email", "code"),
    [
        ({**ADDRESS, "city": " "}, "ada@shop.example", "bad_address"),
        ({}, "ada@shop.example", "bad_address"),
        (ADDRESS, "ada at shop", "bad_email"),
        (ADDRESS, "", "bad_email"),
    ],
)
def test_an_order_without_a_way_to_send_it_is_refused(store, factory, address, email, code):
    customer, mug = factory.guest(), factory.product()
    with store.write() as session:
        cart.add(session, customer.id, mug.id)
    with pytest.raises(ShopError, match=code), store.write() as session:
        orders.checkout(session, customer.id, "key", address, email)
    with store.read() as session:
        assert cart.view(session, customer.id).count == 1


def test_an_empty_cart_cannot_be_checked_out(store, factory):
    with pytest.raises(ShopError, match="empty_cart"), store.write() as session:
        orders.checkout(session, factory.guest().id, "key", ADDRESS, "ada@shop.example")


def test_a_guests_checkout_does_not_make_the_email_theirs(store, factory):
    customer = factory.guest()
    buy(store, customer, [(factory.product(), 1)])
    with store.read() as session:
        found = session.get(Customer, customer.id)
        assert found.is_guest
        assert found.address == {}


def test_an_order_is_found_however_its_number_is_typed(store, factory):
    order = factory.order(None, [(factory.product(), 1)], number="SK-7Q2M-X1K0")
    imported = factory.order(None, [], number="536365")
    with store.read() as session:
        for typed in ("SK-7Q2M-X1K0", "sk 7q2m x1k0", "sk7q2mx1k0", " SK–7Q2M–XIKO ", "#sk-7q2m-x1k0"):
            assert orders.by_number(session, typed).id == order.id, typed
        assert orders.by_number(session, "#536365").id == imported.id
        assert orders.by_number(session, "SK-7Q2M-X1K9") is None
        assert orders.by_number(session, "") is None
        assert orders.by_number(session, "9" * 5000) is None


def test_orders_are_listed_newest_first(store, factory):
    customer = factory.customer()
    old, new = (factory.order(customer, [], placed_at=MONDAY + timedelta(days=d)) for d in (0, 1))
    factory.order(factory.customer(), [])
    with store.read() as session:
        assert [o.id for o in orders.orders_of(session, customer.id)] == [new.id, old.id]


@pytest.mark.parametrize(
    ("columns", "late", "cancellable", "why_not"),
    [
        ({"status": "processing", "expected_at": MONDAY + timedelta(days=1)}, False, True, "not_delivered"),
        ({"status": "processing", "expected_at": MONDAY - timedelta(days=1)}, True, True, "not_delivered"),
        ({"status": "shipped", "expected_at": MONDAY - timedelta(days=2)}, True, False, "not_delivered"),
        ({"status": "delivered", "expected_at": MONDAY - timedelta(days=9), "delivered_at": MONDAY - timedelta(days=30)}, False, False, ""),
        ({"status": "delivered", "delivered_at": MONDAY - timedelta(days=30, seconds=1)}, False, False, "too_late"),
        ({"status": "cancelled"}, False, False, "cancelled"),
        ({"status": "refunded", "delivered_at": MONDAY}, False, False, "returned"),
    ],
)
def test_a_status_says_what_may_still_be_done(columns, late, cancellable, why_not):
    status = orders.status_of(Order(number="SK-1", **columns), MONDAY)
    assert (status.late, status.cancellable, status.changeable) == (late, cancellable, cancellable)
    assert (status.returnable, status.why_not_returnable) == (not why_not, why_not)
    assert (status.days_late > 0) == late


def test_cancelling_restocks_once_however_often_it_is_asked_for(store, factory):
    customer, mug = factory.customer(), factory.product(stock=5)
    order = buy(store, customer, [(mug, 2)])
    for _ in range(3):
        with store.write() as session:
            assert orders.cancel(session, order.id, "cancel-1").status == "cancelled"
    assert stock_of(store, mug) == 5
    with pytest.raises(ShopError) as refusal, store.write() as session:
        orders.cancel(session, order.id, "cancel-2")
    assert (refusal.value.code, refusal.value.fields["status"]) == ("not_cancellable", "cancelled")
    assert stock_of(store, mug) == 5


def test_of_two_parallel_cancellations_one_restocks(store, factory):
    mug = factory.product(stock=5)
    order = buy(store, factory.customer(), [(mug, 2)])

    def cancel(number: int) -> str:
        try:
            with store.write() as session:
                return orders.cancel(session, order.id, f"cancel-{number}").status
        except ShopError as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(cancel, range(8))) == ["cancelled", *["not_cancellable"] * 7]
    assert stock_of(store, mug) == 5


@pytest.mark.parametrize("status", ["shipped", "delivered", "returned", "refunded", "cancelled"])
def test_an_order_that_left_is_neither_cancelled_nor_changed(store, factory, status):
    order = factory.order(factory.customer(), [(factory.product(), 1)], status=status)
    attempts = {
        "not_cancellable": lambda s: orders.cancel(s, order.id, "a"),
        "not_changeable": lambda s: orders.change_address(s, order.id, ADDRESS, "b"),
    }
    for code, attempt in attempts.items():
        with pytest.raises(ShopError, match=code), store.write() as session:
            attempt(session)
    with pytest.raises(ShopError, match="not_changeable"), store.write() as session:
        orders.change_quantity(session, order.id, order.lines[0].id, 2, "c")


def test_an_address_is_changed_before_the_order_leaves(store, factory):
    order = factory.order(factory.customer(), [(factory.product(), 1)])
    with store.write() as session:
        changed = orders.change_address(session, order.id, {**ADDRESS, "line1": "2 Mill\x00 Lane", "script": "x"}, "key")
    assert changed.address == {**ADDRESS, "line1": "2 Mill Lane"}


def test_changing_a_quantity_moves_stock_totals_and_the_delivery_cost(store, factory):
    mug, bowl = factory.product(price_minor=2000, stock=5), factory.product(price_minor=1500, stock=5)
    order = buy(store, factory.customer(), [(mug, 2), (bowl, 1)])
    assert (order.subtotal_minor, order.shipping_minor) == (5500, 0)
    with store.write() as session:
        fewer = orders.change_quantity(session, order.id, order.lines[0].id, 1, "k1")
    assert (fewer.subtotal_minor, fewer.shipping_minor, fewer.total_minor) == (3500, 395, 3895)
    assert stock_of(store, mug) == 4
    for _ in range(2):
        with store.write() as session:
            gone = orders.change_quantity(session, order.id, order.lines[1].id, 0, "k2")
    assert [line.title for line in gone.lines] == [mug.title]
    assert stock_of(store, bowl) == 5
    with store.write() as session:
        more = orders.change_quantity(session, order.id, order.lines[0].id, 5, "k3")
    assert (more.total_minor, stock_of(store, mug)) == (10000, 0)


@pytest.mark.parametrize(("quantity", "code"), [(9, "out_of_stock"), (0, "last_line"), (100, "too_many"), (-1, "bad_quantity")])
def test_a_quantity_that_cannot_be_is_refused(store, factory, quantity, code):
    mug = factory.product(stock=5)
    order = buy(store, factory.customer(), [(mug, 2)])
    with pytest.raises(ShopError, match=code), store.write() as session:
        orders.change_quantity(session, order.id, order.lines[0].id, quantity, "k")
    assert stock_of(store, mug) == 3


def test_a_line_of_another_order_is_refused(store, factory):
    mine, other = (factory.order(factory.customer(), [(factory.product(), 1)]) for _ in range(2))
    with pytest.raises(ShopError, match="no_such_line"), store.write() as session:
        orders.change_quantity(session, mine.id, other.lines[0].id, 2, "k")
