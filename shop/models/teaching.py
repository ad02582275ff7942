"""What colleagues teach the bot, and the filters they keep."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import NEVER_REUSED, Base, Id, Json, Moment, now


class SavedFilter(Base):
    """A filter of conversations under a name, of one colleague."""

    __tablename__ = "saved_filters"
    __table_args__ = (UniqueConstraint("staff_id", "name"), NEVER_REUSED)

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(String(2000))


class Lesson(Base):
    """A message worth a look. `state`: open, accepted (the bot read it rightly), corrected, ignored. Erased with its turn.

    `reasons`: low_confidence, fallback, out_of_scope, repeated, rephrased, person, thumbs_down.
    """

    __tablename__ = "lessons"
    __table_args__ = (Index(None, "state", "id"), NEVER_REUSED)

    id: Mapped[Id]
    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), unique=True)
    reasons: Mapped[list[str]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(10), default="open")
    intent: Mapped[str] = mapped_column(String(80), default="")  # what it means, once decided
    entities: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)  # float16 embedding of the text
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"), index=True)
    decided_at: Mapped[Moment | None]
    exported_at: Mapped[Moment | None]


class Story(Base):
    """A conversation that is to become a test of the bot."""

    __tablename__ = "stories"

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"), index=True)
    at: Mapped[Moment] = mapped_column(default=now)
    exported_at: Mapped[Moment | None]
