"""Who has a conversation, and that it is only ever one."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from shop import conversations, desk, desk_texts, hours, profiles, staff, surveys, takeover
from shop.errors import ShopError
from shop.models import Claim, Conversation, ConversationEvent, Customer, Evidence, Handover, InboxMessage, Survey, Turn, now
from shop.settings import Settings
from worker.claims import release_stale

LONDON = hours.ZoneInfo("Europe/London")
sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def people(store) -> tuple[int, int]:
    with store.write() as session:
        return tuple(staff.add(session, f"{name}@shop.example", name, "agent", "none").id for name in ("Ann", "Ben"))


@pytest.fixture
def chat(store, factory) -> int:
    with store.write() as session:
        return conversations.open_conversation(session, "web", "1", factory.customer().id).id


def state(store, chat: int) -> str:
    with store.read() as session:
        return session.get_one(Conversation, chat).state


def test_a_chat_goes_to_a_person_and_back_and_each_step_is_written_down(store, chat, people):
    ann, _ = people
    with store.write() as session:
        assert desk.ask_for_person(session, chat, "asked")
        assert not desk.ask_for_person(session, chat, "asked")
        assert desk.take(session, chat, ann)
        assert not desk.take(session, chat, ann)
        desk.replied(session, chat)
        desk.hand_back(session, chat, ann, {"order_number": "SK-1"})
    assert state(store, chat) == "bot"
    with store.read() as session:
        handover = session.scalars(select(Handover)).one()
        assert (handover.reason, handover.outcome, handover.staff_id) == ("asked", "bot", ann)
        assert handover.requested_at <= handover.claimed_at <= handover.first_reply_at <= handover.ended_at
        assert list(session.scalars(select(ConversationEvent.kind).order_by(ConversationEvent.id))) == ["waiting", "claimed", "returned"]
        assert session.scalar(select(Claim.staff_id)) is None
        assert desk.filing(session, chat).slots == {"order_number": "SK-1"}


def test_two_agents_cannot_take_the_same_chat(store, chat, people):
    ann, ben = people
    with store.write() as session:
        desk.take(session, chat, ann)
    with pytest.raises(ShopError) as refused, store.write() as session:
        desk.take(session, chat, ben)
    assert refused.value.fields == {"by": "Ann"}


def test_of_agents_who_race_for_a_chat_exactly_one_gets_it(store, chat, people):
    start, won, lost = threading.Barrier(8), [], []

    def race(who: int) -> None:
        start.wait()
        try:
            with store.write() as session:
                if desk.take(session, chat, who):
                    won.append(who)
        except ShopError:
            lost.append(who)

    threads = [threading.Thread(target=race, args=(people[k % 2],)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        holder = session.scalars(select(Claim.staff_id)).one()
        handover = session.scalars(select(Handover)).one()
    assert won == [holder]
    assert handover.staff_id == holder
    assert set(lost) <= set(people) - {holder}


def test_a_stale_claim_gives_way_and_the_worker_puts_it_back_into_the_queue(store, chat, people, settings):
    ann, ben = people
    long_ago = now() - desk.CLAIM_LASTS - timedelta(minutes=1)
    with store.write() as session:
        desk.take(session, chat, ann, at=long_ago)
    release_stale(store, settings)
    assert state(store, chat) == "waiting"
    with store.write() as session:
        told = conversations.history(session, chat)[-1].payload["text"]
        assert "had to leave" in told
        assert "about 3 minutes" in told, "and how long it may take"
        desk.take(session, chat, ann, at=long_ago)
        assert desk.take(session, chat, ben), "also before the worker came by"
        assert not desk.renew(session, chat, ann)
        assert desk.renew(session, chat, ben)
    release_stale(store, settings)
    assert state(store, chat) == "open"


def test_a_transfer_gives_the_chat_to_a_colleague_or_to_a_teams_queue(store, chat, people):
    ann, ben = people
    with store.write() as session:
        desk.take(session, chat, ann)
        desk.transfer(session, chat, ann, to_staff=ben)
        assert session.get_one(Claim, chat).staff_id == ben
    assert state(store, chat) == "open"
    with store.write() as session:
        desk.transfer(session, chat, ben, to_team="returns")
        assert desk.filing(session, chat).team == "returns"
        assert session.get(Claim, chat) is None
        with pytest.raises(ShopError, match="no_such_staff"):
            desk.transfer(session, chat, ben, to_staff=10**6)
    assert state(store, chat) == "waiting"
    with store.read() as session:
        assert len(list(session.scalars(select(Handover)))) == 1, "one stay with people, however many hands"


def test_the_customer_may_go_on_with_the_bot_only_while_nobody_has_the_chat(store, chat, people):
    with store.write() as session:
        desk.ask_for_person(session, chat, "asked")
        assert desk.withdraw(session, chat)
        assert desk.running(session, chat) is None
        desk.take(session, chat, people[0])
        assert not desk.withdraw(session, chat)
    assert state(store, chat) == "open"


def test_satisfaction_is_asked_after_a_person_answered_stored_and_told_to_the_profile(store, chat, people):
    ann, _ = people
    with store.write() as session:
        desk.take(session, chat, ann)
        assert desk.resolve(session, chat, ann, "How was it?", 5) is None, "nobody wrote anything: there is nothing to ask about"
        desk.take(session, chat, ann)
        desk.replied(session, chat)
        survey = desk.resolve(session, chat, ann, "How was it?", 5)
        assert not surveys.answer(session, chat, survey.id, 6)
        assert not surveys.answer(session, chat + 1, survey.id, 5), "somebody else's"
        assert surveys.answer(session, chat, survey.id, 1)
        assert surveys.answer(session, chat, survey.id, 2, "slow")
    with store.read() as session:
        stored = session.scalars(select(Survey)).one()
        assert (stored.score, stored.comment, stored.staff_id) == (2, "slow", ann)
        assert session.scalars(select(Evidence.signals)).one() == [{"kind": "sentiment", "key": "", "weight": -0.5}]
        mine = session.get_one(Conversation, chat).customer_id
        assert profiles.load(session, mine).sentiment == pytest.approx(-0.5)
        assert profiles.evidence_of(session, mine)[0].text == "survey: 2 of 5, slow"


@sqlite
def test_the_promised_wait_is_the_median_of_the_latest(store, chat, factory, people, settings):
    assert desk_texts.what_happens(desk.Outlook(1), "en_GB").startswith("It usually takes about a minute")
    customer = factory.customer()
    with store.write() as session:
        assert desk.outlook(session, settings).wait_minutes == desk.FIRST_GUESS
        for minutes in (2, 9, 30):
            thread = conversations.open_conversation(session, "web", f"w{minutes}", customer.id)
            asked = now() - timedelta(hours=1)
            desk.ask_for_person(session, thread.id, "asked", at=asked)
            desk.take(session, thread.id, people[0], at=asked + timedelta(minutes=minutes))
        assert desk.outlook(session, settings).wait_minutes == 9


@sqlite
def test_out_of_hours_the_customer_is_told_when_somebody_is_back(store):
    closed = Settings(_env_file=None, desk_hours="mon-fri 09:00-17:00", timezone="Europe/London")
    saturday = datetime(2026, 7, 4, 12, 0, tzinfo=UTC)
    with store.read() as session:
        outlook = desk.outlook(session, closed, saturday)
    assert outlook.opens_at == datetime(2026, 7, 6, 9, 0, tzinfo=LONDON)
    assert "back on Monday at 9:00" in desk_texts.what_happens(outlook, "en_GB")


@pytest.mark.parametrize("text", ["9-5", "mon 9:00", "mon-xyz 09:00-17:00", "mon 17:00-09:00", "mon 25:00-26:00"])
def test_hours_that_cannot_be_read_are_refused_when_the_program_starts(text):
    with pytest.raises(ValueError):
        Settings(_env_file=None, desk_hours=text)


@given(st.integers(0, 365 * 86400).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)))
def test_the_next_opening_is_the_first_open_moment(at):
    spans = hours.parse("fri-mon 10:00-13:30, wed 22:00-24:00")
    opens = hours.next_opening(spans, at, LONDON)
    if opens is None:
        assert hours.is_open(spans, at, LONDON)
        return
    assert opens > at
    assert hours.is_open(spans, opens, LONDON)
    assert not hours.is_open(spans, opens - timedelta(seconds=1), LONDON)
    quarter = timedelta(minutes=15)
    assert not any(hours.is_open(spans, at + k * quarter, LONDON) for k in range((opens - at) // quarter + 1) if at + k * quarter < opens)


def told(store, chat: int, text: str, intent: str, rules: takeover.Rules) -> str:
    with store.write() as session:
        thread = session.get_one(Conversation, chat)
        inbox = InboxMessage(conversation_id=chat, client_message_id=f"{text}{now()}"[:80], text=text)
        session.add(inbox)
        session.flush()
        row = Turn(conversation_id=chat, customer_id=thread.customer_id, inbox_id=inbox.id, channel="web", text=text, intent=intent)
        session.add(row)
        session.flush()
        return takeover.reason(session, rules, chat, thread.customer_id, text, intent)


@sqlite
def test_a_rule_brings_a_person_in_and_says_which(store, chat, factory, settings):
    rules = takeover.rules_of(settings)
    assert told(store, chat, "where is it", "track_order", rules) == ""
    assert told(store, chat, "gnmpf", "nlu_fallback", rules) == ""
    assert told(store, chat, "gnmpf?", "nlu_fallback", rules) == "fallbacks"
    assert told(store, chat, "hello", "greet", rules) == ""
    assert told(store, chat, "once more", "nlu_fallback", rules) == "", "not two in a row"
    assert told(store, chat, "this is awful, disgusting, the worst shop ever", "complain", rules) == "sentiment"
    assert told(store, chat, "you will hear from my Solicitor", "complain", rules) == "words"
    assert told(store, chat, "the lawyerly mug", "search_product", rules) == "", "whole words only"


@sqlite
def test_an_important_customer_in_trouble_gets_a_person_sooner(store, chat, factory, settings):
    rules = takeover.rules_of(settings)
    assert told(store, chat, "I am disappointed", "complain", rules) == ""
    with store.read() as session:
        customer = session.get_one(Customer, session.get_one(Conversation, chat).customer_id)
    factory.order(customer, [(factory.product(price_minor=100_000), 1)])
    assert told(store, chat, "I am disappointed", "complain", rules) == "vip"
    assert told(store, chat, "show me mugs", "search_product", rules) == ""


@sqlite
def test_each_rule_can_be_switched_off(store, chat):
    off = Settings(_env_file=None, takeover_fallbacks=0, takeover_sentiment=0, takeover_vip_minor=0, takeover_words=[])
    rules = takeover.rules_of(off)
    for text in ("gnmpf", "gnmpf", "awful, disgusting, the worst shop ever", "solicitor"):
        assert told(store, chat, text, "nlu_fallback", rules) == ""
