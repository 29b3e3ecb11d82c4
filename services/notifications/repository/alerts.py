"""Alerts and their positions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    UpdateBase,
    bindparam,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.domain.alerts import AlertDraft
from services.notifications.models import Alert, AlertCounter
from shared.db.lookup import Lookup, Terms, fetch
from shared.db.sessions import DIALECT
from shared.db.tenancy import Scope, within
from shared.db.together import write_at_commit
from shared.db.upsert import Arrays, Shape, arrays_of, table_of, write_new
from shared.identifiers import new_id

_CAUSE = ("agency_id", "cause")

Draft = tuple[AlertDraft, str]
"""An alert that has no position yet, and its trace."""


def _rows(drafts: Sequence[Draft]) -> list[dict[str, Any]]:
    """Rows of drafts, by cause, so that another replica with the same ones waits instead of failing. Their ids are in order."""
    rows = [
        {
            "id": new_id(),
            "agency_id": draft.agency_id,
            "cause": draft.cause,
            "position": None,
            "state": draft.model_dump(mode="json", exclude={"cause"}),
            "traceparent": traceparent,
            "at": draft.at,
        }
        for draft, traceparent in drafts
    ]
    return sorted(rows, key=lambda row: (row["agency_id"], row["cause"]))


def _those(rows: Sequence[dict[str, Any]], ids: Collection[Any]) -> list[dict[str, Any]]:
    return sorted((row for row in rows if row["id"] in ids), key=lambda row: str(row["id"]))


async def insert_alerts(session: AsyncSession, drafts: Sequence[Draft]) -> list[dict[str, Any]]:
    """Keep drafts; gives the rows of those whose causes had not raised an alert before, in the order of the drafts."""
    rows = _rows(drafts)
    return _those(rows, await write_new(session, Alert, rows, _CAUSE, giving="id"))


async def insert_and_count_alerts(
    session: AsyncSession, drafts: Sequence[Draft], count: int
) -> tuple[list[dict[str, Any]], int]:
    """Do as `insert_alerts`, and reserve positions for `count` others and these; gives the first. One statement on PostgreSQL."""
    if not drafts or session.info[DIALECT] != "postgresql":
        new = await insert_alerts(session, drafts)
        return new, await take_positions(session, count + len(new))
    rows = _rows(drafts)
    insert = arrays_of(Shape(table_of(Alert), tuple(rows[0]), _CAUSE))
    found = await fetch(session, _inserted_and_counted(insert), [*insert.parameters(rows), count])
    new = _those(rows, {row["id"] for row in found})
    return new, found[0]["position"] - count - len(new) + 1


@cache
def _inserted_and_counted(insert: Arrays) -> str:
    return (
        f"WITH new AS ({insert.alone} RETURNING id), counted AS ("  # noqa: S608 - names of our own tables
        f"UPDATE alert_counter SET position = position + CAST(${len(insert.kinds) + 1} AS BIGINT) + (SELECT count(*) FROM new)"
        " RETURNING position) SELECT new.id, counted.position FROM counted LEFT JOIN new ON true"
    )


async def unnumbered_alerts(session: AsyncSession) -> list[dict[str, Any]]:
    """The alerts of this transaction, in the order in which they were raised: others' drafts are never visible."""
    rows = await session.execute(select(Alert.__table__).where(Alert.position.is_(None)).order_by(Alert.id))
    return [dict(row) for row in rows.mappings()]


async def keep_alerts(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write alerts that have got their positions, when the transaction commits."""
    await write_at_commit(session, Alert, rows, ["agency_id", "id"], replace=True)


async def take_positions(session: AsyncSession, count: int) -> int:
    """Reserve `count` positions and give the first. Others that number alerts wait until this transaction ends."""
    [row] = await _COUNTER.all(session, count=count)
    last: int = row["position"]
    return last - count + 1


async def find_alert(session: AsyncSession, scope: Scope, alert_id: str) -> Alert | None:
    """An alert within the scope."""
    found: Alert | None = await session.scalar(
        select(Alert).where(within(Alert.agency_id, scope), Alert.id == alert_id)
    )
    return found


def _counted(_terms: Terms) -> UpdateBase:
    counter = table_of(AlertCounter)
    raised = counter.c.position + bindparam("count", type_=BigInteger())
    return update(counter).values(position=raised).returning(counter.c.position)


_COUNTER: Final = Lookup(_counted)
