"""What each user has seen and read. Owned by the gateway: a rebuild of the read model leaves it alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models.base import Base
from shared.db.types import Identifier, UtcDateTime


class SeenMark(Base):
    """The version of a claim, and its newest file, that a user last opened.

    Marks that were set for many claims at once carry an `undo_id`, and in `before_*` what they replaced (no `before_at`:
    there was no mark), so that one statement takes them back.
    """

    __tablename__ = "seen_mark"
    __table_args__ = (
        Index(None, "agency_id", "claim_id"),
        Index(None, "agency_id", "user_id", "at"),
        Index(None, "user_id", "undo_id"),
    )

    agency_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    user_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    claim_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    files_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    at: Mapped[datetime] = mapped_column(UtcDateTime())
    undo_id: Mapped[str | None] = mapped_column(Identifier())
    before_sequence: Mapped[int | None] = mapped_column(BigInteger)
    before_files_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    before_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class AlertRead(Base):
    """One alert that a user has read; `undo_id` names the act that marked it, to take it back."""

    __tablename__ = "alert_read"
    __table_args__ = (Index(None, "user_id", "undo_id"),)

    agency_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    user_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    alert_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime())
    undo_id: Mapped[str | None] = mapped_column(Identifier())


class AlertHighWater(Base):
    """The position up to which a user has read every alert of an agency ("all read"), and where it was before."""

    __tablename__ = "alert_high_water"

    agency_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    user_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime())
    undo_id: Mapped[str | None] = mapped_column(Identifier())
    before_position: Mapped[int | None] = mapped_column(BigInteger)


class SavedView(Base):
    """A list of claims that a user named: the address's parameters, in the order in which he put his views."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("user_id", "name"), Index(None, "user_id", "position"))

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    user_id: Mapped[str] = mapped_column(Identifier())
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(String(2000))
    position: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
