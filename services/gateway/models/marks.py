"""What each user has seen and read. Owned by the gateway: a rebuild of the read model leaves it alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models.base import Base
from shared.db.types import Identifier, UtcDateTime


class SeenMark(Base):
    """The version of a claim, and its newest file, that a user last opened."""

    __tablename__ = "seen_mark"
    __table_args__ = (Index(None, "agency_id", "claim_id"),)

    agency_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    user_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    claim_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    files_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    at: Mapped[datetime] = mapped_column(UtcDateTime())


class AlertRead(Base):
    """One alert that a user has read."""

    __tablename__ = "alert_read"

    agency_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    user_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    alert_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime())


class AlertHighWater(Base):
    """The position up to which a user has read every alert of an agency ("all read")."""

    __tablename__ = "alert_high_water"

    agency_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    user_id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime())
