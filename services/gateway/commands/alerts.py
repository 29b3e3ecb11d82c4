"""Read marks of alerts."""

from __future__ import annotations

from sqlalchemy import func, select

from services.gateway.context import Gateway
from services.gateway.identity.current import require_desk
from services.gateway.identity.sessions import CurrentUser
from services.gateway.models import AlertHighWater, AlertRead, AlertView
from services.gateway.queries.alerts import may_see, unread_count
from shared.db.upsert import insert_ignore, upsert
from shared.errors import NotFound


async def mark_alert_read(gateway: Gateway, user: CurrentUser, alert_id: str) -> int:
    """Note that the user has read an alert; gives how many are still unread. `NotFound` for one not meant for him."""
    require_desk(user)
    async with gateway.database.write() as session:
        agency_id = await session.scalar(
            select(AlertView.agency_id).where(may_see(user.scope), AlertView.id == alert_id)
        )
        if agency_id is None:
            raise NotFound("alert_not_found", "There is no such alert.")
        row = {
            "agency_id": agency_id,
            "user_id": user.user_id,
            "alert_id": alert_id,
            "at": gateway.clock.now(),
        }
        keys = ["agency_id", "user_id", "alert_id"]
        await session.execute(insert_ignore(gateway.database.dialect, AlertRead, [row], keys))
        return await unread_count(session, user.scope)


async def mark_all_alerts_read(gateway: Gateway, user: CurrentUser) -> int:
    """Note that the user has read every alert that there is now; gives how many are unread afterwards."""
    require_desk(user)
    now = gateway.clock.now()
    async with gateway.database.write() as session:
        newest = await session.execute(
            select(AlertView.agency_id, func.max(AlertView.position))
            .where(may_see(user.scope))
            .group_by(AlertView.agency_id)
        )
        rows = [
            {"agency_id": agency_id, "user_id": user.user_id, "position": position, "at": now}
            for agency_id, position in newest
        ]
        if rows:
            await session.execute(
                upsert(gateway.database.dialect, AlertHighWater, rows, ["agency_id", "user_id"], "position")
            )
        return await unread_count(session, user.scope)
