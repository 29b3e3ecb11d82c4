"""Alerts for one user: those of his agencies whose audience has his role."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.selectable import Join

from services.gateway.models import AlertHighWater, AlertRead, AlertView
from services.gateway.queries.mapping import actor_name, partners_named
from services.gateway.queries.rows import AlertPage, AlertRow
from services.gateway.queries.unread import baseline
from shared.contracts.notifications import AlertState
from shared.db.tenancy import Scope, within

ALERT_PAGE = 50
MAX_ALERTS = 200


async def list_alerts(
    session: AsyncSession,
    scope: Scope,
    *,
    before: int | None = None,
    limit: int = ALERT_PAGE,
    kinds: tuple[str, ...] = (),
    unread: bool = False,
) -> AlertPage:
    """Give the newest alerts (before a position), and how many of all are unread.

    `kinds` are the beginnings of the kinds that are wanted; `unread` leaves out what was read.
    """
    conditions = [may_see(scope)]
    if kinds:
        conditions.append(or_(*(AlertView.kind.startswith(one, autoescape=True) for one in kinds)))
    if unread:
        conditions.append(~is_read(scope))
    if before is not None:
        conditions.append(AlertView.position < before)
    rows = (
        await session.execute(
            select(AlertView.state, is_read(scope).label("read"))
            .select_from(with_read_marks(scope))
            .where(*conditions)
            .order_by(AlertView.position.desc())
            .limit(limit + 1)
        )
    ).all()
    states = [(AlertState.model_validate(row.state), bool(row.read)) for row in rows[:limit]]
    partners = await partners_named(
        session, (one.actor.id for one, _ in states if one.actor.kind == "partner")
    )
    return AlertPage(
        items=tuple(_alert_row(one, read, partners) for one, read in states),
        unread=await unread_count(session, scope),
        next_before=states[-1][0].position if len(rows) > limit else None,
    )


async def unread_count(session: AsyncSession, scope: Scope) -> int:
    """Count what the bell shows."""
    statement = (
        select(func.count()).select_from(with_read_marks(scope)).where(may_see(scope), ~is_read(scope))
    )
    return await session.scalar(statement) or 0


async def newest_position(session: AsyncSession, scope: Scope) -> int:
    """Give the position of the newest alert: a page that is read after this knows everything up to it."""
    return await session.scalar(select(func.max(AlertView.position)).where(may_see(scope))) or 0


def may_see(scope: Scope) -> ColumnElement[bool]:
    """Whose alerts these are: the agencies' and the role's."""
    return and_(within(AlertView.agency_id, scope), AlertView.audience.like(f"% {scope.role} %"))


def about_client(client_id: str) -> ColumnElement[bool]:
    """Alerts about a client himself."""
    about: ColumnElement[bool] = AlertView.state["client_id"].as_string() == client_id
    return and_(about, AlertView.state["policy_number"].as_string().is_(None))


def with_read_marks(scope: Scope) -> Join:
    """Alerts beside this user's marks."""
    view: Any = AlertView.__table__
    joined: Join = view.outerjoin(
        AlertHighWater.__table__,
        and_(AlertHighWater.agency_id == AlertView.agency_id, AlertHighWater.user_id == scope.user_id),
    ).outerjoin(
        AlertRead.__table__,
        and_(
            AlertRead.agency_id == AlertView.agency_id,
            AlertRead.user_id == scope.user_id,
            AlertRead.alert_id == AlertView.id,
        ),
    )
    return joined


def is_read(scope: Scope) -> ColumnElement[bool]:
    """Read one by one or all at once, older than the account, or the user's own doing."""
    return or_(
        AlertRead.alert_id.is_not(None),
        AlertView.position <= func.coalesce(AlertHighWater.position, 0),
        AlertView.actor_id == scope.user_id,
        func.coalesce(AlertView.at < baseline(scope), false()),
    )


def _alert_row(state: AlertState, read: bool, partners: Any) -> AlertRow:
    return AlertRow(
        id=state.id,
        position=state.position,
        agency_id=state.agency_id,
        kind=state.kind,
        params=dict(state.params),
        changes=state.changes,
        claim_number=state.claim_number,
        policy_number=state.policy_number,
        client_id=state.client_id,
        client_name=state.client_name,
        actor_kind=state.actor.kind,
        actor_name=actor_name(state.actor.kind, state.actor.id, state.actor.name, partners),
        at=state.at,
        read=read,
    )
