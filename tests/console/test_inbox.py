"""The queue, the chat, and what colleagues do in it."""

from __future__ import annotations

import uuid

import httpx
import pytest
from sqlalchemy import func, select

from shop import audit, canned, conversations, desk, outbox, queue
from shop.models import Claim, Conversation, Filing, Note, Order, OutboxMessage, Place, ReturnRequest, Tag, now
from tests.console.conftest import Colleague

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def chat(store, factory) -> Conversation:
    customer = factory.customer(name="Emma Hughes")
    with store.write() as session:
        thread = conversations.open_conversation(session, "web", "1", customer.id)
        outbox.append(session, thread.id, [{"text": "where is my parcel?"}], "customer")
        return thread


def key() -> str:
    return uuid.uuid4().hex


def texts(store, chat, author: str = "agent") -> list[str]:
    with store.read() as session:
        return [m.payload.get("text", "") for m in conversations.history(session, chat.id) if m.author == author]


def taken(sign_in, hire, chat, role: str = "agent") -> Colleague:
    colleague = sign_in(hire(role))
    assert colleague.post(f"/inbox/{chat.public_id}/take").status_code == 200
    return colleague


def test_an_agent_takes_writes_and_resolves_and_everything_is_in_the_log(store, sign_in, hire, chat):
    ann = taken(sign_in, hire, chat)
    at = f"/inbox/{chat.public_id}"
    assert ann.post(f"{at}/say", text="Hello {customer}, this is {agent}", key=key()).status_code == 200
    assert ann.post(f"{at}/resolve").status_code == 200
    assert texts(store, chat) == [f"Hello Emma, this is {ann.who.name}"]
    with store.read() as session:
        assert [row.AuditEntry.action for row in audit.entries(session)] == ["chat.resolve", "chat.say", "chat.take"]
        assert session.get_one(Conversation, chat.id).state == "resolved"
        said = [m.payload for m in conversations.history(session, chat.id) if m.author == "system"]
        assert said[-1]["survey"]["scale"] == 5


def test_a_message_that_the_browser_sends_twice_arrives_once(store, sign_in, hire, chat):
    ann, same = taken(sign_in, hire, chat), key()
    for _ in range(3):
        assert ann.post(f"/inbox/{chat.public_id}/say", text="once", key=same).status_code == 200
    assert texts(store, chat) == ["once"]
    assert ann.post(f"/inbox/{chat.public_id}/say", text="no key").status_code == 422
    assert ann.post(f"/inbox/{chat.public_id}/say", text="", key=key()).status_code == 422


def test_the_second_agent_is_told_who_has_the_chat_and_cannot_write_in_it(store, sign_in, hire, chat):
    ann = taken(sign_in, hire, chat)
    ben = sign_in(hire())
    refused = ben.post(f"/inbox/{chat.public_id}/take")
    assert (refused.status_code, ann.who.name in refused.text) == (409, True)
    assert ben.post(f"/inbox/{chat.public_id}/say", text="hi", key=key()).status_code == 403
    assert texts(store, chat) == []


def test_a_transfer_changes_who_may_write(store, sign_in, hire, chat):
    ann, ben = taken(sign_in, hire, chat), sign_in(hire(team="returns"))
    at = f"/inbox/{chat.public_id}"
    assert ann.post(f"{at}/transfer", to="").status_code == 422
    assert ann.post(f"{at}/transfer", to=str(ben.who.id)).status_code == 200
    assert ann.post(f"{at}/say", text="still me", key=key()).status_code == 403
    assert ben.post(f"{at}/say", text="now me", key=key()).status_code == 200
    assert ben.post(f"{at}/transfer", to="team:returns").status_code == 200
    page = ann.get("/inbox?view=waiting").text
    assert "Emma Hughes" in page
    assert "returns" in page


def test_handing_back_tells_the_bot_what_the_agent_wrote_and_refuses_what_it_cannot_read(store, sign_in, hire, chat):
    ann = taken(sign_in, hire, chat)
    at = f"/inbox/{chat.public_id}/hand-back"
    assert ann.post(at, slots="not a slot").status_code == 422
    unknown = ann.post(at, slots="shoe_size = 9")
    assert (unknown.status_code, "nothing called shoe_size" in unknown.text) == (422, True)
    with store.read() as session:
        assert session.get(Claim, chat.id) is not None, "nothing was changed"
    assert ann.post(at, slots="order_number = SK-1\nname: Ada").status_code == 200
    with store.read() as session:
        assert session.get_one(Filing, chat.id).slots == {"order_number": "SK-1", "name": "Ada"}


