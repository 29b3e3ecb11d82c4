"""Tables of the documents service: files, their history, objects under way, and copies of others' state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, MetaData, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.base import ServiceBase, new_metadata
from shared.db.types import Identifier, JsonDocument, UtcDateTime
from shared.http.idempotency import add_idempotency_table
from shared.messaging.tables import add_messaging_tables


def _metadata() -> MetaData:
    metadata = new_metadata()
    add_messaging_tables(metadata)
    add_idempotency_table(metadata)
    return metadata


class Base(ServiceBase):
    """Base of the tables here."""

    metadata = _metadata()


class DocumentRow(Base):
    """A file. `object_key` never leaves the service."""

    __tablename__ = "document"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    object_key: Mapped[str] = mapped_column(String(100), unique=True)
    client_id: Mapped[str | None] = mapped_column(String(100))
    claim_number: Mapped[str | None] = mapped_column(String(100))
    policy_number: Mapped[str | None] = mapped_column(String(100))
    removed: Mapped[bool]
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[dict[str, Any]] = mapped_column(JsonDocument())
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime())

    __table_args__ = (
        Index("ix_document_claim_number", "agency_id", "claim_number"),
        Index("ix_document_policy_number", "agency_id", "policy_number"),
        Index("ix_document_client_id", "agency_id", "client_id"),
    )


class DocumentHistoryRow(Base):
    """One change of a file."""

    __tablename__ = "document_history"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    document_id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
    happening: Mapped[str] = mapped_column(String(60))
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument())
    actor: Mapped[dict[str, Any]] = mapped_column(JsonDocument())
    at: Mapped[datetime] = mapped_column(UtcDateTime())

    __table_args__ = (Index("ix_document_history_document_id", "agency_id", "document_id", "id"),)


class PendingObject(Base):
    """An object that is being stored. What a crash leaves here is an orphan, and is swept."""

    __tablename__ = "pending_object"

    object_key: Mapped[str] = mapped_column(String(100), primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)


class ClaimReplica(Base):
    """What is known of a claim: whose it is, and which partners work on it."""

    __tablename__ = "claim_replica"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    claim_number: Mapped[str] = mapped_column(String(100), unique=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    client_id: Mapped[str] = mapped_column(String(100))
    policy_number: Mapped[str] = mapped_column(String(100))
    partner_ids: Mapped[list[str]] = mapped_column(JsonDocument())
    sequence: Mapped[int] = mapped_column(BigInteger)


class ContractReplica(Base):
    """What is known of a contract: whose it is."""

    __tablename__ = "contract_replica"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    policy_number: Mapped[str] = mapped_column(String(100))
    client_id: Mapped[str] = mapped_column(String(100))
    sequence: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (UniqueConstraint("agency_id", "policy_number"),)


class ClientReplica(Base):
    """What is known of a client: whose he is."""

    __tablename__ = "client_replica"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
