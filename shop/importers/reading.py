"""Opens a CSV file of unknown making: plain or gzip, any encoding, any delimiter. A file that is broken anywhere is refused as a whole."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from charset_normalizer import from_bytes

from shop.importers.report import CleaningReport

BLOCK = 1 << 20
DELIMITERS = ",;\t|"
UNIT_SEPARATOR = "\x1f"  # stands between the columns of a file that has but one
FIELD_LIMIT = 1 << 20  # characters; a longer one means that a quote was never closed
SAMPLE = 1 << 18
# Guesses that rest on structure rather than on letter statistics, which mistake one Western code page for another.
TRUSTED_GUESSES = frozenset(("utf_16", "big5", "gb18030", "gb2312", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949", "cp1251", "koi8_r"))


class FileProblem(ValueError):
    """The file cannot be imported. The message says what was wrong, where, and what to do."""


@dataclass(frozen=True)
class Table:
    """A file that was opened and looked through: its header and how to read it."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]

    def column(self, *names: str) -> int | None:
        """The position of the first of these columns that the file has; case, blanks and underscores do not matter."""
        found = {_plain(name): k for k, name in reversed(list(enumerate(self.header)))}
        return next((found[_plain(name)] for name in names if _plain(name) in found), None)

    def columns(self, wanted: Mapping[str, tuple[str, ...]], required: tuple[str, ...]) -> dict[str, int]:
        """Our name -> position, for the columns that are there. Raises FileProblem, naming what was found, if a required one is not."""
        places = {ours: place for ours, names in wanted.items() if (place := self.column(*names)) is not None}
        missing = [" or ".join(wanted[ours]) for ours in required if ours not in places]
        if missing:
            raise FileProblem(
                f"{self.path.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}. "
                f"It has: {', '.join(self.header[:40])}. Is it the right file, and the right --kind?"
            )
        return places

    def rows(self, report: CleaningReport) -> Iterator[tuple[int, list[str]]]:
        """(line number, fields) for each row, counted in the report; a row with the wrong number of fields is dropped.

        Raises FileProblem where quotes do not balance.
        """
        csv.field_size_limit(FIELD_LIMIT)
        with _binary(self.path) as raw, _text(raw, self.encoding) as text:
            reader = csv.reader(text, delimiter=self.delimiter, strict=True)
            line, width = 1, len(self.header)
            try:
                next(reader)
                line = reader.line_num + 1
                for fields in reader:
                    start, line = line, reader.line_num + 1
                    if not fields or fields == [""]:
                        continue
                    report.read += 1
                    if len(fields) != width:
                        report.drop(start, "wrong number of columns")
                        continue
                    yield start, fields
            except csv.Error as error:
                raise FileProblem(
                    f"{self.path.name}, line {line}: {error}. A quotation mark is probably not closed, or the file is cut off. "
                    "Nothing was imported."
                ) from error


def open_table(path: Path, narrow: bool = False) -> Table:
    """Looks through the whole file once (is it all there, which encoding), then at its first lines (delimiter, header).

    `narrow` allows for a file of one column, whose lines are taken whole unless they are quoted.

    Raises FileProblem for a missing, empty, truncated or binary file, or one that is no table.
    """
    if not path.is_file():
        raise FileProblem(f"there is no file {path}")
    encoding = _encoding(path)
    with _binary(path) as raw, _text(raw, encoding) as text:
        head = text.read(SAMPLE)
    if not head.strip():
        raise FileProblem(f"{path.name} is empty")
    delimiter = _delimiter(head, path, narrow)
    header = next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter))
    return Table(path, encoding, delimiter, tuple(name.strip() for name in header))


def _binary(path: Path) -> BinaryIO:
    with path.open("rb") as start:
        zipped = start.read(2) == b"\x1f\x8b"
    return gzip.open(path) if zipped else path.open("rb")


def _text(raw: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """UTF-8 has been checked by now; a hole in a legacy code page becomes U+FFFD rather than the end of the import."""
    return io.TextIOWrapper(raw, encoding, errors="replace", newline="")


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with _binary(path) as raw:
            while block := raw.read(BLOCK):
                yield block
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileProblem(f"{path.name} is a damaged or cut-off gzip file ({error}). Fetch it again. Nothing was imported.") from error


def _encoding(path: Path) -> str:
    """UTF-8 wherever the whole file is; otherwise what charset-normalizer makes of the neighbourhood of the first byte that is not."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    first, doubtful, seen = b"", b"", 0
    for block in _blocks(path):
        if not seen:
            first = block[:4]
            if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
        seen += len(block)
        if b"\0" in block:
            raise FileProblem(f"{path.name} is not a CSV file: it has zero bytes in it. Is it a spreadsheet? Save it as CSV (UTF-8).")
        if not doubtful:
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                doubtful = block[max(0, error.start - SAMPLE // 2) :][:SAMPLE]
    if not doubtful:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            doubtful = first
        else:
            return "utf-8-sig" if first.startswith(codecs.BOM_UTF8) else "utf-8"
    return _legacy(doubtful)


def _legacy(sample: bytes) -> str:
    """An encoding for bytes that are not UTF-8: the guess of charset-normalizer if it rests on structure, else cp1252."""
    best = from_bytes(sample, cp_exclusion=["utf_8", "utf_7"]).best()
    guess = best.encoding if best else "cp1252"
    return guess if guess in TRUSTED_GUESSES else "cp1252"


def _delimiter(head: str, path: Path, narrow: bool) -> str:
    """The delimiter that splits the first line into the most fields, if the lines after it agree."""

    def score(delimiter: str) -> tuple[int, int]:
        rows = []
        try:
            for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
                rows.append(len(row))
                if len(rows) > 20:
                    break
        except csv.Error:
            return 0, 0
        return (rows[0], sum(n == rows[0] for n in rows[1:])) if rows else (0, 0)

    best = max(DELIMITERS, key=score)
    if score(best)[0] < 2 and narrow:
        return UNIT_SEPARATOR
    if score(best)[0] < 2:
        first = head.strip().splitlines()[0][:60]
        raise FileProblem(
            f"{path.name} is not a CSV file: its first line, {first!r}, has no columns separated by comma, semicolon, tab or |."
        )
    return best


def _plain(name: str) -> str:
    return "".join(name.casefold().replace("_", " ").split())
