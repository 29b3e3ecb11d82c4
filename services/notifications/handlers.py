"""What the service does with a change: one function each, on the caller's session."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications import repository
from services.notifications.domain.alerts import (
    AlertDraft,
    alert_on_claim,
    alert_on_client,
    alert_on_contract,
    alert_on_document,
)
from services.notifications.publishing import raise_alert
from shared.contracts.claims import ClaimState
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.policy import ClientState, ContractState


async def alert_about_claim(session: AsyncSession, event: CloudEvent[ChangeData[ClaimState]]) -> None:
    """Alert on a change of a claim."""
    await _raise(session, alert_on_claim(event))


async def alert_about_contract(session: AsyncSession, event: CloudEvent[ChangeData[ContractState]]) -> None:
    """Alert on a change of a contract."""
    await _raise(session, alert_on_contract(event))


async def alert_about_client(session: AsyncSession, event: CloudEvent[ChangeData[ClientState]]) -> None:
    """Alert on a change of a client."""
    await _raise(session, alert_on_client(event))


async def alert_about_document(session: AsyncSession, event: CloudEvent[ChangeData[DocumentState]]) -> None:
    """Alert on a change of a file, naming its client when he is known here."""
    state = event.data.state
    name = await repository.client_name(session, state.agency_id, state.client_id) if state.client_id else ""
    await _raise(session, alert_on_document(event, client_name=name))


async def _raise(session: AsyncSession, draft: AlertDraft | None) -> None:
    if draft is not None:
        await raise_alert(session, draft)