def test_marks_tags_notes_and_assignments_are_kept_and_shown(store, sign_in, hire, chat):
    ann, ben = sign_in(hire(name="Ann Lee")), sign_in(hire(name="Ben Moss"))
    at = f"/inbox/{chat.public_id}"
    for what, fields in [
        ("flag", {}), ("save", {}), ("review", {}), ("tag", {"tag": "Late  Parcel"}), ("assign", {"to": str(ben.who.id)}),
        ("note", {"text": "look, @ben and @nobody"}),
    ]:  # fmt: skip
        assert ann.post(f"{at}/{what}", **fields).status_code == 200, what
    with store.read() as session:
        filing = session.get_one(Filing, chat.id)
        assert (filing.flagged, filing.assignee_id, filing.reviewed_by) == (True, ben.who.id, ann.who.id)
        assert session.scalars(select(Tag.tag)).one() == "late parcel"
        assert session.scalars(select(Note.mentions)).one() == [ben.who.id]
        assert [row.saved for row in queue.rows(session, "saved", ann.who.id)] == [True]
        assert queue.rows(session, "saved", ben.who.id) == []
        assert [row.id for row in queue.rows(session, "for_me", ben.who.id)] == [chat.id]
        assert [row.id for row in queue.rows(session, "flagged", ben.who.id)] == [chat.id]
        assert (queue.counts(session, ben.who.id)["for_me"], queue.counts(session, ann.who.id)["for_me"]) == (1, 0)
        last = session.scalar(select(func.max(OutboxMessage.id)))
    ben.post(f"{at}/here", read=str(last))
    with store.read() as session:
        assert queue.counts(session, ben.who.id)["for_me"] == 0, "what one has seen calls no more"
    page = ben.get(at).text
    assert all(words in page for words in ("late parcel", "look, @ben and @nobody", "flagged it", "assigned it: Ben Moss"))
    assert ann.post(f"{at}/tag", tag="late parcel").status_code == 200
    assert ann.post(f"{at}/tag", tag="<b>").status_code == 422
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Tag)) == 0
    texts_shown = [m for m in conversations_of(ben, chat) if "look, @ben" in m]
    assert texts_shown == [], "the customer never sees a note"


def conversations_of(colleague, chat) -> list[str]:
    with httpx.Client(base_url=colleague.url) as stranger:
        return [stranger.get("/api/history").text]


def test_unread_counts_go_down_as_the_colleague_reads_and_never_up_again(store, sign_in, hire, chat):
    ann = taken(sign_in, hire, chat)
    with store.write() as session:
        outbox.append(session, chat.id, [{"text": "hello?"}, {"text": "anybody?"}], "customer")

    def unread() -> int:
        with store.read() as session:
            return queue.counts(session, ann.who.id)["unread"]

    with store.read() as session:
        last = session.scalar(select(func.max(OutboxMessage.id)))
    assert unread() == 3
    ann.post(f"/inbox/{chat.public_id}/here", read=str(last - 1))
    assert unread() == 1
    ann.post(f"/inbox/{chat.public_id}/here", read=str(last))
    ann.post(f"/inbox/{chat.public_id}/here", read="1")
    assert unread() == 0
    with store.read() as session:
        assert session.scalars(select(Place.read_up_to)).one() == last


def test_looking_at_ones_chat_keeps_the_claim_fresh_and_at_somebody_elses_does_not(store, sign_in, hire, chat):
    ann, ben = taken(sign_in, hire, chat), sign_in(hire())
    with store.write() as session:
        session.get_one(Claim, chat.id).expires_at = now()
    ben.post(f"/inbox/{chat.public_id}/here")
    with store.read() as session:
        assert session.get_one(Claim, chat.id).expires_at <= now()
    ann.post(f"/inbox/{chat.public_id}/here")
    with store.read() as session:
        assert session.get_one(Claim, chat.id).expires_at > now()


