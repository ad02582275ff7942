"""Finding conversations. What a filter finds is compared with a plain reading of the same filter in Python, on either database."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text

from shop import paging, privacy, transcripts
from shop.models import Conversation, Customer, InboxMessage, OutboxMessage, Turn
from shop.transcripts_language import And, BadFilter, Condition, Message, Not, Or, parse
from shop.transcripts_sql import Way, clause

WORDS = ["mug", "lamp", "broken", "arrived", "where", "order", "parcel", "café", "SK-7Q2M-X9KD", "don't", "rug", "mugs"]
INTENTS, COLOURS = ("greet", "track_order", "nlu_fallback"), ("Green", "dark blue")
ACTIONS = ("utter_greet", "action_search", "action_fallback")
ENTITIES = ("colour", "colour=green", "colour=DARK blue", "quantity=2.5", "quantity")
PARTS = ("mu*", "blue mug", "lamp b")
FIRST_DAY = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def said(store, factory):
    """Forty conversations made by chance (always the same): conversation id -> everything that a filter may ask about."""
    rng, found = random.Random(3), {}
    people = [factory.customer(name=name) for name in ("Ada Wren", "Bo Finch", "Cy Lark")]
    with store.write() as session:
        for n in range(40):
            person, began = rng.choice(people), FIRST_DAY + timedelta(hours=rng.randrange(24 * 8))
            thread = Conversation(
                channel=rng.choice(("web", "email")), address=str(n), customer_id=person.id, state=rng.choice(("bot", "open")),
                created_at=began, last_message_at=began + timedelta(hours=rng.randrange(60)),
            )  # fmt: skip
            session.add(thread)
            session.flush()
            found[thread.id] = {"thread": thread, "name": person.name, "turns": [], "loose": []}
            for _ in range(rng.randrange(5)):
                found[thread.id]["turns"].append(exchange(session, rng, thread))
            if rng.random() < 0.3:
                note = {"text": " ".join(rng.choices(WORDS, k=3))}
                session.add(OutboxMessage(conversation_id=thread.id, author="agent", payload=note))
                found[thread.id]["loose"].append(note)
    return found


def exchange(session, rng, thread) -> dict:
    asked = " ".join(rng.choices(WORDS, k=rng.randrange(1, 5)))
    message = InboxMessage(conversation_id=thread.id, client_message_id=str(rng.random()), text=asked)
    session.add(message)
    session.flush()
    entities = [{"entity": "colour", "value": rng.choice(COLOURS)}] if rng.random() < 0.4 else []
    entities += [{"entity": "quantity", "value": rng.choice((2, 2.5, None, [1]))}] if rng.random() < 0.3 else []
    turn = Turn(
        conversation_id=thread.id, customer_id=thread.customer_id, inbox_id=message.id, channel=thread.channel, text=asked,
        intent=rng.choice(INTENTS), confidence=round(rng.random(), 2), entities=entities, actions=rng.sample(ACTIONS, k=rng.randrange(3)),
        slots={"focus": rng.choice((7, None, {"a": 1})), "order_number": "SK-7Q2M-X9KD"} if rng.random() < 0.5 else {},
        error="action server" if rng.random() < 0.1 else "", sentiment=rng.choice((-0.5, 0.0, 0.5, None)),
    )  # fmt: skip
    session.add(turn)
    session.flush()
    answer = {"text": " ".join(rng.choices(WORDS, k=3))}
    if rng.random() < 0.3:
        answer["products"] = [{"sku": f"B-{rng.randrange(3)}", "title": rng.choice(("Blue Mug", "Garden lamp"))}]
    elif rng.random() < 0.3:
        answer["order"] = {"number": "SK-7Q2M-X9KD"}
    session.add(OutboxMessage(conversation_id=thread.id, inbox_id=message.id, author="customer", payload={"text": asked}))
    session.add(OutboxMessage(conversation_id=thread.id, inbox_id=message.id, turn_id=turn.id, payload=answer))
    return {"turn": turn, "payloads": [{"text": asked}, answer]}


def naive(term, thread: dict, turn: dict | None = None) -> bool:
    """Whether the conversation (or, inside `message(...)`, the turn) fulfils the filter, read as the documentation says."""
    match term:
        case And(terms):
            return all(naive(one, thread, turn) for one in terms)
        case Or(terms):
            return any(naive(one, thread, turn) for one in terms)
        case Not(inner):
            return not naive(inner, thread, turn)
        case Message(inner):
            return any(naive(inner, thread, one) for one in thread["turns"])
    turns, value = [turn] if turn else thread["turns"], term.value
    payloads = [payload for one in turns for payload in one["payloads"]] + ([] if turn else thread["loose"])
    yes = value == "yes"
    match term.field:
        case "text":
            return any(holds(payload.get("text", ""), value) for payload in payloads)
        case "product" | "order":
            return any(holds(part, value) for payload in payloads for part in (payload.get("text", ""), cards(payload)))
        case "intent":
            return any(one["turn"].intent == value for one in turns)
        case "action":
            return any(value in one["turn"].actions for one in turns)
        case "entity" | "slot":
            return any(value.lower() in pairs(one["turn"], term.field) for one in turns)
        case "fallback":
            return any(one["turn"].intent == "nlu_fallback" or "action_fallback" in one["turn"].actions for one in turns) == yes
        case "error":
            return any(one["turn"].error != "" for one in turns) == yes
        case "confidence" | "sentiment":
            return any(compared(getattr(one["turn"], term.field), term.operator, value) for one in turns)
        case "length":
            return compared(len(payloads), term.operator, value)
        case "channel" | "state":
            return getattr(thread["thread"], term.field) == value
        case "customer":
            return thread["name"].lower() == value.lower()
        case "date":
            days = {thread["thread"].created_at.date() + timedelta(days=k) for k in range(4)}
            days = {day.isoformat() for day in days if day <= thread["thread"].last_message_at.date()}
            return any(compared(day, term.operator, value, str) for day in days)


def holds(said: str, wanted: str) -> bool:
    have, want = (re.findall(r"[^\W_]+", words.lower()) for words in (said, wanted))
    places = [have[k : k + len(want)] for k in range(len(have) - len(want) + 1)]
    if wanted.endswith("*"):
        return any(place[:-1] == want[:-1] and place[-1].startswith(want[-1]) for place in places)
    return want in places


def cards(payload: dict) -> str:
    """The words of cards stand one behind the other: a phrase may begin on one and end on the next."""
    shown = [payload.get("order", {}).get("number", "")]
    return " ".join(shown + [f"{card['sku']} {card['title']}" for card in payload.get("products", [])])


def pairs(turn: Turn, kind: str) -> set[str]:
    items = list(turn.slots.items()) if kind == "slot" else [(entity["entity"], entity["value"]) for entity in turn.entities]
    with_value = {f"{name}={value}".lower() for name, value in items if isinstance(value, str | int | float)}
    return with_value | {name for name, _ in items}


def compared(have, operator: str, value: str, kind=float) -> bool:
    if have is None:
        return False
    if operator == ":":
        low, _, high = value.partition("..") if ".." in value else (value, "", value)
        return (not low or have >= kind(low)) and (not high or have <= kind(high))
    want = kind(value)
    return {"<": have < want, "<=": have <= want, ">": have > want, ">=": have >= want}[operator]


numbers = st.sampled_from(("0.2", "0.5", "0.75", "0", "-0.5"))
compares = st.sampled_from(("<", "<=", ">", ">="))
phrases = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join)
days = st.integers(-1, 10).map(lambda n: (FIRST_DAY + timedelta(days=n)).date().isoformat())
of_a_message = st.one_of(
    st.builds(Condition, st.sampled_from(("text", "product", "order")), st.just(":"), phrases | st.sampled_from(PARTS)),
    st.builds(Condition, st.just("intent"), st.just(":"), st.sampled_from(INTENTS)),
    st.builds(Condition, st.just("action"), st.just(":"), st.sampled_from(ACTIONS)),
    st.builds(
        Condition,
        st.just("entity"),
        st.just(":"),
        st.sampled_from(ENTITIES),
    ),
    st.builds(Condition, st.just("slot"), st.just(":"), st.sampled_from(("focus", "focus=7", "order_number=sk-7q2m-x9kd"))),
    st.builds(Condition, st.sampled_from(("fallback", "error")), st.just(":"), st.sampled_from(("yes", "no"))),
    st.builds(Condition, st.sampled_from(("confidence", "sentiment")), compares, numbers),
    st.builds(Condition, st.sampled_from(("confidence", "sentiment")), st.just(":"), st.sampled_from(("-0.5..0.4", "0.3..", "..0.1"))),
)
of_the_whole = st.one_of(
    st.builds(Condition, st.just("channel"), st.just(":"), st.sampled_from(("web", "email", "telegram"))),
    st.builds(Condition, st.just("state"), st.just(":"), st.sampled_from(("bot", "open"))),
    st.builds(Condition, st.just("length"), compares, st.sampled_from(("0", "2", "5"))),
    st.builds(Condition, st.just("customer"), st.just(":"), st.sampled_from(("ada wren", "Bo Finch", "nobody"))),
    st.builds(Condition, st.just("date"), compares, days),
    st.builds(Condition, st.just("date"), st.just(":"), days | st.tuples(days, days).map(sorted).map("..".join)),
)


def combined(leaf):
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
            st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        ),
        max_leaves=5,
    )


filters = combined(of_a_message | of_the_whole | st.builds(Message, combined(of_a_message)))


def found_by(session, term) -> set[int]:
    return {row.id for row in transcripts.matching(session, term, None, 100)}


def test_a_filter_finds_what_a_plain_reading_of_it_finds(store, said):
    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(filters)
    @example(Condition("product", ":", "blue mug"))  # on cards alone
    @example(Condition("product", ":", "lamp b"))  # what was said ends with one, the card behind it begins with the other
    def check(term):
        wanted = {id_ for id_, thread in said.items() if naive(term, thread)}
        with store.read() as session:
            assert found_by(session, term) == wanted
            for near in (True, False):
                rows = select(Conversation.id).where(clause(term, Way(store.dialect, near)))
                assert set(session.scalars(rows)) == wanted

    check()


@given(filters)
def test_a_filter_written_out_reads_as_the_same_filter(term):
    def written(one) -> str:
        match one:
            case And(terms):
                return "(" + " AND ".join(map(written, terms)) + ")"
            case Or(terms):
                return "(" + " OR ".join(map(written, terms)) + ")"
            case Not(inner):
                return f"NOT {written(inner)}"
            case Message(inner):
                return f"message({written(inner)})"
        return f"{one.field}{one.operator}{json.dumps(one.value, ensure_ascii=False)}"

    assert parse(written(term)) == term


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("confidence>high", "not a number"),
        ("date:tomorrow-ish", "not a date"),
        ("colour:green", "no field 'colour'"),
        ("intent>greet", "takes a colon"),
        ("fallback:maybe", "yes or no"),
        ("state:nowhere", "one of bot, waiting, open, resolved"),
        ("(broken", "cannot be read at its end"),
        ('say "hello', "cannot be read at"),
        ("!!!", "no word"),
        ("message(channel:web)", "belongs to the whole conversation"),
        ("x " * 1200, "longer than"),
        ("confidence:..", "no bound"),
    ],
)
def test_a_filter_that_cannot_be_read_is_explained(store, query, told):
    with store.read() as session, pytest.raises(BadFilter, match=re.escape(told)):
        transcripts.find(session, query)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(typed):
    try:
        parse(typed)
    except BadFilter:
        return


def test_pages_hold_every_conversation_once_though_new_ones_arrive(store, said, factory):
    seen, place = [], None
    for k in range(20):
        with store.read() as session:
            page = transcripts.find(session, "", place, limit=7)
        seen += [entry.id for entry in page.entries]
        if not page.paging.has_next:
            break
        place = paging.place(page.paging.bookmark_next, transcripts.ORDER)
        with store.write() as session:
            session.add(Conversation(channel="web", address=f"late-{k}", customer_id=said[seen[0]]["thread"].customer_id))
    order = sorted(said.values(), key=lambda one: (one["thread"].last_message_at, one["thread"].id), reverse=True)
    assert seen == [one["thread"].id for one in order]


def test_what_is_erased_or_changed_is_not_found_any_more(store, said):
    with store.write() as session:
        person = session.scalars(select(Customer).where(Customer.name == "Ada Wren")).one()
        privacy.erase(session, person.id)
        rest = session.scalars(select(OutboxMessage)).all()
        for message in rest[::2]:
            message.payload = {"text": "xylophone"}
        for turn in session.scalars(select(Turn)):
            turn.intent = "play_music"
    with store.read() as session:
        left = {id_ for id_, thread in said.items() if thread["name"] != "Ada Wren"}
        assert found_by(session, parse("xylophone")) == {message.conversation_id for message in rest[::2]} <= left
        assert found_by(session, parse("intent:greet OR intent:track_order")) == set()
    with store.write() as session:
        session.execute(delete(Conversation))
    with store.read() as session:
        for name, token in (("message_words", "xylophone"), ("turn_facts", b"intent=play_music".hex())):
            hits = f" WHERE {name} MATCH '{token}'" if store.dialect == "sqlite" else ""
            assert session.scalar(text(f"SELECT count(*) FROM {name}{hits}")) == 0
