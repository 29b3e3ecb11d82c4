"""What the service does with changes, those of a batch together, on the caller's session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications import repository
from services.notifications.domain.alerts import (
    AlertDraft,
    alert_on_claim,
    alert_on_client,
    alert_on_contract,
    alert_on_document,
)
from services.notifications.publishing import raise_at_commit
from shared.contracts.claims import ClaimState
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.policy import ClientState, ContractState
from shared.observability.tracing import traced

Names = Mapping[tuple[str, str], str]
"""Of clients, by agency and id."""

_ALERTS: Final[dict[type[BaseModel], Callable[[CloudEvent[ChangeData[Any]], Names], AlertDraft | None]]] = {
    ClientState: lambda event, _: alert_on_client(event),
    ContractState: lambda event, _: alert_on_contract(event),
    ClaimState: lambda event, _: alert_on_claim(event),
    DocumentState: lambda event, names: alert_on_document(
        event, client_name=names.get((event.data.state.agency_id, event.data.state.client_id), "")
    ),
}

ALERTING: Final = tuple(_ALERTS)
"""States whose changes alert. Agencies and users are not files at the desk: their changes alert nobody."""


async def alert_about(session: AsyncSession, events: Sequence[CloudEvent[ChangeData[Any]]]) -> None:
    """Alert on changes, in their order, each with the trace of its event; files name their client when he is known here."""
    files = [event.data.state for event in events if isinstance(event.data.state, DocumentState)]
    clients = {(one.agency_id, one.client_id) for one in files if one.client_id}
    names = await repository.client_names(session, clients)
    drafts = []
    for event in events:
        draft = _ALERTS[type(event.data.state)](event, names)
        if draft is not None:
            with traced(event.traceparent) as traceparent:
                drafts.append((draft, traceparent))
    await raise_at_commit(session, drafts)
