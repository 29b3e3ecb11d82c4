"""The read model: one row per aggregate with its newest state, and one row per change of any of them.

Each index leads with `agency_id`, so that a query never looks at another tenant's rows and the data can be spread by
agency. `row` exists for SQLite's full-text index alone; the key of a row is (agency_id, id).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models.base import Base, RowNumber
from shared.db.types import Identifier, JsonDocument, UtcDateTime


class ClaimView(Base):
    """A claim. `changed_*` is the last change that was lived (not imported), `other_*` the last one by anybody else.

    Both are kept since a user's own change must not make a claim unread for him, nor hide what another did before.
    `files_*` say the same of the claim's files, which have no version in common with it.
    What home counts stands in columns: `phase` to `repair_at` of the repair; `cheque_on`, the first day on which a
    cheque that is not yet at the bank matures; `visit_on`, the appraiser's visit to come; `wanted`, the types of the
    documents that the insurer asks for, in spaces, and `missing`, how many of them are not among the files.
    """

    __tablename__ = "claim_view"
    __table_args__ = (
        UniqueConstraint("agency_id", "id"),
        Index(None, "agency_id", "claim_number"),
        Index(None, "agency_id", "last_activity_at"),
        Index(None, "agency_id", "is_open", "last_activity_at"),
        Index(None, "agency_id", "client_id"),
        Index(None, "agency_id", "policy_number"),
        Index(None, "agency_id", "plate_normalised"),
        Index(None, "agency_id", "event_date"),
        Index(None, "agency_id", "is_open", "phase"),
        Index(None, "agency_id", "is_open", "eta", "row"),
        Index(None, "agency_id", "is_open", "missing"),
        Index(None, "agency_id", "cheque_on"),
        Index(None, "agency_id", "visit_on"),
        Index(None, "agency_id", "client_folded"),
        Index(None, "agency_id", "status", "row"),
        Index(None, "agency_id", "kind", "row"),
        Index(None, "agency_id", "insurer", "insurer_name"),
        Index(None, "agency_id", "garage", "garage_name"),
        Index(None, "claim_number"),
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
    claim_number: Mapped[str] = mapped_column(String(100))
    policy_number: Mapped[str] = mapped_column(String(100))
    client_id: Mapped[str] = mapped_column(Identifier())
    client_name: Mapped[str] = mapped_column(Text)
    insured_name: Mapped[str] = mapped_column(Text)
    plate: Mapped[str] = mapped_column(Text)
    plate_normalised: Mapped[str] = mapped_column(Text)
    line: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(30))
    is_open: Mapped[bool]
    insurer: Mapped[str] = mapped_column(Text)
    insurer_name: Mapped[str] = mapped_column(Text)
    garage: Mapped[str | None] = mapped_column(Text)
    garage_name: Mapped[str] = mapped_column(Text)
    appraiser: Mapped[str | None] = mapped_column(Text)
    event_date: Mapped[date]
    eta: Mapped[date | None]
    phase: Mapped[str | None] = mapped_column(String(30))
    slipped_days: Mapped[int] = mapped_column(server_default="0")
    repair_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    cheque_on: Mapped[date | None]
    visit_on: Mapped[date | None]
    wanted: Mapped[str] = mapped_column(Text, server_default="")
    missing: Mapped[int] = mapped_column(server_default="0")
    repair: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument())
    last_change: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument())
    last_activity_at: Mapped[datetime] = mapped_column(UtcDateTime())
    changed_sequence: Mapped[int] = mapped_column(BigInteger)
    changed_by: Mapped[str | None] = mapped_column(String(100))
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    other_sequence: Mapped[int] = mapped_column(BigInteger)
    other_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    files_by: Mapped[str | None] = mapped_column(String(100))
    files_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    files_other_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    client_folded: Mapped[str] = mapped_column(Text)
    agency_token: Mapped[str] = mapped_column(String(3))
    search_text: Mapped[str] = mapped_column(Text)
    state: Mapped[dict[str, Any]] = mapped_column(JsonDocument())


class ClientView(Base):
    """A client."""

    __tablename__ = "client_view"
    __table_args__ = (
        UniqueConstraint("agency_id", "id"),
        Index(None, "agency_id", "name_folded"),
        Index(None, "agency_id", "last_activity_at"),
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    name_folded: Mapped[str] = mapped_column(Text)
    last_activity_at: Mapped[datetime] = mapped_column(UtcDateTime())
    agency_token: Mapped[str] = mapped_column(String(3))
    search_text: Mapped[str] = mapped_column(Text)
    state: Mapped[dict[str, Any]] = mapped_column(JsonDocument())


class ContractView(Base):
    """A contract in its current version. `receipt_on` is the first day on which a premium receipt to come is due."""

    __tablename__ = "contract_view"
    __table_args__ = (
        UniqueConstraint("agency_id", "id"),
        Index(None, "agency_id", "policy_number"),
        Index(None, "agency_id", "client_id"),
        Index(None, "agency_id", "last_activity_at"),
        Index(None, "agency_id", "receipt_on"),
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
    policy_number: Mapped[str] = mapped_column(String(100))
    client_id: Mapped[str] = mapped_column(Identifier())
    line: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    insurer: Mapped[str] = mapped_column(Text)
    receipt_on: Mapped[date | None]
    last_activity_at: Mapped[datetime] = mapped_column(UtcDateTime())
    agency_token: Mapped[str] = mapped_column(String(3))
    search_text: Mapped[str] = mapped_column(Text)
    state: Mapped[dict[str, Any]] = mapped_column(JsonDocument())


class DocumentView(Base):
    """A file. Removed ones stay, marked: a late event must not bring them back."""

    __tablename__ = "document_view"
    __table_args__ = (
        UniqueConstraint("agency_id", "id"),
        Index(None, "agency_id", "claim_number"),
        Index(None, "agency_id", "client_id"),
        Index(None, "agency_id", "policy_number"),
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
    client_id: Mapped[str | None] = mapped_column(Identifier())
    claim_number: Mapped[str | None] = mapped_column(String(100))
    policy_number: Mapped[str | None] = mapped_column(String(100))
    removed: Mapped[bool]
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime())
    state: Mapped[dict[str, Any]] = mapped_column(JsonDocument())


class AlertView(Base):
    """An alert with its audience. `position` is where the live feed resumes; `audience` is the roles, each in spaces."""

    __tablename__ = "alert_view"
    __table_args__ = (
        UniqueConstraint("agency_id", "id"),
        Index(None, "agency_id", "position"),
        Index(None, "agency_id", "claim_number"),
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(100))
    audience: Mapped[str] = mapped_column(String(100))
    claim_number: Mapped[str | None] = mapped_column(String(100))
    actor_id: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(UtcDateTime())
    state: Mapped[dict[str, Any]] = mapped_column(JsonDocument())


class Activity(Base):
    """One change of one aggregate. `event_id` is unique, so that a redelivered or republished event adds nothing.

    `ix_activity_of_user` finds the files that a user worked on; partners' changes, the bulk, are not in it.
    """

    __tablename__ = "activity"
    __table_args__ = (
        UniqueConstraint("agency_id", "event_id"),
        Index(None, "agency_id", "subject_id", "sequence"),
        Index(None, "agency_id", "claim_number", "at"),
        Index(None, "agency_id", "client_id", "at"),
        Index(None, "agency_id", "policy_number", "at"),
        Index(None, "agency_id", "at"),
        Index(
            "ix_activity_of_user",
            "agency_id",
            "actor_id",
            "claim_number",
            sqlite_where=text("actor_kind = 'user'"),
            postgresql_where=text("actor_kind = 'user'"),
        ),
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    agency_id: Mapped[str] = mapped_column(Identifier())
    event_id: Mapped[str] = mapped_column(String(100))
    happening: Mapped[str] = mapped_column(String(60))
    aggregate: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[str] = mapped_column(Identifier())
    sequence: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime())
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[str] = mapped_column(String(100))
    actor_name: Mapped[str] = mapped_column(Text)
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument())
    client_id: Mapped[str | None] = mapped_column(Identifier())
    policy_number: Mapped[str | None] = mapped_column(String(100))
    claim_number: Mapped[str | None] = mapped_column(String(100))
