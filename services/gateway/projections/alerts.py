"""Alerts in the read model: one row with its audience, whoever reads it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import AlertView
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.notifications import AlertState
from shared.db.upsert import write_many


async def project_alert(session: AsyncSession, event: CloudEvent[ChangeData[AlertState]]) -> None:
    """Keep an alert; it never changes afterwards."""
    state = event.data.state
    row = {
        "agency_id": state.agency_id,
        "id": state.id,
        "sequence": event.sequence,
        "position": state.position,
        "kind": state.kind,
        "audience": " " + " ".join(role.value for role in state.roles) + " ",
        "claim_number": state.claim_number,
        "actor_id": state.actor.id,
        "at": state.at,
        "state": state.model_dump(mode="json"),
    }
    await write_many(session, AlertView, [row], ["agency_id", "id"])
