"""The storefront: what it shows, what it sells, and what it makes of strange input."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from shop import verification
from shop.models import Conversation, Order, Product
from tests.bot.gateway.test_security import ADDRESS

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_grid_is_searched_and_browsed_by_category(visitor, factory):
    factory.product(title="Linen Cushion", category_path="Home > Soft Furnishings > Cushions")
    factory.product(title="Stoneware Mug", category_path="Kitchen > Mugs & Cups")
    assert "Stoneware Mug" in visitor.http.get("/").text
    search = visitor.http.get("/", params={"q": "linen"}).text
    assert "Linen Cushion" in search
    assert "Stoneware Mug" not in search
    kitchen = visitor.http.get("/c/kitchen/mugs-cups").text
    assert "Stoneware Mug" in kitchen
    assert "Linen Cushion" not in kitchen
    assert visitor.http.get("/c/no-such").status_code == 404
    assert "Nothing" in visitor.http.get("/", params={"q": "zeppelin"}).text


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_long_grid_is_paged_without_leaving_anything_out(visitor, factory):
    titles = {factory.product(title=f"Thing {k:03}", category_path="Things").title for k in range(60)}
    seen, path = set(), "/c/things"
    while path:
        page = visitor.http.get(path).text
        seen |= set(re.findall(r"Thing \d{3}", page))
        more = re.search(r'href="(\?[^"]*after=\d+)"', page)
        path = "/c/things" + more[1].replace("&amp;", "&") if more else None
    assert seen == titles


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_catalogue_full_of_markup_is_shown_as_text(visitor, factory):
    product = factory.product(
        sku='x"/../<b>',
        title=EVIL,
        description=EVIL,
        brand=EVIL,
        colour=EVIL[:60],
        category_path=f"{EVIL} > B",
        image_url="javascript:alert(3)",
    )
    factory.product(group_key=product.group_key, title="Other")
    pages = [visitor.http.get("/").text, visitor.http.get("/", params={"q": EVIL}).text]
    link = re.search(r'href="(/p/[^"]+)"', pages[0])[1]
    answer = visitor.http.get(link)
    assert answer.status_code == 200
    for page in [*pages, answer.text]:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "javascript:" not in page
    drawing = visitor.http.get(re.search(r'src="(/images/[^"]+)"', answer.text)[1])
    assert drawing.status_code == 200
    assert "<script" not in drawing.text


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_drawing_is_cached_by_its_tag_and_can_run_nothing(visitor, factory):
    product = factory.product()
    first = visitor.http.get(f"/images/{product.sku}.svg")
    assert first.headers["content-type"] == "image/svg+xml"
    assert first.text.startswith("<svg")
    assert "sandbox" in first.headers["content-security-policy"]
    again = visitor.http.get(f"/images/{product.sku}.svg", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert visitor.http.get("/images/no-such.svg").status_code == 404


def test_the_carts_json_adds_once_for_a_key_changes_and_removes(visitor, factory):
    product = factory.product(stock=5, price_minor=250)
    wish = {"sku": product.sku, "quantity": 2, "key": "key-12345"}
    assert visitor.http.post("/api/cart/lines", json=wish).json()["total"] == "£5.00"
    assert visitor.http.post("/api/cart/lines", json=wish).json()["count"] == 2
    refused = visitor.http.post("/api/cart/lines", json={**wish, "quantity": 9, "key": "key-67890"})
    assert (refused.status_code, refused.json()["error"]) == (409, "out_of_stock")
    assert visitor.http.patch(f"/api/cart/lines/{product.sku}", json={"quantity": 4}).json()["count"] == 4
    assert visitor.http.delete(f"/api/cart/lines/{product.sku}").json() == {"lines": [], "count": 0, "total": ""}
    assert visitor.http.post("/api/cart/lines", json={**wish, "sku": "gone", "key": "key-00000"}).status_code == 404
    assert visitor.http.patch(f"/api/cart/lines/{product.sku}", json={"quantity": -1}).status_code == 422


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_cart_page_works_without_scripts(visitor, factory):
    product = factory.product(title="Stoneware Mug", stock=5)
    add = {"sku": product.sku, "quantity": "2", "add": "1", "key": "key-12345"}
    assert visitor.http.post("/cart", data=add).headers["location"] == "/cart"
    assert "Stoneware Mug" in visitor.http.get("/cart").text
    assert "enough" in visitor.http.post("/cart", data={"sku": product.sku, "quantity": "9"}).text
    assert visitor.http.post("/cart", data={"sku": product.sku, "quantity": "two"}).status_code == 422
    visitor.http.post("/cart", data={"sku": product.sku, "quantity": "0"})
    assert "nothing in it" in visitor.http.get("/cart").text


def test_a_checkout_sent_twice_is_one_order(visitor, factory, store):
    product = factory.product(stock=5)
    visitor.http.post("/api/cart/lines", json={"sku": product.sku, "quantity": 2, "key": "key-12345"})
    fields = {**ADDRESS, "key": "one-checkout", "delivery": "express"}
    places = {visitor.http.post("/checkout", data=fields).headers["location"] for _ in range(3)}
    assert len(places) == 1
    with store.read() as session:
        order = session.scalars(select(Order)).one()
        assert session.get_one(Product, product.id).stock == 3
    page = visitor.http.get(places.pop()).text
    assert order.number in page
    assert "Whitby" in page
    assert visitor.http.get("/api/cart").json()["count"] == 0


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_checkout_with_a_gap_says_which_and_keeps_what_was_written(visitor, factory, store):
    product = factory.product()
    visitor.http.post("/api/cart/lines", json={"sku": product.sku, "key": "key-12345"})
    for wrong in ({"postcode": ""}, {"email": "not-an-address"}, {"delivery": "by-owl"}):
        answer = visitor.http.post("/checkout", data={**ADDRESS, "key": "one-checkout", **wrong})
        assert answer.status_code == 409
        assert 'role="alert"' in answer.text
        assert "1 Quay Street" in answer.text
    with store.read() as session:
        assert session.scalars(select(Order)).all() == []
    assert visitor.http.get("/api/cart").json()["count"] == 1


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_checkout_of_an_empty_cart_orders_nothing(visitor):
    assert "empty" in visitor.http.post("/checkout", data={**ADDRESS, "key": "one-checkout"}).text


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_widget_loads_on_other_sites(visitor):
    answer = visitor.http.get("/widget.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(answer.content) < 10_000


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_an_invoice_is_for_the_owner_and_for_a_chat_that_proved_to_know_the_order(visitor, new_visitor, rasa, store, factory):
    mug = factory.product(title="Stoneware Mug", price_minor=1250, stock=5)
    address = {"name": "Ada Wren", "line1": "3 Mill Lane", "city": "Leeds", "postcode": "LS1 4AP"}
    order = factory.order(factory.customer(), [(mug, 2)], address=address)
    page = f"/orders/{order.number}/invoice"
    assert visitor.http.get(page).status_code == 404
    visitor.send("hello")
    visitor.wait_for(1)
    with store.write() as session:
        thread = session.scalars(select(Conversation)).one()
        verification.grant(session, thread.public_id, session.get(Order, order.id), "m-1")
    shown = visitor.http.get(page)
    assert shown.status_code == 200
    for text in ("Invoice", order.number, "Stoneware Mug", "£12.50", "£25.00", "Ada Wren", "Harbour &amp; Hearth"):
        assert text in shown.text
    with new_visitor() as stranger:
        assert stranger.http.get(page).status_code == 404
    with store.write() as session:
        session.get(Order, order.id).status = "cancelled"
    assert visitor.http.get(page).status_code == 404
