"""Agencies, people, their sessions, and partners with their API keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models.base import Base
from shared.db.types import Identifier, UtcDateTime


class Agency(Base):
    """The tenant."""

    __tablename__ = "agency"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(10))
    timezone: Mapped[str] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    cheque_warning_days: Mapped[int]
    sequence: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime())


class User(Base):
    """A person at the desk. `email` is stored folded, as it is looked up.

    `baseline_at`: what happened before the account existed is not unread for it.
    `timezone`: an IANA name of his own; empty for the one of his agency.
    """

    __tablename__ = "user"

    id: Mapped[str] = mapped_column(Identifier(), primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(10))
    timezone: Mapped[str] = mapped_column(String(64), default="")
    password_hash: Mapped[str] = mapped_column(String(300))
    active: Mapped[bool]
    baseline_at: Mapped[datetime] = mapped_column(UtcDateTime())
    sequence: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime())


class UserAgency(Base):
    """Which agencies a person works for. `ops` has none."""

    __tablename__ = "user_agency"
    __table_args__ = (Index(None, "user_id"),)

    agency_id: Mapped[str] = mapped_column(Identifier(), ForeignKey("agency.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(Identifier(), ForeignKey("user.id"), primary_key=True)


class UserSession(Base):
    """A session, named by the hash of its token: who reads the table cannot take it over. Ending it deletes the row."""

    __tablename__ = "user_session"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(Identifier(), unique=True)
    user_id: Mapped[str] = mapped_column(Identifier(), ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime())
    user_agent: Mapped[str] = mapped_column(String(300))
    address: Mapped[str] = mapped_column(String(64))


class Partner(Base):
    """An insurer, garage or appraiser that pushes updates."""

    __tablename__ = "partner"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    phone: Mapped[str] = mapped_column(String(50))
    city: Mapped[str] = mapped_column(String(100))
    active: Mapped[bool]
    sequence: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime())


class PartnerKey(Base):
    """An API key: looked up by its public prefix, compared by hash. Keys are random, so a plain hash is enough."""

    __tablename__ = "partner_key"
    __table_args__ = (Index(None, "partner_id"),)

    prefix: Mapped[str] = mapped_column(String(20), primary_key=True)
    partner_id: Mapped[str] = mapped_column(String(100), ForeignKey("partner.id"))
    key_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
