"""Conversations as tables, for a spreadsheet or another program: one row a conversation or one row a message, a piece at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import ratings
from shop.models import Conversation, Customer, OutboxMessage, Survey, Turn
from shop.paging import Marker
from shop.transcripts import matching
from shop.transcripts_language import parse

CHUNK = 200  # conversations read at a time
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
FORMATS = {"csv": "text/csv; charset=utf-8", "json": "application/json", "parquet": "application/vnd.apache.parquet"}
MOMENT, TEXT, WHOLE, REAL = "moment", "text", "whole number", "number"
COLUMNS = {
    "conversations": {
        "conversation": TEXT, "channel": TEXT, "state": TEXT, "customer": TEXT, "started": MOMENT, "last_message": MOMENT,
        "messages": WHOLE, "customer_messages": WHOLE, "fallbacks": WHOLE, "lowest_confidence": REAL, "lowest_sentiment": REAL,
        "intents": TEXT, "csat": REAL,
    },
    "messages": {
        "conversation": TEXT, "message": WHOLE, "at": MOMENT, "channel": TEXT, "customer": TEXT, "author": TEXT, "text": TEXT,
        "intent": TEXT, "confidence": REAL, "sentiment": REAL, "entities": TEXT, "actions": TEXT, "products": TEXT,
        "milliseconds": REAL, "error": TEXT, "thumb": TEXT,
    },
}  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """What customers thought: message id -> thumb up or down; conversation id -> their last survey's score in percent of its scale."""

    thumbs: dict[int, bool]
    csat: dict[int, float]


def chunk(session: Session, query: str, kind: str, at: Marker | None) -> tuple[list[Row], Marker | None]:
    """The rows of the next conversations that pass the filter, and where to go on; None at the end. Raises BadFilter."""
    page = matching(session, parse(query), at, CHUNK)
    ids = [row.id for row in page]
    threads = {row.Conversation.id: row for row in session.execute(
        select(Conversation, Customer.public_id).join(Customer, Customer.id == Conversation.customer_id).where(Conversation.id.in_(ids))
    )}  # fmt: skip
    said: dict[int, list[OutboxMessage]] = {id_: [] for id_ in threads}
    for message in session.scalars(select(OutboxMessage).where(OutboxMessage.conversation_id.in_(ids)).order_by(OutboxMessage.id)):
        said[message.conversation_id].append(message)
    turns = {turn.inbox_id: turn for turn in session.scalars(select(Turn).where(Turn.conversation_id.in_(ids)))}
    told = _told(session, ids, [message.id for messages in said.values() for message in messages] if kind == "messages" else [])
    make = _conversation_rows if kind == "conversations" else _message_rows
    rows = [row for id_ in ids if id_ in threads for row in make(threads[id_].Conversation, threads[id_].public_id, said[id_], turns, told)]
    return rows, page.paging.next if page.paging.has_next else None


def _told(session: Session, conversation_ids: list[int], message_ids: list[int]) -> Told:
    answered = select(Survey).where(Survey.conversation_id.in_(conversation_ids), Survey.score.is_not(None)).order_by(Survey.id)
    csat = {survey.conversation_id: 100 * survey.score / survey.scale for survey in session.scalars(answered) if survey.score}
    thumbs: dict[int, bool] = {}
    for start in range(0, len(message_ids), 10_000):  # a statement takes 32,766 values
        thumbs |= ratings.of(session, message_ids[start : start + 10_000])
    return Told(thumbs, csat)


def encoder(kind: str, form: str) -> Callable[[list[Row], bool], bytes]:
    """A function that is given the rows in pieces, and with the last piece True, and returns the file in pieces."""
    return {"csv": _csv, "json": _json, "parquet": _parquet}[form](COLUMNS[kind])


def safe_cell(value: Any) -> Any:
    """What a spreadsheet would run as a formula is text for it too: an apostrophe before = + - @ (their full-width forms, too), tab and
    line ends; also behind blanks, which some strip."""
    return "'" + value if isinstance(value, str) and (value.startswith(("\t", "\r", "\n")) or value.lstrip().startswith(FORMULA)) else value


