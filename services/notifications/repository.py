"""All SQL of the notifications service."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.domain.alerts import AlertDraft
from services.notifications.domain.clocks import Standing
from services.notifications.models import Agency, Alert, AlertCounter, Client, Clock, ClockSource
from shared.db.tenancy import Scope, within
from shared.db.upsert import insert_ignore, upsert
from shared.identifiers import new_id

AGENCY_UNKNOWN = -1
_HELD = "dossier.notifications.agencies"
_SOURCE_KEY = ("agency_id", "aggregate", "id")


def _dialect(session: AsyncSession) -> str:
    return session.get_bind().dialect.name


# --- alerts


async def insert_alert(session: AsyncSession, draft: AlertDraft, traceparent: str) -> str | None:
    """Keep a draft, and give its id; None when its cause has raised an alert before."""
    row = {
        "id": new_id(),
        "agency_id": draft.agency_id,
        "cause": draft.cause,
        "position": None,
        "state": draft.model_dump(mode="json", exclude={"cause"}),
        "traceparent": traceparent,
        "at": draft.at,
    }
    statement = insert_ignore(_dialect(session), Alert, [row], ["agency_id", "cause"]).returning(Alert.id)
    inserted: str | None = await session.scalar(statement)
    return inserted


async def unnumbered_alerts(session: AsyncSession) -> Sequence[Alert]:
    """The alerts of this transaction, in the order in which they were raised: others' drafts are never visible."""
    return (await session.scalars(select(Alert).where(Alert.position.is_(None)).order_by(Alert.id))).all()


async def take_positions(session: AsyncSession, count: int) -> int:
    """Reserve `count` positions and give the first. Others that number alerts wait until this transaction ends."""
    statement = (
        update(AlertCounter)
        .values(position=AlertCounter.position + count)
        .returning(AlertCounter.position)
        .execution_options(synchronize_session=False)
    )
    last: int = (await session.execute(statement)).scalar_one()
    return last - count + 1


async def find_alert(session: AsyncSession, scope: Scope, alert_id: str) -> Alert | None:
    """An alert within the scope."""
    found: Alert | None = await session.scalar(
        select(Alert).where(within(Alert.agency_id, scope), Alert.id == alert_id)
    )
    return found


# --- replicas


async def find_agency(session: AsyncSession, agency_id: str) -> Agency | None:
    """An agency; read once in a session, which only keeps what somebody holds on to."""
    agency = await session.get(Agency, agency_id)
    session.info.setdefault(_HELD, {})[agency_id] = agency
    return agency


async def keep_client(session: AsyncSession, *, id: str, agency_id: str, name: str, sequence: int) -> None:
    """Keep the newest name of a client."""
    row = {"id": id, "agency_id": agency_id, "name": name, "sequence": sequence}
    await session.execute(
        upsert(_dialect(session), Client, [row], ["agency_id", "id"], guard_column="sequence")
    )


async def client_name(session: AsyncSession, agency_id: str, client_id: str) -> str:
    """A client's name; empty while his own event has not come."""
    name: str | None = await session.scalar(
        select(Client.name).where(Client.agency_id == agency_id, Client.id == client_id)
    )
    return name or ""


# --- clocks and their sources


async def keep_source(session: AsyncSession, row: dict[str, Any]) -> bool | None:
    """Keep a state, and say whether its aggregate has clocks; None when a state as new is kept already.

    Locks the source until the transaction ends.
    """
    statement = upsert(_dialect(session), ClockSource, [row], _SOURCE_KEY, guard_column="sequence")
    has_clocks: bool | None = await session.scalar(statement.returning(ClockSource.has_clocks))
    return has_clocks


async def mark_clocks(session: AsyncSession, agency_id: str, aggregate: str, id: str) -> None:
    """Remember that a source has clocks."""
    await session.execute(
        update(ClockSource)
        .where(ClockSource.agency_id == agency_id, ClockSource.aggregate == aggregate, ClockSource.id == id)
        .values(has_clocks=True)
        .execution_options(synchronize_session=False)
    )


