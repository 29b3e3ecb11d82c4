"""Copies of claims, contracts and clients, kept by their events: whose they are decides where a file may go."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.documents import repository
from shared.contracts.envelope import CloudEvent


async def keep_claim(session: AsyncSession, event: CloudEvent[Any]) -> None:
    """Follow the claims."""
    await repository.keep_claim(session, event.data.state)


async def keep_contract(session: AsyncSession, event: CloudEvent[Any]) -> None:
    """Follow the contracts."""
    await repository.keep_contract(session, event.data.state)


async def keep_client(session: AsyncSession, event: CloudEvent[Any]) -> None:
    """Follow the clients."""
    await repository.keep_client(session, event.data.state)
