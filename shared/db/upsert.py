"""Writing many rows that may exist already, the same on PostgreSQL and SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import FromClause, Table, TextClause, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.dml import Insert

Target = Table | type[DeclarativeBase]
Rows = Iterable[Mapping[str, Any]]


def upsert(dialect: str, table: Target, rows: Rows, key_columns: Sequence[str]) -> Insert:
    """Insert rows, and replace those whose key exists.

    Every row must have the same columns, and a key may stand only once among them. Columns are named by their database names.
    """
    target = _table(table)
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
            postgresql.insert(_table(table))
            .values(_rows(values))
            .on_conflict_do_nothing(index_elements=list(key_columns))
        )
    return (
        sqlite.insert(_table(table))
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
    """Insert many rows at once, in their order; those whose key exists are left alone, or replaced with `replace`.

    With `replace` a key may stand only once among the rows, and with `guard` a row is only replaced by one with a greater value in
    that column (a sequence), so that replay and reordering are harmless; without key columns a row that exists is an error. On
    PostgreSQL it is one statement with an array per column, compiled once for all times; elsewhere one statement executed for a
    list. A long VALUES list is compiled anew for each length.
    """
    if not rows:
        return
    target = _table(table)
    dialect = session.get_bind().dialect
    if dialect.name == "postgresql":
        arrays = _arrays(target, tuple(rows[0]), tuple(key_columns), dialect, replace=replace, guard=guard)
        await session.execute(arrays.statement, arrays.parameters(rows))
        return
    statement = sqlite.insert(target)
    replaced = {name: statement.excluded[name] for name in rows[0] if name not in key_columns}
    if replace and replaced:
        newer = None if guard is None else statement.excluded[guard] > target.c[guard]
        statement = statement.on_conflict_do_update(
            index_elements=list(key_columns), set_=replaced, where=newer
        )
    elif key_columns:
        statement = statement.on_conflict_do_nothing(index_elements=list(key_columns))
    await session.execute(statement, [dict(row) for row in rows])


@dataclass(frozen=True)
class _Arrays:
    """An insert that takes a column at a time, and how each column's values become what the driver takes."""

    statement: TextClause
    columns: tuple[tuple[str, Callable[[Any], Any] | None], ...]

    def parameters(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        return {
            name: [row[name] for row in rows] if process is None else [process(row[name]) for row in rows]
            for name, process in self.columns
        }


@cache
def _arrays(
    target: Table,
    names: tuple[str, ...],
    keys: tuple[str, ...],
    dialect: Dialect,
    *,
    replace: bool,
    guard: str | None,
) -> _Arrays:
    """Write the insert. Texts go over without their length: a cast to one would cut what is too long instead of refusing it."""
    quote = dialect.identifier_preparer.quote
    columns = [target.c[name] for name in names]
    kinds = [one.type.compile(dialect=dialect) for one in columns]
    casts = [
        f"CAST(:{name} AS {'TEXT' if kind.startswith('VARCHAR') else kind}[])"
        for name, kind in zip(names, kinds, strict=True)
    ]
    quoted = ", ".join(quote(name) for name in names)
    replaced = [f"{quote(name)} = excluded.{quote(name)}" for name in names if name not in keys]
    action = f"DO UPDATE SET {', '.join(replaced)}" if replace and replaced else "DO NOTHING"
    if replace and replaced and guard is not None:
        action += f" WHERE excluded.{quote(guard)} > {quote(target.name)}.{quote(guard)}"
    conflict = f" ON CONFLICT ({', '.join(quote(name) for name in keys)}) {action}" if keys else ""
    statement = text(
        f"INSERT INTO {quote(target.name)} ({quoted})"  # noqa: S608 - names of our own tables
        f" SELECT {quoted} FROM unnest({', '.join(casts)}) WITH ORDINALITY AS given ({quoted}, its_place) ORDER BY its_place"
        f"{conflict}"
    )
    processors = [one.type.dialect_impl(dialect).bind_processor(dialect) for one in columns]
    return _Arrays(statement, tuple(zip(names, processors, strict=True)))


def _table(table: Target) -> Table:
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
