"""Copies of claims, contracts and clients, kept by their events: whose they are decides where a file may go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.documents import repository
from shared.contracts.envelope import CloudEvent
from shared.messaging.events import newest


async def keep_claims(session: AsyncSession, events: Sequence[CloudEvent[Any]]) -> None:
    """Follow the claims."""
    await repository.keep_claims(session, [event.data.state for event in newest(events)])


async def keep_contracts(session: AsyncSession, events: Sequence[CloudEvent[Any]]) -> None:
    """Follow the contracts."""
    await repository.keep_contracts(session, [event.data.state for event in newest(events)])


async def keep_clients(session: AsyncSession, events: Sequence[CloudEvent[Any]]) -> None:
    """Follow the clients."""
    await repository.keep_clients(session, [event.data.state for event in newest(events)])
