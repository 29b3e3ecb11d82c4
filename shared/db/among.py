"""A column, or two, among many values: arrays on PostgreSQL, lists elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, String, any_, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute


def among(
    session: AsyncSession,
    column: ColumnElement[Any] | InstrumentedAttribute[Any],
    values: Collection[Any],
    of: Any = String,
) -> ColumnElement[bool]:
    """Say whether the column has one of the values, which are of the type `of`.

    A list of five hundred is written out, and read, as five hundred parameters: a tenth of the time of a batch. An array is
    one parameter, and one statement however long it is. SQLite has no arrays.
    """
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(of)))
    return column.in_(values)


def pairs_among(
    session: AsyncSession,
    columns: tuple[
        ColumnElement[Any] | InstrumentedAttribute[Any], ColumnElement[Any] | InstrumentedAttribute[Any]
    ],
    pairs: Collection[tuple[str, str]],
) -> ColumnElement[bool]:
    """Say whether the two columns, of texts, have one of the pairs: an agency and what it calls something."""
    if session.get_bind().dialect.name != "postgresql":
        return tuple_(*columns).in_(list(pairs))
    of = ARRAY(String)
    given = (
        func.unnest(literal([first for first, _ in pairs], of), literal([second for _, second in pairs], of))
        .table_valued("one", "other", name="given")
        .render_derived()
    )
    return tuple_(*columns).in_(select(given.c.one, given.c.other))
