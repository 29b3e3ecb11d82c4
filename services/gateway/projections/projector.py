"""The one way into the read model, for events from topics and for those in a command's answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.projections.alerts import project_alerts
from services.gateway.projections.claims import project_claims
from services.gateway.projections.documents import project_documents
from services.gateway.projections.policy import project_clients, project_contracts
from services.gateway.projections.versions import Versions
from shared.contracts.claims import ClaimState
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.events import aggregate_of_state
from shared.contracts.notifications import AlertState
from shared.contracts.policy import ClientState, ContractState
from shared.db.database import on_after_commit

VIEWED: Final[tuple[type[BaseModel], ...]] = (
    ClientState,
    ContractState,
    ClaimState,
    DocumentState,
    AlertState,
)
"""States that have a view. Identity is the gateway's own: its tables are the state."""


class Projector:
    """Projects events, and tells live streams once the projection is durable."""

    def __init__(self, versions: Versions) -> None:
        """Take whom to tell."""
        self.versions = versions

    async def project(self, session: AsyncSession, events: Sequence[CloudEvent[ChangeData[Any]]]) -> None:
        """Project the events of a batch, table after table: all batches lock in this order, whatever order events come in."""
        of: dict[type[BaseModel], list[CloudEvent[ChangeData[Any]]]] = defaultdict(list)
        for event in events:
            of[type(event.data.state)].append(event)
        await project_clients(session, of[ClientState])
        await project_contracts(session, of[ContractState])
        filed = await project_documents(session, of[DocumentState], of[ClaimState])
        await project_claims(session, of[ClaimState], filed)
        await project_alerts(session, of[AlertState])
        for event in events:
            name = aggregate_of_state(type(event.data.state)).name
            on_after_commit(session, partial(self.versions.reached, name, event.subject, event.sequence))
