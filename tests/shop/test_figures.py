"""The dashboard's numbers, on a week small enough to count by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from shop import figures
from shop.figures import Span
from shop.figures_behind import behind, title_of
from shop.models import Conversation, Handover, Impression, InboxMessage, Staff, Survey, Turn
from tests.harness import talk

WEEK = Span(date(2026, 3, 2), date(2026, 3, 8))
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def week(store, factory):
    """Six conversations: two resolved by the bot, one abandoned, one handed over and resolved, one reopened, one of the week before."""
    customer, lamp = factory.customer(), factory.product(title="Brass Lamp")
    ids = {}
    with store.write() as session:
        agent = Staff(email="grace@example.com", name="Grace Holt", role="agent", password_hash="none")
        session.add(agent)
        session.flush()

        def talk(name, day, *said, channel="web"):
            thread = Conversation(channel=channel, address=name, customer_id=customer.id, created_at=day, last_message_at=day)
            session.add(thread)
            session.flush()
            ids[name] = thread.public_id
            for k, (text, intent) in enumerate(said):
                message = InboxMessage(conversation_id=thread.id, client_message_id=str(k), text=text)
                session.add(message)
                session.flush()
                at = day + timedelta(minutes=k)
                about = {"conversation_id": thread.id, "customer_id": customer.id, "inbox_id": message.id}
                turn = Turn(**about, channel=channel, text=text, intent=intent, at=at)
                session.add(turn)
                session.flush()
            return thread, turn

        def stay(thread, minutes, **more):
            begun = thread.created_at + timedelta(minutes=minutes)
            row = Handover(conversation_id=thread.id, reason="asked", requested_at=begun, staff_id=agent.id, **more)
            session.add(row)
            session.flush()
            return row

        talk("greeted", MONDAY, ("hello", "greet"), ("hm", "nlu_fallback"), ("thanks", "thanks"))
        _, found = talk("found", MONDAY + timedelta(days=1), ("a lamp please", "search_product"))
        session.add(Impression(list_id="l", turn_id=found.id, product_id=lamp.id, surface="chat_search", position=1, score=1, propensity=1))
        talk("lost", MONDAY + timedelta(days=1), ("got any Kayaks", "search_product"), ("blah", "nlu_fallback"), channel="email")
        served, _ = talk("served", MONDAY + timedelta(days=2), ("a person please", "talk_to_person"))
        ended = served.created_at + timedelta(minutes=30)
        row = stay(served, 0, first_reply_at=served.created_at + timedelta(seconds=90), ended_at=ended, outcome="resolved")
        about = {"conversation_id": served.id, "handover_id": row.id, "question": "?", "scale": 5}
        session.add(Survey(**about, score=4, asked_at=ended, answered_at=ended))
        again, _ = talk("again", MONDAY - timedelta(days=5), ("a person", "talk_to_person"))
        stay(again, 0, ended_at=again.created_at + timedelta(hours=1), outcome="resolved")
        more, _ = talk("more", MONDAY + timedelta(days=3), ("still broken", "complain"))
        session.flush()
        stay(more, -60 * 24, ended_at=more.created_at - timedelta(hours=2), outcome="resolved")
        stay(more, 1, first_reply_at=more.created_at + timedelta(seconds=60 + 210))
    return ids


def test_every_figure_is_what_one_counts_by_hand(store, week):
    with store.read() as session:
        found = figures.of(session, WEEK)
    assert (found.conversations, found.messages) == (5, 8)
    assert (found.by_bot, found.handed_over, found.reopened, found.abandoned) == (2, 2, 1, 1)
    assert found.first_response == 150  # of 90 and 210 seconds, and none of the stay that began on Wednesday
    assert found.fallback_rate == 2 / 8
    assert found.csat == pytest.approx(0.8)
    assert found.hours == {"web": [0] * 9 + [6] + [0] * 14, "email": [0] * 9 + [2] + [0] * 14}
    assert list(found.daily.values()) == [1, 2, 1, 1, 0, 0, 0]
    assert found.intents["nlu_fallback"] == 2
    assert found.rates == {
        "first_response": [None, None, 90, 210, None, None, None],
        "resolution": [None, None, 30 * 60, 22 * 3600, None, None, None],
        "fallback_rate": [pytest.approx(1 / 3), pytest.approx(1 / 3), 0, 0, None, None, None],
        "csat": [None, None, pytest.approx(0.8), None, None, None, None],
    }
    assert [row[1:] for row in found.workload] == [("Grace Holt", 3, 2)]
    assert found.asked == [("Brass Lamp", 1)]
    assert found.not_found == [("got any kayaks", 1)]
    assert sorted(found.not_understood) == [("blah", 1), ("hm", 1)]


@pytest.mark.parametrize(
    ("outcome", "names"),
    [
        ("by_bot", {"greeted", "found"}),
        ("handed_over", {"served", "more"}),
        ("reopened", {"more"}),
        ("abandoned", {"lost"}),
        ("", {"greeted", "found", "served", "more", "lost"}),
    ],
)
def test_behind_each_number_stand_its_conversations(store, week, outcome, names):
    with store.read() as session:
        assert {public_id for public_id, _ in figures.outcomes_of(session, WEEK, outcome)} == {week[name] for name in names}


def test_the_span_before_is_as_long_and_ends_where_this_begins():
    assert WEEK.before() == Span(date(2026, 2, 23), date(2026, 3, 1))


def test_days_and_hours_are_those_of_the_shop_also_when_its_clocks_change(store, factory):
    """London's clocks go forward on 29 March 2026 at 01:00 UTC."""
    span = Span(date(2026, 3, 28), date(2026, 3, 30), ZoneInfo("Europe/London"))
    assert (span.begin, span.end) == (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, 23, tzinfo=UTC))
    customer = factory.customer()
    moments = [(28, 23), (29, 0), (29, 12), (29, 23), (30, 23)]  # UTC; the last one is the next day there
    with store.write() as session:
        for day, hour in moments:
            chat = talk.thread(session, customer, f"{day} {hour}")
            talk.exchange(session, chat, "hello", "greet", at=datetime(2026, 3, day, hour, 30, tzinfo=UTC))
    with store.read() as session:
        found = figures.of(session, span)
        assert list(found.daily.values()) == [1, 2, 1]
        assert {hour: count for hour, count in enumerate(found.hours["web"]) if count} == {0: 2, 13: 1, 23: 1}
        assert [behind(session, span, "hour", f"{hour} web")[1] for hour in (0, 12, 13, 23)] == [2, 0, 1, 1]
        assert found.rates["fallback_rate"] == [0.0, 0.0, 0.0]


