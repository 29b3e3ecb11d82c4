"""Copies of policy's contracts and clients: what a new claim needs to know without asking another service.

Claims that exist are not rewritten when a client is corrected: they say what was known when they were registered.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.claims import repository
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.policy import ClientState, ContractState
from shared.messaging.events import newest


async def keep_contracts(
    session: AsyncSession, events: Sequence[CloudEvent[ChangeData[ContractState]]]
) -> None:
    """Keep of each contract the highest sequence: repetition and disorder are harmless."""
    await repository.keep_contracts(session, [event.data.state for event in newest(events)])


async def keep_clients(session: AsyncSession, events: Sequence[CloudEvent[ChangeData[ClientState]]]) -> None:
    """Keep of each client the highest sequence."""
    await repository.keep_clients(session, [event.data.state for event in newest(events)])
