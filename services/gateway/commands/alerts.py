"""Read marks of alerts: one, those of a file, all; and taking them back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, false, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.context import Gateway
from services.gateway.identity.current import require_desk
from services.gateway.identity.sessions import CurrentUser
from services.gateway.models import AlertHighWater, AlertRead, AlertView
from services.gateway.queries.alerts import about_client, is_read, may_see, unread_count, with_read_marks
from shared.db.upsert import insert_ignore
from shared.errors import NotFound
from shared.identifiers import new_id


async def mark_alert_read(gateway: Gateway, user: CurrentUser, alert_id: str) -> int:
    """Note that the user has read an alert; gives how many are still unread. `NotFound` for one not meant for him."""
    require_desk(user)
    async with gateway.database.write(user.scope) as session:
        known = await session.scalar(
            select(AlertView.id).where(may_see(user.scope), AlertView.id == alert_id)
        )
        if known is None:
            raise NotFound("alert_not_found", "There is no such alert.")
        await _mark(gateway, session, user, AlertView.id == alert_id)
        return await unread_count(session, user.scope)


async def mark_alerts_read(gateway: Gateway, user: CurrentUser, alert_ids: Sequence[str]) -> tuple[int, str]:
    """Note that the user has read some alerts; gives how many were unread, and the id that takes it back."""
    require_desk(user)
    async with gateway.database.write(user.scope) as session:
        return await _mark(gateway, session, user, AlertView.id.in_(list(alert_ids)[:500]))


async def mark_file_read(
    gateway: Gateway,
    user: CurrentUser,
    *,
    claim_number: str = "",
    policy_number: str = "",
    client_id: str = "",
) -> int:
    """Opening a claim, a contract or a client is reading its alerts; gives how many there were.

    A client's own alerts are those that are about no claim or contract of his: those wait until they are opened.
    """
    require_desk(user)
    condition: ColumnElement[bool] = false()
    if claim_number:
        condition = AlertView.claim_number == claim_number
    elif policy_number:
        condition = and_(
            AlertView.claim_number.is_(None), AlertView.state["policy_number"].as_string() == policy_number
        )
    elif client_id:
        condition = and_(AlertView.claim_number.is_(None), about_client(client_id))
    async with gateway.database.read(user.scope) as session:
        waiting = (
            select(AlertView.id)
            .select_from(with_read_marks(user.scope))
            .where(may_see(user.scope), ~is_read(user.scope), condition)
        )
        if await session.scalar(waiting.limit(1)) is None:
            return 0
    async with gateway.database.write(user.scope) as session:
        return (await _mark(gateway, session, user, condition))[0]


async def mark_all_alerts_read(gateway: Gateway, user: CurrentUser) -> int:
    """Note that the user has read every alert that there is now; gives how many are unread afterwards."""
    await mark_everything_read(gateway, user)
    async with gateway.database.read(user.scope) as session:
        return await unread_count(session, user.scope)


async def mark_everything_read(gateway: Gateway, user: CurrentUser) -> tuple[int, str]:
    """Note that the user has read every alert that there is now; gives how many were unread, and the id to undo it."""
    require_desk(user)
    undo_id = new_id()
    now = gateway.clock.now()
    async with gateway.database.write(user.scope) as session:
        number = await unread_count(session, user.scope)
        newest = await session.execute(
            select(AlertView.agency_id, func.max(AlertView.position))
            .where(may_see(user.scope))
            .group_by(AlertView.agency_id)
        )
        builder = postgresql.insert if gateway.database.dialect == "postgresql" else sqlite.insert
        kept = AlertHighWater.__table__.c
        for agency_id, position in newest.all():
            statement = builder(AlertHighWater).values(
                agency_id=agency_id, user_id=user.user_id, position=position, at=now, undo_id=undo_id
            )
            given = {name: statement.excluded[name] for name in ("position", "at", "undo_id")}
            await session.execute(
                statement.on_conflict_do_update(
                    index_elements=["agency_id", "user_id"],
                    set_={"before_position": kept.position, **given},
                    where=statement.excluded.position > kept.position,
                )
            )
    return number, undo_id


async def unmark_alerts_read(gateway: Gateway, user: CurrentUser, undo_id: str) -> int:
    """Take back what one act marked as read; gives how many are unread afterwards."""
    require_desk(user)
    async with gateway.database.write(user.scope) as session:
        await session.execute(
            delete(AlertRead).where(AlertRead.user_id == user.user_id, AlertRead.undo_id == undo_id)
        )
        mine = and_(AlertHighWater.user_id == user.user_id, AlertHighWater.undo_id == undo_id)
        await session.execute(
            update(AlertHighWater)
            .where(mine)
            .values(
                position=func.coalesce(AlertHighWater.before_position, 0), undo_id=None, before_position=None
            )
        )
        return await unread_count(session, user.scope)


async def _mark(
    gateway: Gateway, session: AsyncSession, user: CurrentUser, condition: ColumnElement[bool]
) -> tuple[int, str]:
    undo_id = new_id()
    found = (
        await session.execute(
            select(AlertView.agency_id, AlertView.id)
            .select_from(with_read_marks(user.scope))
            .where(may_see(user.scope), ~is_read(user.scope), condition)
        )
    ).all()
    if not found:
        return 0, undo_id
    now = gateway.clock.now()
    rows = [
        {"agency_id": agency, "user_id": user.user_id, "alert_id": one, "at": now, "undo_id": undo_id}
        for agency, one in found
    ]
    keys = ["agency_id", "user_id", "alert_id"]
    for start in range(0, len(rows), 200):
        await session.execute(
            insert_ignore(gateway.database.dialect, AlertRead, rows[start : start + 200], keys)
        )
    return len(rows), undo_id
