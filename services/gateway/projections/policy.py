"""Clients and contracts in the read model."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import ClientView, ContractView
from services.gateway.projections.activity import record_activity
from services.gateway.projections.claims import partner_key
from services.gateway.search.folding import agency_token, fold, search_text
from shared.contracts.codes import ReceiptStatus
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.policy import ClientState, ContractState
from shared.db.upsert import upsert

_TO_COME = frozenset({ReceiptStatus.PENDING, ReceiptStatus.ISSUED})
"""Receipts whose day is still ahead; later states are arrears, which the receipts tab shows."""


async def project_client(session: AsyncSession, event: CloudEvent[ChangeData[ClientState]]) -> None:
    """Keep the newest state of a client."""
    state = event.data.state
    await record_activity(session, event, agency_id=state.agency_id, client_id=state.id)
    address = state.address.value if state.address else None
    row = {
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
        "state": state.model_dump(mode="json"),
    }
    dialect = session.get_bind().dialect.name
    await session.execute(upsert(dialect, ClientView, [row], ["agency_id", "id"], "sequence"))


async def project_contract(session: AsyncSession, event: CloudEvent[ChangeData[ContractState]]) -> None:
    """Keep the newest state of a contract."""
    state = event.data.state
    await record_activity(
        session,
        event,
        agency_id=state.agency_id,
        client_id=state.client_id,
        policy_number=state.policy_number,
    )
    risk = state.risk
    row = {
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
        "state": state.model_dump(mode="json"),
    }
    dialect = session.get_bind().dialect.name
    await session.execute(upsert(dialect, ContractView, [row], ["agency_id", "id"], "sequence"))
