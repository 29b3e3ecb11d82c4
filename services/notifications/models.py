"""Tables of the notifications service. Every table of client data carries its agency."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Index, Integer, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.base import ServiceBase, new_metadata
from shared.db.types import Identifier, JsonDocument, UtcDateTime
from shared.messaging.tables import add_messaging_tables

_UNNUMBERED = text("position IS NULL")
_PENDING = text("standing = 'pending'")
_RETRIED = text("retry_at IS NOT NULL")


class Base(ServiceBase):
    """Base of this service's tables."""

    metadata = new_metadata()


add_messaging_tables(Base.metadata)


class Agency(Base):
    """What clocks need of an agency, kept by its events.

    `rules_sequence` is the version in which the time zone or the days last changed: what was derived with an older
    one is derived again.
    """

    __tablename__ = "agency"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    timezone: Mapped[str] = mapped_column(String(100))
    cheque_warning_days: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int] = mapped_column(BigInteger)
    rules_sequence: Mapped[int] = mapped_column(BigInteger)


class Client(Base):
    """A client's name, for alerts whose event names the client by id alone."""

    __tablename__ = "client"

    agency_id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int] = mapped_column(BigInteger)


class Alert(Base):
    """One alert with an audience.

    `cause` is unique: what is told twice alerts once. `position` is given when the transaction commits, so that it
    has no gaps and grows in the order of commits; until then `state` is a draft without it.
    """

    __tablename__ = "alert"

    agency_id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    cause: Mapped[str] = mapped_column(Text)
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    state: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    traceparent: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("agency_id", "cause"),
        Index("ix_alert_agency_id_position", "agency_id", "position"),
        Index("ix_alert_unnumbered", "id", sqlite_where=_UNNUMBERED, postgresql_where=_UNNUMBERED),
    )


class AlertCounter(Base):
    """The last position given. One row, whose lock makes transactions that raise alerts commit in turn."""

    __tablename__ = "alert_counter"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger)


class ClockSource(Base):
    """The newest state of an aggregate that clocks are derived from, so that they can be derived again.

    `rules_sequence` is the version of the agency's rules that they were derived with (-1: the agency was not known),
    `kinds` the kinds of clocks that were. `has_clocks` spares most changes a look for clocks.
    """

    __tablename__ = "clock_source"

    agency_id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    aggregate: Mapped[str] = mapped_column(String(50), primary_key=True)
    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    imported: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    rules_sequence: Mapped[int] = mapped_column(BigInteger)
    kinds: Mapped[str] = mapped_column(Text)
    has_clocks: Mapped[bool] = mapped_column(Boolean, server_default=false())

    __table_args__ = (Index("ix_clock_source_agency_id_rules_sequence", "agency_id", "rules_sequence"),)


class Clock(Base):
    """A clock: a row, not a timer. See domain/clocks.py for what becomes of it."""

    __tablename__ = "clock"

    agency_id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    kind: Mapped[str] = mapped_column(String(50))
    subject: Mapped[str] = mapped_column(Text)
    aggregate: Mapped[str] = mapped_column(String(50))
    source_id: Mapped[str] = mapped_column(Identifier)
    source_sequence: Mapped[int] = mapped_column(BigInteger)
    standing: Mapped[str] = mapped_column(String(20))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    occasion: Mapped[str] = mapped_column(String(200))
    payload: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    alerted: Mapped[list[str]] = mapped_column(JsonDocument)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("agency_id", "kind", "subject"),
        Index("ix_clock_due", "due_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index("ix_clock_retry", "retry_at", sqlite_where=_RETRIED, postgresql_where=_RETRIED),
        Index("ix_clock_agency_id_aggregate_source_id", "agency_id", "aggregate", "source_id"),
        Index("ix_clock_agency_id_due_at", "agency_id", "due_at"),
    )
