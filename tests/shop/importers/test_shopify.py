"""Shopify's exports, as its admin writes them."""

from __future__ import annotations

from sqlalchemy import select

from shop.models import ConsentEvent, Customer, Interaction, Order, Product

PRODUCTS = """Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Image Src,Status
linen-shirt,Linen Shirt,"<p>Cool &amp; loose.</p><script>alert(1)</script><p>Two pockets.</p>",Loom,Clothing > Shirts,,"summer, linen",true,Color,White,Size,S,LS-W-S,shopify,5,deny,49.00,https://img.example/shirt.jpg,active
linen-shirt,,,,,,,,,White,,M,'00123,shopify,-2,deny,49.00,,
linen-shirt,,,,,,,,,Blue,,S,,shopify,7,deny,52.00,,
linen-shirt,,,,,,,,,,,,,,,,,https://img.example/shirt2.jpg,
gift-card,Gift Card,,,,,,true,Title,Default Title,,,GIFT,,0,deny,10.00,,draft
"""  # noqa: E501
CUSTOMERS = """Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Address1,Default Address City,Default Address Country Code,Default Address Zip
'6001,Ann,Ash,Ann.Ash@Example.com,yes,1 Quay Street,Bristol,GB,'BS1 1AA
'6002,Bo,Birch,bo@example.com,no,,,,
"""  # noqa: E501
ORDERS = """Name,Email,Financial Status,Fulfillment Status,Fulfilled at,Currency,Shipping,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Name,Shipping Address1,Shipping City,Shipping Zip,Shipping Country,Cancelled at
#1001,ann.ash@example.com,paid,fulfilled,2026-01-03 09:00:00 +0000,GBP,3.95,104.95,2026-01-02 10:30:00 +0100,1,Linen Shirt - White / S,49.00,LS-W-S,Ann Ash,1 Quay Street,Bristol,'BS1 1AA,GB,
#1001,ann.ash@example.com,,,,,,,,1,Linen Shirt - Blue / S,52.00,linen-shirt-blue-s,,,,,,
#1002,bo@example.com,refunded,,,GBP,0.00,49.00,2026-01-04 10:30:00 +0000,1,Linen Shirt - White / S,49.00,LS-W-S,Bo Birch,,,,,
#1003,bo@example.com,voided,,,GBP,0.00,49.00,2026-01-05 10:30:00 +0000,1,Linen Shirt - White / S,49.00,LS-W-S,Bo Birch,,,,,2026-01-05 11:00:00 +0000
"""  # noqa: E501


def products(store) -> dict[str, Product]:
    with store.read() as session:
        return {product.sku: product for product in session.scalars(select(Product))}


def test_variants_share_a_group_and_carry_their_options(bring, store):
    bring(PRODUCTS, "shopify", "products")
    found = products(store)
    shirts = {sku: p for sku, p in found.items() if p.group_key == "linen-shirt"}
    assert {(p.colour, p.size) for p in shirts.values()} == {("white", "S"), ("white", "M"), ("blue", "S")}
    assert shirts["LS-W-S"].title == "Linen Shirt, White, S"
    assert (shirts["LS-W-S"].brand, shirts["LS-W-S"].category_path, shirts["LS-W-S"].price_minor) == ("Loom", "Clothing > Shirts", 4900)


def test_markup_is_taken_out_of_descriptions_and_scripts_with_their_text(bring, store):
    bring(PRODUCTS, "shopify", "products")
    assert products(store)["LS-W-S"].description == "Cool & loose. Two pockets."


def test_apostrophes_missing_skus_negative_and_uncounted_stock(bring, store):
    report = bring(PRODUCTS, "shopify", "products")
    found = products(store)
    assert found["00123"].stock == 0
    assert found["linen-shirt-blue-s"].stock == 7
    assert found["GIFT"].stock > 0
    assert not found["GIFT"].active
    assert {"negative stock set to zero", "no SKU: made from handle and options"} <= set(report.reasons("repaired"))


def test_customers_come_with_address_and_stated_consent(bring, store):
    bring(CUSTOMERS, "shopify", "customers")
    with store.read() as session:
        ann = session.scalars(select(Customer).where(Customer.email == "ann.ash@example.com")).one()
        consents = dict(session.execute(select(ConsentEvent.customer_id, ConsentEvent.granted)).all())
        assert (ann.external_id, ann.name, ann.country) == ("6001", "Ann Ash", "United Kingdom")
        assert ann.address["postcode"] == "BS1 1AA"
        assert sorted(consents.values()) == [False, True]
        assert consents[ann.id]


def test_an_import_does_not_grant_again_what_the_customer_took_back_in_the_shop(bring, store):
    bring(CUSTOMERS, "shopify", "customers")
    with store.write() as session:
        ann = session.scalars(select(Customer).where(Customer.email == "ann.ash@example.com")).one()
        session.add(ConsentEvent(customer_id=ann.id, purpose="marketing", granted=False, source="chat"))
    bring(CUSTOMERS, "shopify", "customers")
    with store.read() as session:
        latest = session.scalars(select(ConsentEvent).where(ConsentEvent.customer_id == ann.id).order_by(ConsentEvent.id.desc())).first()
        assert not latest.granted


def test_an_orders_rows_become_one_order_of_a_known_customer(bring, store):
    for text, kind in ((PRODUCTS, "products"), (CUSTOMERS, "customers"), (ORDERS, "orders")):
        bring(text, "shopify", kind)
    with store.read() as session:
        orders = {order.external_id: order for order in session.scalars(select(Order))}
        first = orders["#1001"]
        assert [(line.quantity, line.unit_price_minor, line.product_id is not None) for line in first.lines] == [
            (1, 4900, True),
            (1, 5200, True),
        ]
        assert (first.subtotal_minor, first.shipping_minor, first.total_minor) == (10100, 395, 10495)
        assert first.placed_at.isoformat() == "2026-01-02T09:30:00+00:00"
        assert session.get(Customer, first.customer_id).external_id == "6001"
        assert {key: order.status for key, order in orders.items()} == {"#1001": "shipped", "#1002": "refunded", "#1003": "cancelled"}
        assert len(session.scalars(select(Interaction)).all()) == 3  # a cancelled order is no purchase


def test_orders_alone_bring_their_buyers_along(bring, store):
    bring(ORDERS, "shopify", "orders")
    with store.read() as session:
        assert set(session.scalars(select(Customer.email))) == {"ann.ash@example.com", "bo@example.com"}
        assert not session.scalars(select(Order).where(Order.customer_id.is_(None))).all()
