"""The tables that every service keeps beside its own, so that messages commit together with state."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    false,
    text,
)

from shared.db.base import new_metadata
from shared.db.types import JsonDocument, UtcDateTime

_own = new_metadata()

_Position = BigInteger().with_variant(Integer(), "sqlite")
_PENDING = text("published_at IS NULL")

outbox = Table(
    "outbox",
    _own,
    Column("position", _Position, primary_key=True, autoincrement=True),
    Column("event_id", String(300), nullable=False, unique=True),
    Column("topic", String(249), nullable=False),
    Column("key", String(200), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("headers", JsonDocument, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime, nullable=True),
    Column("republished", Boolean, nullable=False, server_default=false()),
    Index("ix_outbox_pending", "position", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("ix_outbox_published_at", "published_at"),
    sqlite_autoincrement=True,
)
"""What is to be published, and for ever afterwards the archive of what was. `position` is the order of publishing."""

inbox = Table(
    "inbox",
    _own,
    Column("record_id", String(400), primary_key=True),
    Column("received_at", UtcDateTime, nullable=False),
    Index("ix_inbox_received_at", "received_at"),
)
"""What was taken: written in the transaction of the effect, so that a redelivery has none."""

relay_state = Table(
    "relay_state",
    _own,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("broker_epoch", String(64), nullable=True),
)
"""Which life of the embedded broker the outbox was published to. One row."""

consumer_position = Table(
    "consumer_position",
    _own,
    Column("topic", String(249), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("broker_epoch", String(64), nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    PrimaryKeyConstraint("topic", "partition"),
)
"""Where the only consumer of the embedded stack stands. Apache Kafka keeps this itself, per group."""

partner_message = Table(
    "partner_message",
    _own,
    Column("partner_id", String(100), nullable=False),
    Column("message_id", String(400), nullable=False),
    Column("kind", String(50), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("claim_number", String(100), nullable=True),
    Column("policy_number", String(100), nullable=True),
    Column("sequence", BigInteger, nullable=True),
    Column("received_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("partner_id", "message_id"),
)
"""Messages of partners that were accepted: the next one with the same id is a duplicate."""

_EVERYWHERE = (outbox, inbox, relay_state, consumer_position)
_INTAKE = (partner_message,)


def add_messaging_tables(metadata: MetaData, *, partners: bool = False) -> None:
    """Make the tables part of a service's metadata, for its migrations; `partners` adds those of a partner intake."""
    for table in (*_EVERYWHERE, *(_INTAKE if partners else ())):
        table.to_metadata(metadata)


def add_partner_tables(metadata: MetaData) -> None:
    """Make the tables of a partner intake part of a service's metadata."""
    for table in _INTAKE:
        table.to_metadata(metadata)


def create_messaging_tables(operations: Any) -> None:
    """Create the tables in a migration; `operations` is Alembic's `op`."""
    for table in _EVERYWHERE:
        table.create(operations.get_bind())


def drop_messaging_tables(operations: Any) -> None:
    """Undo `create_messaging_tables`."""
    for table in reversed(_EVERYWHERE):
        table.drop(operations.get_bind())


def create_partner_tables(operations: Any) -> None:
    """Create the tables of a partner intake in a migration."""
    for table in _INTAKE:
        table.create(operations.get_bind())


def drop_partner_tables(operations: Any) -> None:
    """Undo `create_partner_tables`."""
    for table in reversed(_INTAKE):
        table.drop(operations.get_bind())