def test_nothing_to_count_is_no_number(store):
    with store.read() as session:
        found = figures.of(session, WEEK)
    assert (found.conversations, found.fallback_rate, found.csat, found.first_response, found.resolution) == (0, None, None, None, None)


def test_the_conversations_behind_every_number_are_as_many_as_it_says(store, week):
    with store.read() as session:
        found = figures.of(session, WEEK)
        wanted = [(name, "", getattr(found, name)) for name in ("conversations", "by_bot", "handed_over", "reopened", "abandoned")]
        wanted += [("intent", name, count) for name, count in found.intents.items()]
        wanted += [("said", said, count) for said, count in found.not_understood]
        wanted += [("asked", title, count) for title, count in found.asked] + [
            ("not_found", said, count) for said, count in found.not_found
        ]
        wanted += [("agent", str(staff_id), count) for staff_id, _, count, _ in found.workload]
        hours = [(f"{hour} {channel}", count) for channel, counts in found.hours.items() for hour, count in enumerate(counts)]
        wanted += [("hour", value, count) for value, count in hours]
        assert sum(count for _, count in hours) == found.messages
        wanted += [("first_response", "", 2), ("resolution", "", 2), ("csat", "", 1), ("fallback_rate", "", 2)]
        assert [(figure, value, behind(session, WEEK, figure, value)[1]) for figure, value, _ in wanted] == wanted
        for figure, value, count in wanted:
            ids, _ = behind(session, WEEK, figure, value)
            assert len(ids) == len(set(ids)) <= count
            assert value in title_of(figure, value)[0] or figure == "agent"
        lost = session.scalar(select(Conversation.id).where(Conversation.public_id == week["lost"]))
        assert behind(session, WEEK, "not_found", "got any kayaks") == ([lost], 1)
        with pytest.raises(KeyError):
            behind(session, WEEK, "nonsense")
