"""Copies of other services' state, kept by their events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.policy import repository
from shared.contracts.envelope import CloudEvent
from shared.messaging.events import newest


async def keep_agencies(session: AsyncSession, events: Sequence[CloudEvent[Any]]) -> None:
    """Follow the agencies: their country decides how numbers are read."""
    await repository.keep_agencies(session, [event.data.state for event in newest(events)])


async def keep_partners(session: AsyncSession, events: Sequence[CloudEvent[Any]]) -> None:
    """Follow the partners: a contract's insurer must be one of the insurers among them."""
    await repository.keep_partners(session, [event.data.state for event in newest(events)])
