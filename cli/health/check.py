"""What one check of `shopkeeper doctor` found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """`mend` is the command (or the step) that puts it right; empty when all is well."""

    name: str
    state: State
    detail: str
    mend: str = ""


def ok(name: str, detail: str) -> Check:
    return Check(name, "ok", detail)


def warn(name: str, detail: str, mend: str) -> Check:
    return Check(name, "warn", detail, mend)


def fail(name: str, detail: str, mend: str) -> Check:
    return Check(name, "fail", detail, mend)


def guarded(name: str, check: Callable[[], Check | Iterable[Check]]) -> list[Check]:
    """The check's findings. A check that breaks is itself a finding, not the end of the examination."""
    try:
        found = check()
        return [found] if isinstance(found, Check) else list(found)
    except Exception as error:
        told = str(error).splitlines()[0][:200] if str(error) else ""
        return [fail(name, f"could not be checked: {type(error).__name__} {told}".rstrip(), "see var/logs/, then run: make run")]
