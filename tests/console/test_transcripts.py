"""The list of conversations, the transcript, and exports, as a colleague's browser gets them."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from shop import consent, transcripts_export, transcripts_reading
from shop.models import ConsentEvent, Conversation, Impression, InboxMessage, OutboxMessage, Turn, now
from shop.transcripts_reading import marked
from tests.harness.talk import exchange
from tests.harness.talk import thread as talk_of

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def thread(store, factory) -> str:
    """A conversation of 260 messages, the first of which has everything that a transcript shows."""
    customer, lamp = factory.customer(name="Ada Wren"), factory.product(title="Brass Lamp", sku="LAMP-1")
    with store.write() as session:
        made = Conversation(channel="web", address="1", customer_id=customer.id)
        session.add(made)
        session.flush()
        message = InboxMessage(conversation_id=made.id, client_message_id="1", text=FORMULA + " green lamp")
        session.add(message)
        session.flush()
        turn = Turn(
            conversation_id=made.id, customer_id=customer.id, inbox_id=message.id, channel="web", text=message.text,
            intent="search_product", confidence=0.42,
            intent_ranking=[{"name": "search_product", "confidence": 0.42}, {"name": "refine", "confidence": 0.31}],
            entities=[{"entity": "colour", "value": "green", "start": 14, "end": 19}], slots={"focus": 7}, actions=["action_search"],
            timings={"total": 83.0},
        )  # fmt: skip
        session.add(turn)
        session.flush()
        shown = {"turn_id": turn.id, "product_id": lamp.id, "surface": "chat_search", "propensity": 1.0}
        session.add(
            Impression(**shown, list_id="l", position=1, score=0.625, reason="because of the colour", contributions={"content": 0.5})
        )
        said = {"conversation_id": made.id, "inbox_id": message.id}
        session.add(OutboxMessage(**said, author="customer", payload={"text": message.text}))
        session.flush()
        session.add(
            OutboxMessage(
                **said, turn_id=turn.id, payload={"text": "I found these.", "products": [{"sku": "LAMP-1", "title": "Brass Lamp"}]}
            )
        )
        session.flush()
        for k in range(258):
            session.add(OutboxMessage(conversation_id=made.id, author="agent", payload={"text": f"line {k}"}))
            session.flush()
    return made.public_id


def test_a_transcript_shows_what_was_understood_done_and_shown(thread, sign_in, hire):
    page = sign_in(hire()).get(f"/transcripts/{thread}?message=1").text
    for part in (
        "search_product 42",
        "refine 31",
        "<small>colour</small>",
        "action_search",
        "83 ms",
        "slot focus",
        "0.625",
        "because of the colour",
    ):
        assert part in page, part
    assert "content 0.50" in page
    assert "personalisation: yes" in page


def test_each_message_shows_what_was_allowed_when_it_was_written(store, factory, sign_in, hire):
    customer = factory.customer(name="Ada Wren")
    with store.write() as session:
        chat = talk_of(session, customer)
        exchange(session, chat, "show me lamps", "search_product", at=now() - timedelta(hours=2))
        exchange(session, chat, "write to me", "subscribe", at=now())
        said = {"customer_id": customer.id, "source": "chat"}
        at = now() - timedelta(hours=1)
        session.add_all([ConsentEvent(**said, purpose=purpose, granted=purpose == "marketing", at=at) for purpose in consent.DEFAULTS])
        public_id = chat.public_id
    page = sign_in(hire()).get(f"/transcripts/{public_id}").text
    assert [part.split("<")[0] for part in page.split("allowed: ")[1:]] == ["personalisation", "marketing"]
    assert "marketing: yes" in page


def test_a_long_conversation_comes_in_windows_that_meet(thread, sign_in, hire):
    reader = sign_in(hire())

    def ids(path: str) -> list[int]:
        return [int(part.split('"')[0]) for part in reader.get(path).text.split('id="m')[1:] if part.split('"')[0].isdigit()]

    windows = [ids(f"/transcripts/{thread}")]
    while windows[0][0] > 1:
        windows.insert(0, ids(f"/transcripts/{thread}?before={windows[0][0]}"))
    assert sum(windows, []) == list(range(1, 261))
    assert {len(window) for window in windows[1:]} == {transcripts_reading.WINDOW}
    assert ids(f"/transcripts/{thread}?after={windows[-2][-1]}") == windows[-1]
    assert 130 in ids(f"/transcripts/{thread}?message=130")


@pytest.mark.parametrize("place", ["message=x", "before=99999999999999999999", "message=0", "after=-1", "message=261"])
def test_a_place_that_does_not_exist_is_no_error(thread, sign_in, hire, place):
    assert sign_in(hire()).get(f"/transcripts/{thread}?{place}").status_code == 200


def test_a_filter_finds_and_a_wrong_one_is_explained(thread, sign_in, hire):
    reader = sign_in(hire())
    assert thread in reader.get("/transcripts", params={"q": "intent:search_product confidence<0.5"}).text
    assert thread not in reader.get("/transcripts", params={"q": "intent:greet"}).text
    wrong = reader.get("/transcripts", params={"q": "nosuchfield:x<b>"})
    assert (wrong.status_code, "There is no field" in wrong.text, "<b>&#34;" in wrong.text) == (422, True, False)


def test_a_kept_filter_is_its_owners_alone(thread, sign_in, hire):
    one, other = sign_in(hire()), sign_in(hire())
    assert one.post("/transcripts/filters", name="my lamps", q="lamp").status_code == 303
    assert "my lamps" in one.get("/transcripts").text
    assert "my lamps" not in other.get("/transcripts").text
    assert other.post("/transcripts/filters/remove", name="my lamps").status_code == 303
    assert "my lamps" in one.get("/transcripts").text
    one.post("/transcripts/filters/remove", name="my lamps")
    assert "my lamps" not in one.get("/transcripts").text
    assert one.post("/transcripts/filters", name="bad", q="(").status_code == 422


def test_the_three_formats_hold_the_same_and_no_formula_runs(store, thread, factory, sign_in, hire, monkeypatch):
    monkeypatch.setattr(transcripts_export, "CHUNK", 2)
    with store.write() as session:
        for n in range(4):
            session.add(Conversation(channel="web", address=f"more-{n}", customer_id=factory.customer().id))
    taker = sign_in(hire("supervisor"))
    for kind, count in (("conversations", 5), ("messages", 260)):
        files = {form: taker.get(f"/transcripts-export?rows={kind}&format={form}").content for form in transcripts_export.FORMATS}
        table = list(csv.DictReader(io.StringIO(files["csv"].decode())))
        plain = json.loads(files["json"])
        parquet = pq.read_table(io.BytesIO(files["parquet"])).to_pylist()
        assert len(table) == len(plain) == len(parquet) == count
        assert [row["conversation"] for row in table] == [row["conversation"] for row in plain] == [row["conversation"] for row in parquet]
        assert list(table[0]) == list(plain[0]) == list(parquet[0]) == list(transcripts_export.COLUMNS[kind])
        if kind == "messages":
            said = [[row["text"] for row in rows if FORMULA in row["text"]] for rows in (table, plain, parquet)]
            assert said == [["'" + FORMULA + " green lamp"], [FORMULA + " green lamp"], [FORMULA + " green lamp"]]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", "\uff0b1"])
def test_a_cell_that_could_be_a_formula_becomes_text(store, cell):
    assert transcripts_export.safe_cell(cell) == "'" + cell
    assert transcripts_export.safe_cell(-0.5) == -0.5


def test_an_empty_export_is_still_a_file_of_its_kind(store, sign_in, hire):
    taker = sign_in(hire("developer"))
    assert json.loads(taker.get("/transcripts-export?format=json").content) == []
    assert pq.read_table(io.BytesIO(taker.get("/transcripts-export?format=parquet").content)).num_rows == 0
    assert taker.get("/transcripts-export?format=exe").status_code == 422


def test_entities_are_marked_where_they_stand_and_wrong_places_are_passed_over(store):
    entities = [{"entity": "colour", "start": 2, "end": 7}, {"entity": "x", "start": 4, "end": 6}, {"entity": "y", "start": 5, "end": 99}]
    assert marked("a green mug", entities) == [("a ", ""), ("green", "colour"), (" mug", "")]
    assert marked("", entities) == []
