"""Clients and contracts in the read model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from orjson import Fragment
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import ClientView, ContractView
from services.gateway.projections.activity import activity_of, record_activity
from services.gateway.projections.columns import partner_key
from services.gateway.projections.documents import Number, give_to_clients, turns
from services.gateway.search.folding import agency_token, fold, search_text
from shared.contracts.codes import ReceiptStatus
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.policy import ClientState, ContractState
from shared.db.among import pairs_among
from shared.db.together import write_at_commit
from shared.db.turns import take_turn
from shared.db.upsert import write_many
from shared.messaging.events import newest

ClientEvent = CloudEvent[ChangeData[ClientState]]
ContractEvent = CloudEvent[ChangeData[ContractState]]

_TO_COME = frozenset({ReceiptStatus.PENDING, ReceiptStatus.ISSUED})
"""Receipts whose day is still ahead; later states are arrears, which the receipts tab shows."""


async def project_clients(session: AsyncSession, events: Sequence[ClientEvent]) -> None:
    """Keep the newest state of each client."""
    activity = [
        activity_of(event, agency_id=event.data.state.agency_id, client_id=event.data.state.id)
        for event in events
    ]
    await record_activity(session, activity)
    rows = [_client_row(event) for event in newest(events)]
    await write_at_commit(session, ClientView, rows, ["agency_id", "id"], replace=True, guard="sequence")


async def project_contracts(session: AsyncSession, events: Sequence[ContractEvent]) -> None:
    """Keep the newest state of each contract."""
    activity = [
        activity_of(event, agency_id=one.agency_id, client_id=one.client_id, policy_number=one.policy_number)
        for event in events
        for one in (event.data.state,)
    ]
    await record_activity(session, activity)
    states = [event.data.state for event in newest(events)]
    new = await _unknown(session, states)
    await take_turn(session, turns(new))
    rows = [_contract_row(event) for event in newest(events)]
    await write_many(session, ContractView, rows, ["agency_id", "id"], replace=True, guard="sequence")
    await give_to_clients(session, "policy_number", new)


async def _unknown(session: AsyncSession, states: Collection[ContractState]) -> dict[Number, str]:
    """Numbers of contracts that are seen for the first time, and their clients."""
    if not states:
        return {}
    keys = [(one.agency_id, one.id) for one in states]
    known = await session.execute(
        select(ContractView.agency_id, ContractView.id).where(
            pairs_among(session, (ContractView.agency_id, ContractView.id), keys)
        )
    )
    found = {tuple(row) for row in known}
    return {
        (one.agency_id, one.policy_number): one.client_id
        for one in states
        if (one.agency_id, one.id) not in found
    }


def _client_row(event: ClientEvent) -> dict[str, Any]:
    state = event.data.state
    address = state.address.value if state.address else None
    return {
        "agency_id": state.agency_id,
        "id": state.id,
        "sequence": event.sequence,
        "name": state.name,
        "name_folded": fold(state.name),
        "last_activity_at": event.time,
        "agency_token": agency_token(state.agency_id),
        "search_text": search_text(
            [
                state.name,
                state.first_name,
                state.last_name,
                state.company_name,
                state.email.value if state.email else "",
                *((address.street, address.postal_code, address.city) if address else ()),
            ],
            phones=[state.phone.value, state.phone.e164] if state.phone else [],
        ),
        "state": Fragment(state.model_dump_json()),
    }


def _contract_row(event: ContractEvent) -> dict[str, Any]:
    state = event.data.state
    risk = state.risk
    return {
        "agency_id": state.agency_id,
        "id": state.id,
        "sequence": event.sequence,
        "policy_number": state.policy_number,
        "client_id": state.client_id,
        "line": state.line.value,
        "status": state.status.value,
        "insurer": partner_key(state.insurer),
        "receipt_on": min(
            (one.due_on for one in state.receipts if one.due_on and one.status in _TO_COME), default=None
        ),
        "last_activity_at": event.time,
        "agency_token": agency_token(state.agency_id),
        "search_text": search_text(
            [state.client_name, state.insurer.name, risk.make, risk.model, risk.name],
            numbers=[state.policy_number, risk.plate, risk.plate_normalised],
        ),
        "state": Fragment(state.model_dump_json()),
    }
