"""`/live`: the feed of the browsers."""

from __future__ import annotations

from typing import Annotated, Final

import anyio
from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse

from services.gateway.identity.current import CurrentGateway, DeskUser
from services.gateway.live.stream import stream_events

router = APIRouter(include_in_schema=False)

_GRACE_SECONDS: Final = 1.0
"""For streams to end in order when the process stops; the server waits for three seconds."""


@router.get("/live")
async def live(
    gateway: CurrentGateway,
    user: DeskUser,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    resume: Annotated[str | None, Query(alias="last_event_id")] = None,
) -> EventSourceResponse:
    """Stream what changes for this user. The header wins: a browser that reconnects knows better than its address."""
    gateway.hub.require_room(user.session_id)
    stopping = anyio.Event()
    return EventSourceResponse(
        stream_events(gateway, user, last_event_id or resume, stopping),
        ping=0,  # the stream sends its own, with which it also looks after its session
        shutdown_event=stopping,
        shutdown_grace_period=_GRACE_SECONDS,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
