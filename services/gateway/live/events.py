"""What browsers are told: thin events that name what changed; they fetch the content where they are authorised for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sse_starlette import ServerSentEvent

from services.gateway.models import ClaimView
from shared.contracts.notifications import AlertState

EVENTS_PER_ALERT: Final = 4
"""An alert's position times this is the id of its first event; the last number of the four only marks a position."""

LAST_OF_POSITION: Final = EVENTS_PER_ALERT - 1


class LiveEvent(NamedTuple):
    """One event of the stream; `id` is the position to resume from. Without a name it only sets that position."""

    id: int
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Announcement:
    """An alert as it goes to the streams: who may see it, and the events that it becomes."""

    alert: AlertState
    events: tuple[LiveEvent, ...]

    @cached_property
    def written(self) -> bytes:
        """The events as they go over the wire, written once for however many streams."""
        return b"".join(write_event(one) for one in self.events)


def write_event(event: LiveEvent) -> bytes:
    """Write an event. One without a name only sets the position: browsers remember it and tell no page."""
    if not event.name:
        return ServerSentEvent(id=str(event.id)).encode()
    return ServerSentEvent(
        id=str(event.id), event=event.name, data=orjson.dumps(event.data).decode()
    ).encode()


async def announce(session: AsyncSession, alerts: Sequence[AlertState]) -> list[Announcement]:
    """Make the events of alerts. A claim's version is the alert's own, or (for its files) the one we have."""
    unknown = {one.claim_number for one in alerts if one.claim_number and one.aggregate != "claim"}
    versions: dict[str, int] = {}
    if unknown:
        rows = await session.execute(
            select(ClaimView.claim_number, ClaimView.sequence).where(
                ClaimView.agency_id.in_({one.agency_id for one in alerts}),
                ClaimView.claim_number.in_(unknown),
            )
        )
        versions = dict(rows.all())
    return [Announcement(one, tuple(_events(one, versions))) for one in alerts]


def _events(alert: AlertState, versions: Mapping[str, int]) -> list[LiveEvent]:
    first = alert.position * EVENTS_PER_ALERT
    found = [
        LiveEvent(
            first,
            "alert",
            {
                "id": alert.id,
                "kind": alert.kind,
                "claim_number": alert.claim_number,
                "policy_number": alert.policy_number,
            },
        )
    ]
    if alert.claim_number:
        own = alert.aggregate == "claim"
        sequence = alert.subject_sequence if own else versions.get(alert.claim_number, 0)
        found.append(
            LiveEvent(first + 1, "claim-changed", {"claim_number": alert.claim_number, "sequence": sequence})
        )
    if alert.client_id:
        found.append(LiveEvent(first + 2, "file-changed", {"client_id": alert.client_id}))
    return found


def resync_event(position: int) -> LiveEvent:
    """Tell a browser to fetch everything anew: what it missed can no longer be told one by one."""
    return LiveEvent(position * EVENTS_PER_ALERT + LAST_OF_POSITION, "resync", {})
