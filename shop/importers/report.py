"""What an import did with each row: the cleaning report."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LINES_KEPT = 1000  # line numbers listed for each reason; the rest are only counted


@dataclass
class Reason:
    """Why rows were repaired, dropped or flagged: how many, and on which lines of the file (the first 1,000)."""

    count: int = 0
    lines: list[int] = field(default_factory=list)

    def note(self, line: int) -> None:
        self.count += 1
        if len(self.lines) < LINES_KEPT:
            self.lines.append(line)


class CleaningReport:
    """Counts rows. Every row read is kept or dropped, and `read == kept + dropped`; a kept row may be repaired or flagged besides.

    A flag changes nothing: it points at a row that a person may want to look at (an outlier, say).
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.read = 0
        self.written: Counter[str] = Counter()  # rows inserted, changed or removed in the store, by table: "products added"
        self._reasons: dict[str, dict[str, Reason]] = {"repaired": {}, "dropped": {}, "flagged": {}}
        self._dropped: set[int] = set()
        self._repaired: set[int] = set()

    def drop(self, line: int, reason: str) -> None:
        """The row at that line is left out. The first reason counts: a row is dropped once."""
        if line not in self._dropped:
            self._dropped.add(line)
            self._note("dropped", line, reason)

    def repair(self, line: int, reason: str) -> None:
        self._repaired.add(line)
        self._note("repaired", line, reason)

    def flag(self, line: int, reason: str) -> None:
        self._note("flagged", line, reason)

    def _note(self, what: str, line: int, reason: str) -> None:
        self._reasons[what].setdefault(reason, Reason()).note(line)

    def is_dropped(self, line: int) -> bool:
        return line in self._dropped

    @property
    def dropped(self) -> int:
        return len(self._dropped)

    @property
    def kept(self) -> int:
        return self.read - self.dropped

    @property
    def repaired(self) -> int:
        """Rows that were repaired and kept."""
        return len(self._repaired - self._dropped)

    def reasons(self, what: str) -> dict[str, Reason]:
        """Of `repaired`, `dropped` or `flagged`: reason -> count and lines, the most frequent first."""
        return dict(sorted(self._reasons[what].items(), key=lambda pair: (-pair[1].count, pair[0])))

    def as_dict(self) -> dict[str, Any]:
        details = {what: {why: {"count": r.count, "lines": r.lines} for why, r in self.reasons(what).items()} for what in self._reasons}
        counts = {"read": self.read, "kept": self.kept, "repaired": self.repaired, "dropped": self.dropped}
        return {"source": self.source, "rows": counts, "reasons": details, "written": dict(self.written)}

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def __rich__(self):
        from rich.table import Table

        table = Table(
            title=f"{self.source}: {self.read:,} rows read, {self.kept:,} kept, {self.repaired:,} repaired, {self.dropped:,} dropped"
        )
        for column in ("", "reason", "rows", "lines"):
            table.add_column(column, justify="right" if column == "rows" else "left")
        for what in self._reasons:
            for why, reason in self.reasons(what).items():
                lines = ", ".join(map(str, reason.lines[:5])) + (" ..." if reason.count > 5 else "")
                table.add_row(what, why, f"{reason.count:,}", lines)
        return table
