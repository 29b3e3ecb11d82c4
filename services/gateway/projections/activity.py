"""The activity row of an event: who did what, when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import Activity
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.events import aggregate_of_type, happening_of
from shared.db.together import write_at_commit
from shared.db.upsert import write_many

ActivityRow = dict[str, Any]
_KEYS: Final = ("agency_id", "event_id")


def activity_of(
    event: CloudEvent[ChangeData[Any]],
    *,
    agency_id: str,
    client_id: str | None = None,
    policy_number: str | None = None,
    claim_number: str | None = None,
) -> ActivityRow:
    """The row of an event, and whose pages it stands on."""
    aggregate = aggregate_of_type(event.type)
    actor = event.data.actor
    return {
        "agency_id": agency_id,
        "event_id": event.id,
        "happening": happening_of(event.type),
        "aggregate": aggregate.name if aggregate else "",
        "subject_id": event.subject,
        "sequence": event.sequence,
        "at": event.time,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "changes": [change.model_dump(mode="json") for change in event.data.changes],
        "client_id": client_id,
        "policy_number": policy_number,
        "claim_number": claim_number,
    }


async def record_activity(
    session: AsyncSession, rows: Iterable[ActivityRow], *, at_once: bool = False
) -> None:
    """Keep each event once: the same id again, by the topic or by a rebuild, changes nothing.

    When the transaction commits, or `at_once` where it goes on to read these rows.
    """
    ordered = sorted(rows, key=lambda row: (row["agency_id"], row["event_id"]))
    write = write_many if at_once else write_at_commit
    await write(session, Activity, ordered, _KEYS)


def is_lived(event: CloudEvent[ChangeData[Any]]) -> bool:
    """Whether the change happened to people here; history that was imported makes nothing unread."""
    return event.data.actor.kind != "import"
