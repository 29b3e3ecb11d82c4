"""Files in the read model."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import ClaimView, ContractView, DocumentView
from services.gateway.projections.activity import record_activity
from services.gateway.projections.claims import refresh_files
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.db.upsert import upsert


async def project_document(session: AsyncSession, event: CloudEvent[ChangeData[DocumentState]]) -> None:
    """Keep the newest state of a file, and mark the claim that it belongs to as changed."""
    state = event.data.state
    client_id = state.client_id or await _owner(session, state)
    await record_activity(
        session,
        event,
        agency_id=state.agency_id,
        client_id=client_id,
        policy_number=state.policy_number,
        claim_number=state.claim_number,
    )
    row = {
        "agency_id": state.agency_id,
        "id": state.id,
        "sequence": event.sequence,
        "client_id": client_id,
        "claim_number": state.claim_number,
        "policy_number": state.policy_number,
        "removed": state.removed,
        "uploaded_at": state.uploaded_at,
        "state": state.model_dump(mode="json"),
    }
    dialect = session.get_bind().dialect.name
    await session.execute(upsert(dialect, DocumentView, [row], ["agency_id", "id"], "sequence"))
    if state.claim_number:
        await refresh_files(session, state.agency_id, state.claim_number)


async def _owner(session: AsyncSession, state: DocumentState) -> str | None:
    """Find the client through the claim or contract, so that the file stands on his page too."""
    if state.claim_number:
        found: str | None = await session.scalar(
            select(ClaimView.client_id).where(
                ClaimView.agency_id == state.agency_id, ClaimView.claim_number == state.claim_number
            )
        )
        if found:
            return found
    if state.policy_number:
        return await session.scalar(
            select(ContractView.client_id)
            .where(
                ContractView.agency_id == state.agency_id, ContractView.policy_number == state.policy_number
            )
            .limit(1)
        )
    return None
