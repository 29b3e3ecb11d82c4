"""Writes that wait for the end of their transaction, so that those of all tables are one round trip.

A service that takes an update writes half a dozen tables. Each statement of its own costs its way to the database and back, which
is more than what the database does for it. On PostgreSQL they are one statement; elsewhere they go out one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.database import on_before_commit
from shared.db.lookup import fetch
from shared.db.sessions import DIALECT
from shared.db.upsert import Arrays, Shape, Target, arrays_of, table_of, write_many

_WAITING: Final = "dossier.together"

Refusal = Callable[[IntegrityError], Exception | None]
"""Says what a violated constraint means to the caller; None when it means nothing to this write."""


@dataclass(slots=True)
class _Write:
    shape: Shape
    rows: list[Mapping[str, Any]]
    refusal: Refusal | None

    async def alone(self, session: AsyncSession) -> None:
        shape = self.shape
        try:
            await write_many(
                session, shape.target, self.rows, shape.keys, replace=shape.replace, guard=shape.guard
            )
        except IntegrityError as error:
            _refuse([self], error)
            raise


async def write_at_commit(
    session: AsyncSession,
    table: Target,
    rows: Sequence[Mapping[str, Any]],
    key_columns: Sequence[str],
    *,
    replace: bool = False,
    guard: str | None = None,
    refusal: Refusal | None = None,
) -> None:
    """Do as `write_many`, together with other tables when the transaction commits: nothing in it may read these rows before.

    Inside a savepoint it is done at once, since the savepoint may be rolled back alone.
    """
    if not rows:
        return
    shape = Shape(table_of(table), tuple(rows[0]), tuple(key_columns), replace=replace, guard=guard)
    write = _Write(shape, list(rows), refusal)
    if session.in_nested_transaction():
        await write.alone(session)
        return
    waiting: list[_Write] = session.info.setdefault(_WAITING, [])
    if not waiting:
        on_before_commit(session, _write, last=True)
    same = next((one for one in waiting if one.shape == shape and one.refusal == refusal), None)
    if same is not None and not replace and key_columns:
        same.rows += write.rows
    else:
        waiting.append(write)


async def _write(session: AsyncSession) -> None:
    waiting: list[_Write] = session.info.pop(_WAITING)
    if session.info[DIALECT] != "postgresql":
        for write in waiting:
            await write.alone(session)
        return
    while waiting:
        at_once = _once_each(waiting)
        waiting = waiting[len(at_once) :]
        await _write_at_once(session, at_once)


def _once_each(writes: Sequence[_Write]) -> Sequence[_Write]:
    """The first of them, up to one whose table is there already: what a statement writes it does not see itself."""
    tables = [write.shape.target for write in writes]
    for place, table in enumerate(tables):
        if table in tables[:place]:
            return writes[:place]
    return writes


async def _write_at_once(session: AsyncSession, writes: Sequence[_Write]) -> None:
    if len(writes) == 1:
        await writes[0].alone(session)
        return
    arrays = tuple(arrays_of(write.shape) for write in writes)
    parameters = [
        values for one, write in zip(arrays, writes, strict=True) for values in one.parameters(write.rows)
    ]
    try:
        await fetch(session, _text(arrays), parameters)
    except IntegrityError as error:
        _refuse(writes, error)
        raise


@cache
def _text(arrays: tuple[Arrays, ...]) -> str:
    """One statement of several inserts, of which none is the main part.

    PostgreSQL then does them one after the other, the last one first, whichever they are: turned round, they are done in the order
    in which they were asked for. So two transactions with the same keys in two tables wait for each other instead of failing.
    """
    parts, first = [], 1
    for number, one in enumerate(arrays):
        parts.append(f"write_{number} AS ({one.text(first)})")
        first += len(one.kinds)
    return f"WITH {', '.join(reversed(parts))} SELECT 1"


def _refuse(writes: Sequence[_Write], error: IntegrityError) -> None:
    for write in writes:
        meaning = write.refusal(error) if write.refusal is not None else None
        if meaning is not None:
            raise meaning from error
