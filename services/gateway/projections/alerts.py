"""Alerts in the read model: one row with its audience, whoever reads it."""

from __future__ import annotations

from collections.abc import Sequence

from orjson import Fragment
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import AlertView
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.notifications import AlertState
from shared.db.together import write_at_commit
from shared.messaging.events import newest


async def project_alerts(session: AsyncSession, events: Sequence[CloudEvent[ChangeData[AlertState]]]) -> None:
    """Keep alerts; they never change afterwards."""
    rows = []
    for event in newest(events):
        state = event.data.state
        rows.append(
            {
                "agency_id": state.agency_id,
                "id": state.id,
                "sequence": event.sequence,
                "position": state.position,
                "kind": state.kind,
                "audience": " " + " ".join(role.value for role in state.roles) + " ",
                "claim_number": state.claim_number,
                "actor_id": state.actor.id,
                "at": state.at,
                "state": Fragment(state.model_dump_json()),
            }
        )
    await write_at_commit(session, AlertView, rows, ["agency_id", "id"])
