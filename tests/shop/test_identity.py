from __future__ import annotations

from datetime import timedelta

import jwt
import pytest
from sqlalchemy import func, select

from shop import cart, conversations, identity, interactions
from shop.errors import ShopError
from shop.identity import Claims
from shop.models import (
    Base,
    Conversation,
    Customer,
    ErasureRequest,
    Evidence,
    Impression,
    InboxMessage,
    Interaction,
    Turn,
    VisitorSession,
    now,
)

SECRET, AUDIENCE = "s" * 32, "shopkeeper"


def arrive(store) -> tuple[str, VisitorSession]:
    """A browser that comes for the first time."""
    with store.write() as session:
        return identity.new_session(session, identity.guest(session))


def test_only_the_hash_of_a_session_token_is_stored(store):
    token, visitor = arrive(store)
    with store.read() as session:
        assert session.scalar(select(VisitorSession.token_hash)) == identity.token_hash(token) != token
        assert identity.session_of(session, token).id == visitor.id
        assert identity.session_of(session, visitor.token_hash) is None
        assert identity.session_of(session, "") is None


def test_an_expired_session_is_none_and_is_removed(store):
    token, visitor = arrive(store)
    other, _ = arrive(store)
    with store.write() as session:
        identity.prolong(session, visitor.id, days=10)
        later = now() + timedelta(days=11)
        assert identity.session_of(session, token, later) is None
        assert identity.session_of(session, other, later) is not None
        assert identity.remove_expired(session, later) == 1
        assert identity.session_of(session, token) is None


def test_signing_in_makes_the_guest_the_customer_and_the_old_token_worthless(store):
    token, visitor = arrive(store)
    with store.write() as session:
        done = identity.sign_in(session, visitor, Claims("C-1", "ada@shop.example", "Ada"))
    assert (done.customer.id, done.visitor.id) == (visitor.customer_id, visitor.id)
    assert (done.customer.external_id, done.customer.email, done.customer.name) == ("C-1", "ada@shop.example", "Ada")
    with store.read() as session:
        assert identity.session_of(session, token) is None
        assert identity.session_of(session, done.token).signed_in


def test_a_guest_who_signs_in_keeps_everything_and_is_no_more(store, factory):
    known, mug, bowl, cup = factory.customer(), factory.product(stock=200), factory.product(), factory.product(stock=200)
    _, visitor = arrive(store)
    guest_id = visitor.customer_id
    with store.write() as session:
        cart.add(session, known.id, mug.id, 2)
        cart.add(session, known.id, cup.id, 99)
        for product in (mug, bowl, cup):
            cart.add(session, guest_id, product.id, 1)
        thread = conversations.open_conversation(session, "web", str(visitor.id), guest_id)
        inbox = InboxMessage(conversation_id=thread.id, client_message_id="1", text="hello")
        session.add(inbox)
        session.flush()
        turn = Turn(conversation_id=thread.id, customer_id=guest_id, inbox_id=inbox.id, channel="web", text="hello")
        session.add(turn)
        session.flush()
        session.add(Evidence(customer_id=guest_id, turn_id=turn.id, signals=[]))
        session.add(Impression(list_id="l", customer_id=guest_id, product_id=mug.id, surface="chat", position=1, score=1, propensity=1))
        interactions.record(session, guest_id, "view", mug.id)
    order = factory.order(known, [])
    with store.write() as session:
        session.merge(order).customer_id = guest_id
    with store.write() as session:
        done = identity.sign_in(session, visitor, Claims(known.external_id))
    assert done.customer.id == known.id
    with store.read() as session:
        content = cart.view(session, known.id)
        assert {line.product_id: line.quantity for line in content.lines} == {mug.id: 3, bowl.id: 1, cup.id: 99}
        assert session.get(Customer, guest_id) is None
        for table in Base.metadata.tables.values():
            if "customer_id" in table.c:
                owners = set(session.scalars(select(table.c.customer_id)))
                assert owners <= {known.id, None}, table.name
        for table in (Turn, Evidence, Impression, InboxMessage):
            assert session.scalar(select(func.count()).select_from(table)) == 1, table.__tablename__
        assert session.scalar(select(func.count()).select_from(Interaction)) == 6  # one view, five additions
        assert session.scalar(select(Conversation.public_id)) == thread.public_id


def test_a_customer_is_known_by_email_when_the_shop_has_no_id_for_them_yet(store, factory):
    known = factory.customer(external_id=None, email="ada@shop.example")
    _, visitor = arrive(store)
    with store.write() as session:
        done = identity.sign_in(session, visitor, Claims("C-9", "ada@shop.example"))
    assert (done.customer.id, done.customer.external_id) == (known.id, "C-9")


def test_an_email_does_not_open_the_account_of_another_id(store, factory):
    owner = factory.customer(external_id="C-1", email="ada@shop.example")
    _, visitor = arrive(store)
    with store.write() as session:
        done = identity.sign_in(session, visitor, Claims("C-2", "ada@shop.example"))
    assert done.customer.id != owner.id
    assert (done.customer.external_id, done.customer.email) == ("C-2", None)


