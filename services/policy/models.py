"""Tables of the policy service: the newest state of each aggregate, its history, and copies of others' state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.base import ServiceBase, new_metadata
from shared.db.types import Identifier, JsonDocument, UtcDateTime
from shared.http.idempotency import add_idempotency_table
from shared.messaging.tables import add_messaging_tables


def _metadata() -> MetaData:
    metadata = new_metadata()
    add_messaging_tables(metadata, partners=True)
    add_idempotency_table(metadata)
    return metadata


class Base(ServiceBase):
    """Base of the tables here."""

    metadata = _metadata()


class ClientRow(Base):
    """A client. The full identity number stands here alone, encrypted; the fingerprint finds doubles."""

    __tablename__ = "client"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
    identity_cipher: Mapped[str | None] = mapped_column(String(500))
    identity_fingerprint: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[dict[str, Any]] = mapped_column(JsonDocument())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime())

    __table_args__ = (UniqueConstraint("agency_id", "identity_fingerprint"),)


class ContractRow(Base):
    """A contract in its current version. `insurer_sequence` is that of the newest update the insurer pushed."""

    __tablename__ = "contract"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    policy_number: Mapped[str] = mapped_column(String(50))
    client_id: Mapped[str] = mapped_column(Identifier(), ForeignKey("client.id"), index=True)
    insurer_partner_id: Mapped[str | None] = mapped_column(String(100))
    insurer_sequence: Mapped[int | None] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[dict[str, Any]] = mapped_column(JsonDocument())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime())

    __table_args__ = (
        UniqueConstraint("agency_id", "policy_number"),
        UniqueConstraint("insurer_partner_id", "policy_number"),
        Index("ix_contract_policy_number", "policy_number"),
    )


class ClientHistoryRow(Base):
    """One change of a client, or one look at his identity number (then without changes)."""

    __tablename__ = "client_history"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    client_id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
    happening: Mapped[str] = mapped_column(String(60))
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument())
    actor: Mapped[dict[str, Any]] = mapped_column(JsonDocument())
    at: Mapped[datetime] = mapped_column(UtcDateTime())

    __table_args__ = (Index("ix_client_history_client_id", "agency_id", "client_id", "id"),)


class ContractHistoryRow(Base):
    """One change of a contract, in the version that it led to."""

    __tablename__ = "contract_history"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    contract_id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    happening: Mapped[str] = mapped_column(String(60))
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument())
    actor: Mapped[dict[str, Any]] = mapped_column(JsonDocument())
    at: Mapped[datetime] = mapped_column(UtcDateTime())

    __table_args__ = (Index("ix_contract_history_contract_id", "agency_id", "contract_id", "id"),)


class AgencyReplica(Base):
    """What is known of an agency: where it is, which decides how telephone and identity numbers are read."""

    __tablename__ = "agency_replica"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    country: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(35))
    sequence: Mapped[int] = mapped_column(BigInteger)


class PartnerReplica(Base):
    """What is known of a partner: whether a contract may name it as its insurer."""

    __tablename__ = "partner_replica"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(Text())
    sequence: Mapped[int] = mapped_column(BigInteger)
