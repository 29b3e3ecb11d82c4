"""Copies of policy's contracts and clients: what a new claim needs to know without asking another service.

Claims that exist are not rewritten when a client is corrected: they say what was known when they were registered.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.claims import repository
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.policy import ClientState, ContractState


async def keep_contract(session: AsyncSession, event: CloudEvent[ChangeData[Any]]) -> None:
    """Keep the contract with the highest sequence: repetition and disorder are harmless."""
    state = event.data.state
    assert isinstance(state, ContractState)
    await repository.keep_contract(session, state)


async def keep_client(session: AsyncSession, event: CloudEvent[ChangeData[Any]]) -> None:
    """Keep the client with the highest sequence."""
    state = event.data.state
    assert isinstance(state, ClientState)
    await repository.keep_client(session, state)
