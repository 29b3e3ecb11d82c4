"""Tables of the claims service.

A claim is one row: its state as JSON, beside the few columns that are searched. The agency leads every key, so that
the data can be spread by agency; the exceptions are what partners name a claim by, since they do not know agencies.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, PrimaryKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.base import ServiceBase, new_metadata
from shared.db.types import Identifier, JsonDocument, UtcDateTime
from shared.http.idempotency import add_idempotency_table
from shared.messaging.tables import add_messaging_tables


class Base(ServiceBase):
    metadata = new_metadata()


class Claim(Base):
    """`insurer_reference` is null when unknown or when the insurer is no partner, so that it is unique where it counts."""

    __tablename__ = "claim"

    agency_id: Mapped[str] = mapped_column(Identifier())
    id: Mapped[str] = mapped_column(Identifier())
    claim_number: Mapped[str] = mapped_column(String(40))
    policy_number: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(Identifier())
    insurer_partner_id: Mapped[str | None] = mapped_column(String(100))
    insurer_reference: Mapped[str | None] = mapped_column(String(500))
    sequence: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime())
    state: Mapped[Any] = mapped_column(JsonDocument())

    __table_args__ = (
        PrimaryKeyConstraint("agency_id", "id"),
        UniqueConstraint("claim_number"),
        UniqueConstraint("insurer_partner_id", "insurer_reference"),
        Index(None, "agency_id", "client_id"),
        Index(None, "agency_id", "policy_number"),
    )


class ClaimHistory(Base):
    """One row per change: what, who, when. Rows are never changed."""

    __tablename__ = "claim_history"

    agency_id: Mapped[str] = mapped_column(Identifier())
    claim_id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    happening: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UtcDateTime())
    actor: Mapped[Any] = mapped_column(JsonDocument())
    changes: Mapped[Any] = mapped_column(JsonDocument())

    __table_args__ = (PrimaryKeyConstraint("agency_id", "claim_id", "sequence"),)


class PartnerPosition(Base):
    """The last accepted `sequence` of a partner for a claim, by kind of update."""

    __tablename__ = "partner_position"

    agency_id: Mapped[str] = mapped_column(Identifier())
    claim_id: Mapped[str] = mapped_column(Identifier())
    partner_id: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(50))
    sequence: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (PrimaryKeyConstraint("agency_id", "claim_id", "partner_id", "kind"),)


class ClaimSeries(Base):
    """The last claim number given out in a year, for the whole installation."""

    __tablename__ = "claim_series"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(BigInteger)


class ContractReplica(Base):
    """A contract as policy last told it."""

    __tablename__ = "contract_replica"

    agency_id: Mapped[str] = mapped_column(Identifier())
    id: Mapped[str] = mapped_column(Identifier())
    policy_number: Mapped[str] = mapped_column(String(500))
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[Any] = mapped_column(JsonDocument())

    __table_args__ = (PrimaryKeyConstraint("agency_id", "id"), Index(None, "agency_id", "policy_number"))


class ClientReplica(Base):
    """A client as policy last told it."""

    __tablename__ = "client_replica"

    agency_id: Mapped[str] = mapped_column(Identifier())
    id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[Any] = mapped_column(JsonDocument())

    __table_args__ = (PrimaryKeyConstraint("agency_id", "id"),)


add_messaging_tables(Base.metadata, partners=True)
add_idempotency_table(Base.metadata)
