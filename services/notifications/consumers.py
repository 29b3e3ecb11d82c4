"""What the service listens to. Agencies and users are not files at the desk: their changes alert nobody."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications import handlers, replicas
from services.notifications.clocks.derivation import Derivation
from shared.contracts.claims import ClaimState
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.identity import AgencyState
from shared.contracts.policy import ClientState, ContractState
from shared.messaging.consumer import Consumer


def listen(consumer: Consumer, derivation: Derivation) -> None:
    """Register the handlers. A state that clocks derive from is handed to them as well."""

    async def client_changed(session: AsyncSession, event: CloudEvent[ChangeData[ClientState]]) -> None:
        await replicas.keep_client(session, event.data.state)
        await handlers.alert_about_client(session, event)

    async def agency_changed(session: AsyncSession, event: CloudEvent[ChangeData[AgencyState]]) -> None:
        await replicas.keep_agency(session, event.data.state, derivation.wake)

    consumer.on_state(ClientState, client_changed)
    consumer.on_state(ContractState, handlers.alert_about_contract)
    consumer.on_state(ClaimState, handlers.alert_about_claim)
    consumer.on_state(DocumentState, handlers.alert_about_document)
    consumer.on_state(AgencyState, agency_changed)
    for state in derivation.kinds.states:
        consumer.on_state(state, derivation.follow)
