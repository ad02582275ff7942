from __future__ import annotations

import pytest
from sqlalchemy import select

from shop import reviews
from shop.errors import ShopError
from shop.models import Interaction, Review


def test_a_review_of_something_bought_is_stored_once_and_counts_as_a_rating(store, factory):
    customer, mug = factory.customer(), factory.product()
    order = factory.order(customer, [(mug, 1)], status="delivered")
    for _ in range(2):
        with store.write() as session:
            reviews.store_review(session, customer.id, order.id, mug.id, 4, "  good\x07 mug ", "m1:review")
    with store.read() as session:
        review = session.scalars(select(Review)).one()
        assert (review.rating, review.text, review.order_id) == (4, "good mug", order.id)
        rating = session.scalars(select(Interaction)).one()
        assert (rating.kind, rating.value, rating.product_id) == ("rating", 4.0, mug.id)


def test_a_second_review_replaces_the_first(store, factory):
    customer, mug = factory.customer(), factory.product()
    order = factory.order(customer, [(mug, 1)], status="delivered")
    with store.write() as session:
        reviews.store_review(session, customer.id, order.id, mug.id, 2, "bad", "m1")
        reviews.store_review(session, customer.id, order.id, mug.id, 5, "better", "m2")
        assert [(r.rating, r.text) for r in session.scalars(select(Review))] == [(5, "better")]


@pytest.mark.parametrize(
    ("status", "rating", "code"), [("cancelled", 5, "not_bought"), ("delivered", 6, "bad_rating"), ("delivered", 0, "bad_rating")]
)
def test_what_was_not_bought_or_not_rated_is_refused(store, factory, status, rating, code):
    customer, mug, jug = factory.customer(), factory.product(), factory.product()
    order = factory.order(customer, [(mug, 1)], status=status)
    with store.write() as session:
        with pytest.raises(ShopError, match=code):
            reviews.store_review(session, customer.id, order.id, mug.id, rating, "", "m1")
        with pytest.raises(ShopError, match="not_bought" if rating == 5 else "bad_rating"):
            reviews.store_review(session, customer.id, order.id, jug.id, rating, "", "m2")