def test_orders_change_by_the_shops_rules_with_a_reason_and_only_the_customers_own(store, sign_in, hire, chat, factory):
    ann = taken(sign_in, hire, chat)
    with store.read() as session:
        emma = session.get_one(Conversation, chat.id)
    mug = factory.product(price_minor=1200, stock=5)
    customer = type("Who", (), {"id": emma.customer_id, "email": "e@shop.example"})
    fresh = factory.order(customer, [(mug, 2)])
    delivered = factory.order(customer, [(mug, 1)], status="delivered", delivered_at=now())
    foreign = factory.order(factory.customer(), [(mug, 1)])
    at = f"/inbox/{chat.public_id}/orders"
    assert ann.post(f"{at}/{fresh.number}/cancel", key=key()).status_code == 422, "no reason"
    assert ann.post(f"{at}/{fresh.number}/cancel", key=key(), reason="changed her mind").status_code == 200
    assert ann.post(f"{at}/{delivered.number}/cancel", key=key(), reason="too late").status_code == 409
    assert ann.post(f"{at}/{delivered.number}/refund", key=key(), reason="it broke").status_code == 200
    assert ann.post(f"{at}/{foreign.number}/cancel", key=key(), reason="not hers").status_code == 404
    assert ann.post(f"{at}/{delivered.number}/resend", key=key()).status_code == 200
    with store.read() as session:
        states = {order.number: order.status for order in session.scalars(select(Order))}
        assert states == {fresh.number: "cancelled", delivered.number: "refunded", foreign.number: "processing"}
        paid = session.scalars(select(ReturnRequest)).one()
        assert (paid.refund_minor, paid.status, paid.reason) == (1200, "refunded", "it broke")
        assert {row.AuditEntry.action for row in audit.entries(session, action="order.")} == {
            "order.cancel",
            "order.refund",
            "order.resend",
        }
        assert "it broke" not in str([row.AuditEntry.details for row in audit.entries(session)])
    assert any("£12.00" in text for text in texts(store, chat))


def test_a_product_is_found_and_dropped_into_the_chat_as_the_customers_card(store, sign_in, hire, chat, factory):
    ann = taken(sign_in, hire, chat)
    mug = factory.product(title="Blue Mug", sku="MUG-1")
    assert "Blue Mug" in ann.get(f"/inbox/{chat.public_id}/products?q=mug").text
    assert ann.post(f"/inbox/{chat.public_id}/product", sku="none", key=key()).status_code == 404
    assert ann.post(f"/inbox/{chat.public_id}/product", sku=mug.sku, key=key()).status_code == 200
    with store.read() as session:
        card = conversations.history(session, chat.id)[-1].payload["products"][0]
    assert (card["sku"], card["title"], card["price"]) == ("MUG-1", "Blue Mug", "£10.00")


def test_ready_answers_are_written_filled_and_changed_by_their_writer(store, sign_in, hire, chat, factory, site_settings):
    ann, ben = sign_in(hire()), sign_in(hire())
    new = {"shortcut": "/late", "title": "Late", "text": "Sorry {customer}, {order} is late. {nonsense}"}
    assert ann.post("/replies", **new).status_code == 303
    assert ann.post("/replies", **new).status_code == 422
    with store.read() as session:
        reply = canned.everything(session)[0]
        customer_id = session.get_one(Conversation, chat.id).customer_id
        assert canned.filled(session, customer_id, "Ann", site_settings)[0].text == "Sorry Emma, {order} is late. {nonsense}"
    assert ben.post(f"/replies/{reply.id}", shortcut="late", text="mine now").status_code == 403
    assert ann.post(f"/replies/{reply.id}", shortcut="late", text="better").status_code == 303
    assert ann.post(f"/replies/{reply.id}", delete="yes").status_code == 303
    with store.read() as session:
        assert canned.everything(session) == []


