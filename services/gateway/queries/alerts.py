"""Alerts for one user: those of his agencies whose audience has his role."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, String, and_, bindparam, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.selectable import Join

from services.gateway.models import AlertHighWater, AlertRead, AlertView
from services.gateway.queries.mapping import actor_name
from services.gateway.queries.partners import partners_named
from services.gateway.queries.rows import AlertPage, AlertRow
from services.gateway.queries.unread import asked_by, baseline
from shared.contracts.notifications import AlertState
from shared.db.lookup import Lookup, Terms
from shared.db.tenancy import Role, Scope, within

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
    conditions: list[ColumnElement[bool]] = []
    if kinds:
        conditions.append(or_(*(AlertView.kind.startswith(one, autoescape=True) for one in kinds)))
    if before is not None:
        conditions.append(AlertView.position < before)
    statement = (
        select(AlertView.position, AlertView.state, is_read(scope).label("read"))
        .select_from(with_read_marks(scope))
        .where(*conditions)
        .order_by(AlertView.position.desc())
        .limit(limit + 1)
    )
    rows: list[Row[Any]] = []
    for one in map(scope.of_agency, scope.agency_ids):
        mine = statement.where(may_see(one), *([_is_unread(one)] if unread else []))
        rows.extend(await session.execute(mine))
    rows = sorted(rows, key=lambda row: -row.position)[: limit + 1]
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
    asked = _unread_of(scope.role)
    counts = [
        await asked.rows(session, scope.of_agency(one), asking=scope.user_id) for one in scope.agency_ids
    ]
    return sum(found[0]["number"] for found in counts)


@dataclass(frozen=True, slots=True)
class Bell:
    """What a page's frame shows of alerts, at one instant.

    `position` is that of the newest: a page that is read after this knows everything up to it. `of_file` says whether alerts of
    the file that is opened wait to be read.
    """

    position: int
    unread: int
    of_file: bool


async def bell_of(
    session: AsyncSession, scope: Scope, *, claim_number: str = "", client_id: str = ""
) -> Bell:
    """Give what the bell shows to this user, and whether alerts of a claim, or of a client himself, are among it."""
    about, subject = ("claim", claim_number) if claim_number else ("client", client_id)
    asked = _bell_of(scope.role, about if subject else "")
    values = {"subject": subject} if subject else {}
    found = [
        (await asked.rows(session, scope.of_agency(one), asking=scope.user_id, **values))[0]
        for one in scope.agency_ids
    ]
    return Bell(
        position=max((one["position"] or 0 for one in found), default=0),
        unread=sum(one["number"] for one in found),
        of_file=bool(subject) and any(one["waiting"] for one in found),
    )


@cache
def _unread_of(role: Role) -> Lookup:
    def build(_terms: Terms) -> Any:
        asking = asked_by(role)
        return (
            select(func.count().label("number"))
            .select_from(with_read_marks(asking))
            .where(may_see(asking), _is_unread(asking))
        )

    return Lookup(build)


@cache
def _bell_of(role: Role, about: str) -> Lookup:
    asking, subject = asked_by(role), bindparam("subject", type_=String())
    newest = select(func.max(AlertView.position)).where(may_see(asking))
    unread = (
        select(func.count()).select_from(with_read_marks(asking)).where(may_see(asking), _is_unread(asking))
    )
    columns: list[Any] = [
        newest.scalar_subquery().label("position"),
        unread.scalar_subquery().label("number"),
    ]
    if about:
        condition = (
            AlertView.claim_number == subject
            if about == "claim"
            else and_(AlertView.claim_number.is_(None), about_client(subject))
        )
        waiting = select(AlertView.id).select_from(with_read_marks(asking))
        columns.append(waiting.where(may_see(asking), ~is_read(asking), condition).exists().label("waiting"))
    return Lookup(lambda _terms: select(*columns))


def may_see(scope: Scope) -> ColumnElement[bool]:
    """Whose alerts these are: the agencies' and the role's."""
    return and_(within(AlertView.agency_id, scope), _meant_for(scope.role))


def _meant_for(role: Role) -> ColumnElement[bool]:
    return AlertView.audience.like(f"% {role} %")


def _is_unread(scope: Scope) -> ColumnElement[bool]:
    """Not read; said with where "all read" stands, so that the index begins there and not at the agency's first alert."""
    unread: ColumnElement[bool] = ~is_read(scope)
    if len(scope.agency_ids) != 1:
        return unread
    # Inside the sub-select: outside, PostgreSQL would take it for a function that may leak, and not use the index.
    floor = (
        select(func.coalesce(func.max(AlertHighWater.position), 0))
        .where(AlertHighWater.agency_id == scope.agency_ids[0], AlertHighWater.user_id == scope.user_id)
        .scalar_subquery()
    )
    return and_(AlertView.position > floor, unread)


def about_client(client_id: str | BindParameter[str]) -> ColumnElement[bool]:
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
