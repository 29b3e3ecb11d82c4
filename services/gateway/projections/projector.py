"""The one way into the read model, for events from topics and for those in a command's answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.projections.alerts import project_alert
from services.gateway.projections.claims import project_claim
from services.gateway.projections.documents import project_document
from services.gateway.projections.policy import project_client, project_contract
from services.gateway.projections.versions import Versions
from shared.contracts.claims import ClaimState
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.events import aggregate_of_state
from shared.contracts.notifications import AlertState
from shared.contracts.policy import ClientState, ContractState
from shared.db.database import on_after_commit

Projection = Callable[[AsyncSession, CloudEvent[ChangeData[Any]]], Awaitable[None]]

PROJECTIONS: Final[dict[type[BaseModel], Projection]] = {
    ClientState: project_client,
    ContractState: project_contract,
    ClaimState: project_claim,
    DocumentState: project_document,
    AlertState: project_alert,
}
"""Which state has which view. Identity is the gateway's own: its tables are the state."""


class Projector:
    """Projects events, and tells live streams once the projection is durable."""

    def __init__(self, versions: Versions) -> None:
        """Take whom to tell."""
        self.versions = versions

    async def project(self, session: AsyncSession, event: CloudEvent[ChangeData[Any]]) -> None:
        """Project one event; a state without a view is passed over."""
        state_type = type(event.data.state)
        projection = PROJECTIONS.get(state_type)
        if projection is None:
            return
        await projection(session, event)
        name = aggregate_of_state(state_type).name
        on_after_commit(session, self.versions.signal(name, event.subject, event.sequence))
