"""`/live`: the feed of the browsers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query

from services.gateway.identity.current import CurrentGateway, DeskUser
from services.gateway.live.stream import LiveResponse

router = APIRouter(include_in_schema=False)


@router.get("/live", response_class=LiveResponse, response_model=None)
async def live(
    gateway: CurrentGateway,
    user: DeskUser,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    resume: Annotated[str | None, Query(alias="last_event_id")] = None,
) -> LiveResponse:
    """Stream what changes for this user. The header wins: a browser that reconnects knows better than its address."""
    gateway.hub.require_room(user.session_id)
    return LiveResponse(gateway, user, last_event_id or resume)
