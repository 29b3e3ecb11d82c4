"""Writing many rows that may exist already, the same on PostgreSQL and SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

from sqlalchemy import FromClause, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.dml import Insert

from shared.db.documents import to_json
from shared.db.lookup import fetch
from shared.db.sessions import DIALECT

Target = Table | type[DeclarativeBase]
Rows = Iterable[Mapping[str, Any]]

_POSTGRESQL: Final = asyncpg.dialect(json_serializer=to_json)  # type: ignore[no-untyped-call]
"""How values become what the driver takes: as the engines of `postgresql.py` have it."""


def upsert(dialect: str, table: Target, rows: Rows, key_columns: Sequence[str]) -> Insert:
    """Insert rows, and replace those whose key exists.

    Every row must have the same columns, and a key may stand only once among them. Columns are named by their database names.
    """
    target = table_of(table)
    values = [dict(row) for row in rows]
    _check(values, key_columns)
    replaced = [name for name in values[0] if name not in key_columns]
    if dialect == "postgresql":
        statement = postgresql.insert(target).values(_rows(values))
        if not replaced:
            return statement.on_conflict_do_nothing(index_elements=list(key_columns))
        return statement.on_conflict_do_update(
            index_elements=list(key_columns),
            set_={name: statement.excluded[name] for name in replaced},
        )
    lite = sqlite.insert(target).values(_rows(values))
    if not replaced:
        return lite.on_conflict_do_nothing(index_elements=list(key_columns))
    return lite.on_conflict_do_update(
        index_elements=list(key_columns),
        set_={name: lite.excluded[name] for name in replaced},
    )


def insert_ignore(dialect: str, table: Target, rows: Rows, key_columns: Sequence[str]) -> Insert:
    """Insert rows and leave those alone whose key exists.

    `.returning(key)` gives the new ones only: the inbox tells by it what is a duplicate.
    """
    values = [dict(row) for row in rows]
    _check(values, key_columns)
    if dialect == "postgresql":
        return (
            postgresql.insert(table_of(table))
            .values(_rows(values))
            .on_conflict_do_nothing(index_elements=list(key_columns))
        )
    return (
        sqlite.insert(table_of(table))
        .values(_rows(values))
        .on_conflict_do_nothing(index_elements=list(key_columns))
    )


async def write_many(
    session: AsyncSession,
    table: Target,
    rows: Sequence[Mapping[str, Any]],
    key_columns: Sequence[str],
    *,
    replace: bool = False,
    guard: str | None = None,
) -> None:
    """Write many rows at once, in their order; those whose key exists are left alone, or replaced with `replace`.

    With `replace` a key may stand only once among the rows, and with `guard` a row is only replaced by one with a greater value in
    that column (a sequence), so that replay and reordering are harmless; without key columns a row that exists is an error. On
    PostgreSQL it is one statement with an array per column, put together once for all times, that goes to the driver at once;
    elsewhere one statement executed for a list. A long VALUES list is compiled anew for each length.
    """
    if not rows:
        return
    shape = Shape(table_of(table), tuple(rows[0]), tuple(key_columns), replace=replace, guard=guard)
    if session.info[DIALECT] == "postgresql":
        arrays = arrays_of(shape)
        await fetch(session, arrays.alone, arrays.parameters(rows))
        return
    await session.execute(_listed(shape), [dict(row) for row in rows])


async def write_new(
    session: AsyncSession,
    table: Target,
    rows: Sequence[Mapping[str, Any]],
    key_columns: Sequence[str],
    *,
    giving: str,
) -> set[Any]:
    """Write many rows and leave those alone whose key exists; gives a column of those that were new."""
    if not rows:
        return set()
    shape = Shape(table_of(table), tuple(rows[0]), tuple(key_columns))
    if session.info[DIALECT] == "postgresql":
        arrays = arrays_of(shape)
        returning = f"{arrays.alone} RETURNING {_quote(giving)}"
        return {row[giving] for row in await fetch(session, returning, arrays.parameters(rows))}
    statement = _listed(shape).returning(shape.target.c[giving])
    return set(await session.scalars(statement, [dict(row) for row in rows]))


@dataclass(frozen=True, slots=True)
class Shape:
    """What an insert of many rows is put together for."""

    target: Table
    names: tuple[str, ...]
    keys: tuple[str, ...]
    replace: bool = False
    guard: str | None = None

    @property
    def replaced(self) -> tuple[str, ...]:
        """Columns that a row which exists gets anew."""
        return tuple(name for name in self.names if name not in self.keys) if self.replace else ()


@dataclass(frozen=True, eq=False)
class Arrays:
    """An insert that takes a column at a time, and how each column's values become what the driver takes."""

    before: str
    kinds: tuple[str, ...]
    after: str
    columns: tuple[tuple[str, Callable[[Any], Any] | None], ...]

    def text(self, first: int) -> str:
        """The insert, with its parameters counted from `first`."""
        casts = (f"CAST(${number} AS {kind}[])" for number, kind in enumerate(self.kinds, start=first))
        return f"{self.before}{', '.join(casts)}{self.after}"

    @cached_property
    def alone(self) -> str:
        """The insert as a statement of its own."""
        return self.text(1)

    def parameters(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """Turn rows into one list for each column."""
        return [
            [row[name] for row in rows] if process is None else [process(row[name]) for row in rows]
            for name, process in self.columns
        ]


@cache
def arrays_of(shape: Shape) -> Arrays:
    """Write the insert. Texts go over without their length: a cast to one would cut what is too long instead of refusing it."""
    columns = [shape.target.c[name] for name in shape.names]
    kinds = [one.type.compile(dialect=_POSTGRESQL) for one in columns]
    names = ", ".join(map(_quote, shape.names))
    replaced = [f"{_quote(name)} = excluded.{_quote(name)}" for name in shape.replaced]
    action = f"DO UPDATE SET {', '.join(replaced)}" if replaced else "DO NOTHING"
    target = _quote(shape.target.name)
    if replaced and shape.guard is not None:
        action += f" WHERE excluded.{_quote(shape.guard)} > {target}.{_quote(shape.guard)}"
    conflict = f" ON CONFLICT ({', '.join(map(_quote, shape.keys))}) {action}" if shape.keys else ""
    processors = [one.type.dialect_impl(_POSTGRESQL).bind_processor(_POSTGRESQL) for one in columns]
    return Arrays(
        before=f"INSERT INTO {target} ({names}) SELECT {names} FROM unnest(",  # noqa: S608 - names of our own tables
        kinds=tuple("TEXT" if kind.startswith("VARCHAR") else kind for kind in kinds),
        after=f") WITH ORDINALITY AS given ({names}, its_place) ORDER BY its_place{conflict}",
        columns=tuple(zip(shape.names, processors, strict=True)),
    )


@cache
def _listed(shape: Shape) -> sqlite.Insert:
    """The same for SQLite, to be executed for a list."""
    statement = sqlite.insert(shape.target)
    if shape.replaced:
        newer = None
        if shape.guard is not None:
            newer = statement.excluded[shape.guard] > shape.target.c[shape.guard]
        return statement.on_conflict_do_update(
            index_elements=list(shape.keys),
            set_={name: statement.excluded[name] for name in shape.replaced},
            where=newer,
        )
    return statement.on_conflict_do_nothing(index_elements=list(shape.keys)) if shape.keys else statement


def _quote(name: str) -> str:
    return _POSTGRESQL.identifier_preparer.quote(name)


def table_of(table: Target) -> Table:
    """Give the table of a model."""
    if isinstance(table, Table):
        return table
    found: FromClause = table.__table__
    if not isinstance(found, Table):
        message = f"{table.__name__} is not mapped to a table"
        raise TypeError(message)
    return found


def _rows(values: list[dict[str, Any]]) -> list[dict[str, Any]] | dict[str, Any]:
    """A single row in the form whose compiled statement SQLAlchemy can keep: compiling costs more than running."""
    return values[0] if len(values) == 1 else values


def _check(values: list[dict[str, Any]], key_columns: Sequence[str]) -> None:
    if not values:
        message = "no rows to write"
        raise ValueError(message)
    columns = values[0].keys()
    if any(row.keys() != columns for row in values):
        message = "every row of an upsert must have the same columns"
        raise ValueError(message)
    if len({tuple(row[name] for name in key_columns) for row in values}) != len(values):
        message = "a key stands twice in one upsert"
        raise ValueError(message)
