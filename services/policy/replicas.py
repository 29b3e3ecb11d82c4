"""Copies of other services' state, kept by their events."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.policy import repository
from shared.contracts.envelope import CloudEvent


async def keep_agency(session: AsyncSession, event: CloudEvent[Any]) -> None:
    """Follow the agencies: their country decides how numbers are read."""
    await repository.keep_agency(session, event.data.state)


async def keep_partner(session: AsyncSession, event: CloudEvent[Any]) -> None:
    """Follow the partners: a contract's insurer must be one of the insurers among them."""
    await repository.keep_partner(session, event.data.state)
