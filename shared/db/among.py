"""A column, or two, among many values: arrays on PostgreSQL, a list or a document elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import ColumnElement, String, TableValuedAlias, any_, bindparam, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from shared.db.sessions import DIALECT

Column = ColumnElement[Any] | InstrumentedAttribute[Any]
_PARTS = ("one", "other")


def dialect_of(session: AsyncSession) -> str:
    """Which engine a session is on: `postgresql` or `sqlite`."""
    return str(session.info[DIALECT])


def among(
    session: AsyncSession,
    column: Column,
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
    session: AsyncSession,
    columns: tuple[Column, Column],
    pairs: Collection[tuple[str, str]],
) -> ColumnElement[bool]:
    """Say whether the two columns, of texts, have one of the pairs: an agency and what it calls something.

    On SQLite they come as one JSON document, for of a list of pairs it reads the whole table.
    """
    if dialect_of(session) == "postgresql":
        first, second = ([pair[place] for pair in pairs] for place in (0, 1))
        return _one_of(columns, "postgresql", *(literal(one, ARRAY(String)) for one in (first, second)))
    return _one_of(columns, "sqlite", literal(_document(pairs)))


def named_among(dialect: str, column: Column, name: str, of: Any = String) -> ColumnElement[bool]:
    """Say the same as `among` in a `Lookup`, of values that are given under a name."""
    if dialect == "postgresql":
        return column.in_(select(func.unnest(bindparam(name, type_=ARRAY(of)))))
    return column.in_(bindparam(name, expanding=True))


def named_pairs_among(dialect: str, columns: tuple[Column, Column], name: str) -> ColumnElement[bool]:
    """Say the same as `pairs_among` in a `Lookup`, of pairs that are given under a name by `given_pairs`."""
    if dialect == "postgresql":
        arrays = (bindparam(f"{name}_{part}", type_=ARRAY(String)) for part in _PARTS)
        return _one_of(columns, dialect, *arrays)
    return _one_of(columns, dialect, bindparam(name, type_=String()))


def given_pairs(session: AsyncSession, name: str, pairs: Collection[tuple[str, str]]) -> dict[str, Any]:
    """Give the values of a `Lookup` that has `named_pairs_among`."""
    if session.info[DIALECT] != "postgresql":
        return {name: _document(pairs)}
    return {f"{name}_{part}": [pair[place] for pair in pairs] for place, part in enumerate(_PARTS)}


def _one_of(columns: tuple[Column, Column], dialect: str, *values: ColumnElement[Any]) -> ColumnElement[bool]:
    given: TableValuedAlias
    if dialect == "postgresql":
        given = func.unnest(*values).table_valued("one", "other", name="given").render_derived()
        return tuple_(*columns).in_(select(given.c.one, given.c.other))
    given = func.json_each(*values).table_valued("value", name="given")
    parts = (func.json_extract(given.c.value, f"$[{place}]") for place in (0, 1))
    return tuple_(*columns).in_(select(*parts))


def _document(pairs: Collection[tuple[str, str]]) -> str:
    return orjson.dumps(list(pairs)).decode()