def test_the_profile_stands_beside_the_chat_with_where_each_fact_comes_from(store, sign_in, hire, chat, factory):
    from shop.models import Evidence, InboxMessage, Turn

    with store.write() as session:
        thread = session.get_one(Conversation, chat.id)
        inbox = InboxMessage(conversation_id=chat.id, client_message_id="x", text="I hate wool")
        session.add(inbox)
        session.flush()
        turn = Turn(conversation_id=chat.id, customer_id=thread.customer_id, inbox_id=inbox.id, channel="web", text="I hate wool")
        session.add(turn)
        session.flush()
        signals = [{"kind": "aversion", "key": "material:wool", "weight": 1}]
        session.add(Evidence(customer_id=thread.customer_id, turn_id=turn.id, signals=signals))
    page = sign_in(hire()).get(f"/inbox/{chat.public_id}").text
    assert "dislikes" in page
    assert "&ldquo;I hate wool&rdquo;" in page


def test_a_link_shows_the_exact_message_however_old_it_is(store, sign_in, hire, chat):
    with store.write() as session:
        outbox.append(session, chat.id, [{"text": f"message {k}"} for k in range(300)], "customer")
    with store.read() as session:
        tenth = session.scalars(select(OutboxMessage.id).order_by(OutboxMessage.id).offset(10).limit(1)).one()
    ann = sign_in(hire())
    assert f'id="m-{tenth}"' not in ann.get(f"/inbox/{chat.public_id}").text
    page = ann.get(f"/inbox/{chat.public_id}?m={tenth}").text
    assert f'exact" id="m-{tenth}"' in page
    assert ann.get("/inbox/no-such-chat").status_code == 404


def test_every_list_answers(store, sign_in, hire, chat):
    ann = taken(sign_in, hire, chat)
    shown = {view: "Emma Hughes" in ann.get(f"/inbox?view={view}").text for view in [*queue.VIEWS, "nonsense"]}
    assert {view for view, there in shown.items() if there} == {"mine", "open", "all"}


def test_the_longest_waiting_comes_first(store, sign_in, hire, factory):
    customers = [factory.customer() for _ in range(3)]
    with store.write() as session:
        for k, customer in enumerate(customers):
            thread = conversations.open_conversation(session, "web", f"q{k}", customer.id)
            outbox.append(session, thread.id, [{"text": "hi"}], "customer")
            desk.ask_for_person(session, thread.id, "asked")
    with store.read() as session:
        rows = queue.rows(session, "waiting", 0)
    assert [row.customer_id for row in rows] == [customer.id for customer in customers]
    assert all(row.waiting_since and row.reason == "asked" for row in rows)


def test_sound_and_the_number_in_the_title_are_each_persons_own_choice(sign_in, hire, chat):
    ann, ben = sign_in(hire()), sign_in(hire())
    assert ann.post("/account/preferences", sound="on", theme="dark").status_code == 303
    chosen = {who: [mark in who.get("/inbox").text for mark in ('data-sound="yes"', 'data-badge="yes"')] for who in (ann, ben)}
    assert chosen == {ann: [True, False], ben: [False, True]}


def test_an_agent_sees_which_message_has_not_reached_a_customer_whose_channel_is_down(store, sign_in, hire, chat):
    ann = taken(sign_in, hire, chat)
    for text, next_attempt_at in (("waits", now()), ("given up", None)):
        ann.post(f"/inbox/{chat.public_id}/say", text=text, key=key())
        with store.write() as session:
            newest = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(1)).one()
            newest.attempts, newest.next_attempt_at, newest.delivered_at = 3, next_attempt_at, None
    page = ann.get(f"/inbox/{chat.public_id}").text
    assert page.count("not delivered yet") == page.count("could not be delivered") == 1


def test_a_list_longer_than_the_page_leads_to_the_others(store, sign_in, hire, factory, monkeypatch):
    monkeypatch.setattr(queue, "PAGE", 2)
    ann = sign_in(hire("agent"))
    for number in range(3):
        customer = factory.customer(name=f"Customer {number}")
        with store.write() as session:
            thread = conversations.open_conversation(session, "web", str(number), customer.id)
            desk.ask_for_person(session, thread.id, "asked")
        page = ann.get("/inbox?view=waiting").text
        assert ("/console/transcripts?q=state:waiting" in page) == (number > 0)
    assert "Customer 2" not in page
    assert "Customer 2" in ann.get("/transcripts?q=state:waiting").text
