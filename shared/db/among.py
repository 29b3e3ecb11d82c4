"""A column, or two, among many values: arrays on PostgreSQL, a list or a document elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import ColumnElement, String, TableValuedAlias, any_, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import InstrumentedAttribute


def dialect_of(session: AsyncSession | AsyncConnection) -> str:
    """Which engine a session is on: `postgresql` or `sqlite`."""
    return (session if isinstance(session, AsyncConnection) else session.get_bind()).dialect.name


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
    if dialect_of(session) != "postgresql":
        return column.in_(values)
    array = literal(list(values), ARRAY(of))
    return column.in_(select(func.unnest(array))) if alone else column == any_(array)


def pairs_among(
    session: AsyncSession | AsyncConnection,
    columns: tuple[
        ColumnElement[Any] | InstrumentedAttribute[Any], ColumnElement[Any] | InstrumentedAttribute[Any]
    ],
    pairs: Collection[tuple[str, str]],
) -> ColumnElement[bool]:
    """Say whether the two columns, of texts, have one of the pairs: an agency and what it calls something.

    On SQLite they come as one JSON document, for of a list of pairs it reads the whole table.
    """
    given: TableValuedAlias
    if dialect_of(session) == "postgresql":
        first, second = ([pair[place] for pair in pairs] for place in (0, 1))
        arrays = (literal(one, ARRAY(String)) for one in (first, second))
        given = func.unnest(*arrays).table_valued("one", "other", name="given").render_derived()
        return tuple_(*columns).in_(select(given.c.one, given.c.other))
    given = func.json_each(orjson.dumps(list(pairs)).decode()).table_valued("value", name="given")
    parts = (func.json_extract(given.c.value, f"$[{place}]") for place in (0, 1))
    return tuple_(*columns).in_(select(*parts))
