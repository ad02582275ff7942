"""The dashboard's page, its drill-down and its charts."""

from __future__ import annotations

import pytest

from shop.models import Conversation, InboxMessage, Turn, now

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def test_a_number_leads_to_the_conversations_behind_it(store, factory, sign_in, hire):
    customer = factory.customer(name="Ada Wren")
    with store.write() as session:
        thread = Conversation(channel="web", address="1", customer_id=customer.id)
        session.add(thread)
        session.flush()
        message = InboxMessage(conversation_id=thread.id, client_message_id="1", text="hello")
        session.add(message)
        session.flush()
        session.add(
            Turn(conversation_id=thread.id, customer_id=customer.id, inbox_id=message.id, channel="web", text="hello", intent="greet")
        )
    reader, today = sign_in(hire()), now().date()
    page = reader.get("/dashboard").text
    link = f"/dashboard/conversations?figure=by_bot&amp;value=&amp;from={page.split('&amp;from=')[1][:10]}&amp;to={today}"
    assert link in page
    listed = reader.get(link.replace("&amp;", "&")).text
    assert "Resolved by the bot: 1" in listed
    assert thread.public_id in listed
    assert "Abandoned: 0" in reader.get(link.replace("&amp;", "&").replace("by_bot", "abandoned")).text


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-02-01&to=2026-01-01", "from=2020-01-01&to=2026-01-01", "from=0001-01-01&to=0001-01-02"]
)
def test_a_span_that_cannot_be_is_refused(store, sign_in, hire, query):
    assert sign_in(hire()).get(f"/dashboard?{query}").status_code == 422


def test_a_marketer_sees_figures_but_no_conversations(store, sign_in, hire):
    marketer = sign_in(hire("marketer"))
    assert marketer.get("/dashboard").status_code == 200
    assert marketer.get("/dashboard/conversations").status_code == 403
