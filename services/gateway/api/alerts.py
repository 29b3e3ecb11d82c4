"""`/api/v1/alerts` and `/api/v1/messages`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from services.gateway import commands
from services.gateway.api.shapes import AlertOut, AlertsOut, MessagesOut, UnreadOut
from services.gateway.identity.current import CurrentGateway, DeskUser
from services.gateway.queries import AlertRow, list_alerts
from services.gateway.queries.alerts import ALERT_PAGE, MAX_ALERTS

router = APIRouter(prefix="/api/v1", tags=["alerts"])


@router.get("/alerts")
async def listed(
    gateway: CurrentGateway,
    user: DeskUser,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ALERTS)] = ALERT_PAGE,
) -> AlertsOut:
    """Give the newest alerts (before a position), and how many of all are unread."""
    async with gateway.database.read(user.scope) as session:
        page = await list_alerts(session, user.scope, before=before, limit=limit)

    def shaped(row: AlertRow) -> AlertOut:
        return AlertOut(
            id=row.id,
            kind=row.kind,
            text=gateway.alert_text(row, user.language),
            claim_number=row.claim_number,
            policy_number=row.policy_number,
            client_id=row.client_id,
            at=row.at,
            read=row.read,
            position=row.position,
        )

    return AlertsOut(
        items=[shaped(one) for one in page.items], unread=page.unread, next_before=page.next_before
    )


@router.post("/alerts/read-all")
async def read_all(gateway: CurrentGateway, user: DeskUser) -> UnreadOut:
    """Note that this user has read every alert that there is."""
    return UnreadOut(unread=await commands.mark_all_alerts_read(gateway, user))


@router.post("/alerts/{alert_id}/read")
async def read_one(alert_id: str, gateway: CurrentGateway, user: DeskUser) -> UnreadOut:
    """Note that this user has read an alert."""
    return UnreadOut(unread=await commands.mark_alert_read(gateway, user, alert_id))


@router.get("/messages")
async def messages(user: DeskUser) -> MessagesOut:
    """Give the messages of the desk: none are kept yet."""
    del user
    return MessagesOut(items=[], unread=0)