async def clocks_of_sources(
    session: AsyncSession, agency_id: str, aggregate: str, ids: Collection[str]
) -> Sequence[Clock]:
    """All clocks that these sources have, locked: one that is firing is waited for."""
    statement = (
        select(Clock)
        .where(Clock.agency_id == agency_id, Clock.aggregate == aggregate, Clock.source_id.in_(ids))
        .order_by(Clock.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


def _behind() -> ColumnElement[bool]:
    """Whether a source was derived with rules that its agency has changed since."""
    return and_(Agency.id == ClockSource.agency_id, ClockSource.rules_sequence < Agency.rules_sequence)


async def any_source_behind(session: AsyncSession) -> bool:
    """Whether clocks must be derived again."""
    return await session.scalar(select(ClockSource.id).join(Agency, _behind()).limit(1)) is not None


async def sources_behind(session: AsyncSession, limit: int) -> Sequence[ClockSource]:
    """Some sources whose agency's rules have changed, which no other replica is at."""
    return await _locked_sources(session, select(ClockSource).join(Agency, _behind()), limit)


async def sources_without(
    session: AsyncSession, aggregate: str, kinds: str, limit: int
) -> Sequence[ClockSource]:
    """Some sources that were derived by a release that knew other kinds of clocks."""
    wanted = select(ClockSource).where(ClockSource.aggregate == aggregate, ClockSource.kinds != kinds)
    return await _locked_sources(session, wanted, limit)


async def _locked_sources(
    session: AsyncSession, wanted: Select[ClockSource], limit: int
) -> Sequence[ClockSource]:
    statement = (
        wanted.limit(limit)
        .with_for_update(skip_locked=True, of=ClockSource)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


def _may_fire(now: datetime, kinds: Collection[str]) -> ColumnElement[bool]:
    """Pending, due, of a kind that we know, and derived with the agency's present rules."""
    behind = (
        exists()
        .where(ClockSource.agency_id == Clock.agency_id)
        .where(ClockSource.aggregate == Clock.aggregate, ClockSource.id == Clock.source_id)
        .where(_behind())
    )
    return and_(
        Clock.standing == Standing.PENDING.value,
        Clock.due_at <= now,
        Clock.kind.in_(kinds),
        or_(Clock.retry_at.is_(None), Clock.retry_at <= now),
        ~behind,
    )


async def due_clocks(
    session: AsyncSession, now: datetime, kinds: Collection[str], limit: int
) -> Sequence[Clock]:
    """Some clocks whose time has come, the longest overdue first, which no other replica is at."""
    statement = (
        select(Clock)
        .where(_may_fire(now, kinds))
        .order_by(Clock.due_at, Clock.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Clock)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def next_due(session: AsyncSession, kinds: Collection[str]) -> datetime | None:
    """When the next clock wants attention; in the past when one does now."""
    mine = (Clock.standing == Standing.PENDING.value, Clock.kind.in_(kinds))
    due = await session.scalar(
        select(Clock.due_at).where(*mine, Clock.retry_at.is_(None)).order_by(Clock.due_at).limit(1)
    )
    retry = await session.scalar(
        select(Clock.retry_at).where(*mine, Clock.retry_at.is_not(None)).order_by(Clock.retry_at).limit(1)
    )
    return min((instant for instant in (due, retry) if instant is not None), default=None)


async def postpone(
    session: AsyncSession, agency_id: str, clock_id: str, *, failures: int, retry_at: datetime
) -> None:
    """Try a clock again later."""
    await session.execute(
        update(Clock)
        .where(Clock.agency_id == agency_id, Clock.id == clock_id)
        .values(failures=failures, retry_at=retry_at)
        .execution_options(synchronize_session=False)
    )


async def list_clocks(
    session: AsyncSession, scope: Scope, *, standing: str | None, kind: str | None, limit: int
) -> tuple[Sequence[Clock], int]:
    """Clocks within the scope, the next first, and how many there are."""
    wanted = [within(Clock.agency_id, scope)]
    if standing is not None:
        wanted.append(Clock.standing == standing)
    if kind is not None:
        wanted.append(Clock.kind == kind)
    rows = await session.scalars(select(Clock).where(*wanted).order_by(Clock.due_at, Clock.id).limit(limit))
    total = await session.scalar(select(func.count()).select_from(Clock).where(*wanted))
    return rows.all(), total or 0
