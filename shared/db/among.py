"""A column among many values: one array on PostgreSQL, a list elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, any_, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import InstrumentedAttribute


def among(
    session: AsyncSession | AsyncConnection,
    column: ColumnElement[Any] | InstrumentedAttribute[Any],
    values: Collection[Any],
    of: Any = String,
    *,
    alone: bool = True,
) -> ColumnElement[bool]:
    """Say whether the column has one of the values, which are of the type `of`.

    A list of five hundred is written out, and read, as five hundred parameters: a tenth of the time of a batch. An array is
    one parameter, and one statement however long it is. SQLite has no arrays.

    The array is joined as rows. A plan that PostgreSQL keeps knows neither how long an array is nor, in a young database, how
    large the table has become: comparing with `= ANY` it then goes through the whole table with the whole array, 100 ms for five
    hundred among ten thousand. `alone=False` is for a condition beside `OR`, where there can be no join.
    """
    if not _has_arrays(session):
        return column.in_(values)
    array = literal(list(values), ARRAY(of))
    return column.in_(select(func.unnest(array))) if alone else column == any_(array)


def pairs_among(
    session: AsyncSession | AsyncConnection,
    columns: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...],
    pairs: Sequence[tuple[str, str]],
) -> ColumnElement[bool]:
    """The same for two columns that are one key: both of them find the row, whichever of them has few values."""
    if not _has_arrays(session):
        return tuple_(*columns).in_(pairs)
    arrays = (literal([pair[place] for pair in pairs], ARRAY(String)) for place in (0, 1))
    return tuple_(*columns).in_(select(*(func.unnest(one) for one in arrays)))


def _has_arrays(session: AsyncSession | AsyncConnection) -> bool:
    dialect = session.dialect if isinstance(session, AsyncConnection) else session.get_bind().dialect
    return dialect.name == "postgresql"
