"""Partners over HTTP: what was taken from them, and what they were answered (those on Kafka too)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.models.base import Base
from shared.db.types import JsonDocument, UtcDateTime


class OnrampMessage(Base):
    """A message that was accepted by HTTP: the same one again is not published twice."""

    __tablename__ = "onramp_message"

    partner_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(50))
    body_hash: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime())


class PartnerReceipt(Base):
    """The answer to a partner's message. The first that is not `duplicate` stays: it tells what became of the message."""

    __tablename__ = "partner_receipt"

    partner_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(400), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20))
    receipt: Mapped[dict[str, Any]] = mapped_column(JsonDocument())
    at: Mapped[datetime] = mapped_column(UtcDateTime())