def test_the_next_guest_in_the_same_browser_inherits_nothing(store, factory):
    known = factory.customer()
    _, visitor = arrive(store)
    with store.write() as session:
        done = identity.sign_in(session, visitor, Claims(known.external_id))
        thread = conversations.open_conversation(session, "web", str(done.visitor.id), known.id)
    with store.write() as session:
        identity.sign_out(session, done.visitor)
    _, later = arrive(store)
    with store.write() as session:
        assert identity.session_of(session, done.token) is None
        assert later.customer_id != known.id
        assert conversations.open_conversation(session, "web", str(later.id), later.customer_id).id != thread.id


def test_signing_in_as_somebody_else_starts_a_session_of_its_own_and_mixes_nothing(store, factory):
    ada, eve, mug = factory.customer(), factory.customer(), factory.product()
    _, visitor = arrive(store)
    with store.write() as session:
        first = identity.sign_in(session, visitor, Claims(ada.external_id))
        cart.add(session, ada.id, mug.id)
    with store.write() as session:
        second = identity.sign_in(session, first.visitor, Claims(eve.external_id))
    assert second.customer.id == eve.id
    assert second.visitor.id != first.visitor.id
    with store.read() as session:
        assert identity.session_of(session, first.token) is None
        assert cart.view(session, eve.id).count == 0
        assert cart.view(session, ada.id).count == 1


def test_signing_in_again_as_the_same_customer_keeps_the_session(store, factory):
    ada = factory.customer()
    _, visitor = arrive(store)
    with store.write() as session:
        first = identity.sign_in(session, visitor, Claims(ada.external_id))
    with store.write() as session:
        second = identity.sign_in(session, first.visitor, Claims(ada.external_id))
    assert (second.visitor.id, second.customer.id) == (first.visitor.id, ada.id)
    assert second.token != first.token


def test_a_guest_who_asked_to_be_forgotten_is_not_merged_into_the_account(store, factory):
    known, mug = factory.customer(), factory.product()
    _, visitor = arrive(store)
    with store.write() as session:
        cart.add(session, visitor.customer_id, mug.id)
        session.add(ErasureRequest(customer_id=visitor.customer_id))
    with store.write() as session:
        done = identity.sign_in(session, visitor, Claims(known.external_id))
    with store.read() as session:
        assert done.customer.id == known.id
        assert cart.view(session, known.id).count == 0
        assert session.scalar(select(ErasureRequest.customer_id)) == visitor.customer_id


def signed(**changes) -> str:
    claims = {"sub": "C-1", "aud": AUDIENCE, "exp": now() + timedelta(minutes=5), "email": "Ada@Shop.Example", "name": "Ada"}
    return jwt.encode({k: v for k, v in (claims | changes).items() if v is not None}, SECRET, algorithm="HS256")


def test_the_host_shops_token_is_read():
    assert identity.read_shop_token(signed(), SECRET, AUDIENCE) == Claims("C-1", "ada@shop.example", "Ada")


@pytest.mark.parametrize(
    "token",
    [
        signed(exp=now() - timedelta(minutes=1)),
        signed(exp=None),
        signed(aud="another"),
        signed(aud=None),
        signed(sub=None),
        signed(sub=""),
        signed(sub="x" * 121),
        signed(email="not an email"),
        signed()[:-3] + "AAA",
        jwt.encode({"sub": "C-1", "aud": AUDIENCE, "exp": 9_999_999_999}, "another secret of 32 characters..", algorithm="HS256"),
        jwt.encode({"sub": "C-1", "aud": AUDIENCE, "exp": 9_999_999_999}, None, algorithm="none"),
        "nonsense",
        "",
    ],
)
def test_a_token_that_the_shop_did_not_sign_for_now_and_for_us_is_refused(token):
    with pytest.raises(ShopError, match="bad_token"):
        identity.read_shop_token(token, SECRET, AUDIENCE)


def test_the_demo_shops_own_token_is_one_that_is_accepted():
    ada = Customer(external_id="C-1", email="ada@shop.example", name="Ada")
    assert identity.read_shop_token(identity.demo_shop_token(ada, SECRET, AUDIENCE), SECRET, AUDIENCE) == Claims(
        "C-1", "ada@shop.example", "Ada"
    )


def test_a_customer_is_found_by_every_name_the_shop_has_for_them(store, factory):
    ada = factory.customer(external_id="17850", email="ada@shop.example")
    with store.read() as session:
        for who in (str(ada.id), ada.public_id, "17850", "ADA@shop.example"):
            assert identity.find(session, who).id == ada.id
        assert identity.find(session, "nobody") is None
        assert identity.find(session, "9" * 30) is None


def test_the_shops_own_customer_number_goes_before_ours(store, factory):
    first = factory.customer()
    second = factory.customer(external_id=str(first.id))
    with store.read() as session:
        assert identity.find(session, str(first.id)).id == second.id