def _csv(columns: dict[str, str]) -> Callable[[list[Row], bool], bytes]:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)

    def encode(rows: list[Row], _last: bool) -> bytes:
        writer.writerows([safe_cell(value.isoformat() if isinstance(value, datetime) else value) for value in row.values()] for row in rows)
        piece = out.getvalue().encode()
        out.seek(0)
        out.truncate()
        return piece

    return encode


def _json(_columns: dict[str, str]) -> Callable[[list[Row], bool], bytes]:
    between = "["

    def encode(rows: list[Row], last: bool) -> bytes:
        nonlocal between
        piece = ""
        for row in rows:
            piece += between + "\n" + json.dumps(row, ensure_ascii=False, default=lambda moment: moment.isoformat())
            between = ","
        return (piece + (("[" if between == "[" else "") + "\n]\n" if last else "")).encode()

    return encode


def _parquet(columns: dict[str, str]) -> Callable[[list[Row], bool], bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {MOMENT: pa.timestamp("us", tz="UTC"), TEXT: pa.string(), WHOLE: pa.int64(), REAL: pa.float64()}
    out, schema = _Drain(), pa.schema({name: kinds[kind] for name, kind in columns.items()})
    writer = pq.ParquetWriter(pa.PythonFile(out, mode="w"), schema)

    def encode(rows: list[Row], last: bool) -> bytes:
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema))
        if last:
            writer.close()
        return out.drained()

    return encode


class _Drain(io.RawIOBase):
    """A file that is written forwards only, and whose content is taken away as it comes."""

    def __init__(self) -> None:
        self._content, self._position = bytearray(), 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        self._content += data
        self._position += len(data)
        return len(data)

    def drained(self) -> bytes:
        piece = bytes(self._content)
        self._content.clear()
        return piece


def _conversation_rows(
    thread: Conversation, customer: str, said: list[OutboxMessage], turns: dict[int | None, Turn], told: Told
) -> Iterator[Row]:
    mine = [turns[message.inbox_id] for message in said if message.author == "customer" and message.inbox_id in turns]
    moods = [turn.sentiment for turn in mine if turn.sentiment is not None]
    yield {
        "conversation": thread.public_id, "channel": thread.channel, "state": thread.state, "customer": customer,
        "started": thread.created_at, "last_message": thread.last_message_at, "messages": len(said), "customer_messages": len(mine),
        "fallbacks": sum(turn.intent == "nlu_fallback" or "action_fallback" in turn.actions for turn in mine),
        "lowest_confidence": min((turn.confidence for turn in mine), default=None), "lowest_sentiment": min(moods, default=None),
        "intents": ", ".join(dict.fromkeys(turn.intent for turn in mine)), "csat": told.csat.get(thread.id),
    }  # fmt: skip


def _message_rows(
    thread: Conversation, customer: str, said: list[OutboxMessage], turns: dict[int | None, Turn], told: Told
) -> Iterator[Row]:
    for message in said:
        turn = turns.get(message.inbox_id) if message.author == "customer" else None
        products = [card.get("sku", "") for card in message.payload.get("products", [])]
        yield {
            "conversation": thread.public_id, "message": message.id, "at": message.at, "channel": thread.channel, "customer": customer,
            "author": message.author, "text": message.payload.get("text", ""), "intent": turn.intent if turn else None,
            "confidence": turn.confidence if turn else None, "sentiment": turn.sentiment if turn else None,
            "entities": ", ".join(f"{one['entity']}={one['value']}" for one in turn.entities) if turn else None,
            "actions": ", ".join(turn.actions) if turn else None, "products": ", ".join(products),
            "milliseconds": turn.timings.get("total") if turn else None, "error": turn.error if turn else None,
            "thumb": {True: "up", False: "down"}.get(told.thumbs.get(message.id)),
        }  # fmt: skip
