"""Clocks, and the states that they are derived from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.domain.clocks import AgencyRules, Standing
from services.notifications.models import Agency, Clock, ClockSource
from shared.db.among import given_pairs, named_pairs_among, pairs_among
from shared.db.lookup import Lookup, Row, Terms
from shared.db.tenancy import Scope, within
from shared.db.together import write_at_commit
from shared.db.upsert import write_many

AGENCY_UNKNOWN = -1
_SOURCE_KEY = ("agency_id", "aggregate", "id")

SourceKey = tuple[str, str]
"""The agency and the id of an aggregate that clocks are derived from."""


class KnownSource(NamedTuple):
    """What is kept of a source, and the rules of its agency; None while the agency is not known."""

    sequence: int
    has_clocks: bool
    rules: AgencyRules | None


async def known_sources(
    session: AsyncSession, aggregate: str, keys: Collection[SourceKey]
) -> dict[SourceKey, KnownSource]:
    """Those of these sources that are kept; locked in one order until the transaction ends."""
    given = given_pairs(session, "keys", keys)
    return {
        (row["agency_id"], row["id"]): KnownSource(row["sequence"], row["has_clocks"], _rules(row))
        for row in await _SOURCES.all(session, aggregate=aggregate, **given)
    }


def _rules(row: Row) -> AgencyRules | None:
    version: int | None = row["rules"]
    return None if version is None else AgencyRules(row["timezone"], row["cheque_warning_days"], version)


async def insert_sources(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write sources that are not kept yet; one that another transaction has written meanwhile stays as it is."""
    await write_many(session, ClockSource, rows, _SOURCE_KEY)


async def keep_sources(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write the newest states of sources, when the transaction commits."""
    await write_at_commit(session, ClockSource, rows, _SOURCE_KEY, replace=True)


async def clocks_of_sources(
    session: AsyncSession, aggregate: str, keys: Collection[SourceKey]
) -> dict[SourceKey, list[Clock]]:
    """All clocks that these sources have, locked: one that is firing is waited for."""
    found: dict[SourceKey, list[Clock]] = defaultdict(list)
    if not keys:
        return found
    statement = (
        select(Clock)
        .where(Clock.aggregate == aggregate)
        .where(pairs_among(session, (Clock.agency_id, Clock.source_id), keys))
        .order_by(Clock.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for clock in await session.scalars(statement):
        found[clock.agency_id, clock.source_id].append(clock)
    return found


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


def _sources(terms: Terms) -> Any:
    key = (ClockSource.agency_id, ClockSource.id)
    return (
        select(
            *key,
            ClockSource.sequence,
            ClockSource.has_clocks,
            Agency.timezone,
            Agency.cheque_warning_days,
            Agency.sequence.label("rules"),
        )
        .outerjoin(Agency, Agency.id == ClockSource.agency_id)
        .where(ClockSource.aggregate == bindparam("aggregate", type_=String()))
        .where(named_pairs_among(terms.dialect, key, "keys"))
        .order_by(*key)
        .with_for_update(of=ClockSource)
    )


_SOURCES: Final = Lookup(_sources)
