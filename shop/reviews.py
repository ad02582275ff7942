"""Reviews by those who bought the product."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import interactions
from shop.commands import once
from shop.errors import ShopError
from shop.models import Order, OrderLine, Review
from shop.text import clean

STARS = range(1, 6)
LONGEST = 2000


def store_review(session: Session, customer_id: int, order_id: int, product_id: int, rating: int, text: str, key: str) -> Review:
    """Stores stars and words about a product of that order, once for each `key`; an earlier review of it by the customer is replaced.

    Who may speak for the order is for the caller to know. The rating is an interaction too, so recommendations learn from it.
    Raises ShopError `not_bought` (the order does not hold the product, or was cancelled), `bad_rating`.
    """
    if rating not in STARS:
        raise ShopError("bad_rating", rating=rating)

    def change() -> dict[str, int]:
        bought = select(OrderLine.id).join(Order, Order.id == OrderLine.order_id)
        bought = bought.where(Order.id == order_id, Order.status != "cancelled", OrderLine.product_id == product_id)
        if session.scalar(bought.limit(1)) is None:
            raise ShopError("not_bought", order_id=order_id, product_id=product_id)
        review = _review_of(session, customer_id, product_id) or Review(customer_id=customer_id, product_id=product_id)
        review.order_id, review.rating, review.text = order_id, rating, clean(text, LONGEST)
        session.add(review)
        event = f"{key}:rating"[:120]
        interactions.record(session, customer_id, "rating", product_id, float(rating), source="chat", event_key=event)
        session.flush()
        return {"review_id": review.id}

    return session.get_one(Review, once(session, key, "review", change, customer_id)["review_id"])


def _review_of(session: Session, customer_id: int, product_id: int) -> Review | None:
    mine = select(Review).where(Review.customer_id == customer_id, Review.product_id == product_id)
    return session.scalars(mine.order_by(Review.id.desc()).limit(1)).one_or_none()
