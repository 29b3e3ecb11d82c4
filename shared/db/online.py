"""Changing a table that others are using: steps of a migration that hold no lock for long.

On PostgreSQL an ordinary CREATE INDEX stops every writer for as long as it takes; one made concurrently stops nobody, but
cannot be part of a transaction. Should it fail half-way, an invalid index is left behind, which the next attempt drops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

SET_LOCK_TIMEOUT: Final = "SET lock_timeout = '5s'"
"""A step that waits for a lock makes everybody wait who comes after it: better to fail, and to be run again."""


def create_index(
    operations: Any, name: str, table: str, columns: Sequence[Any], *, unique: bool = False, **options: Any
) -> None:
    """Make an index on a table that exists; `operations` is Alembic's `op`. Call it after all else in a script."""
    context = operations.get_context()
    if context.dialect.name != "postgresql":
        operations.create_index(name, table, columns, unique=unique, **options)
        return
    with _unhurried(operations):
        operations.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')
        operations.create_index(name, table, columns, unique=unique, postgresql_concurrently=True, **options)


def drop_index(operations: Any, name: str, table: str) -> None:
    """Drop an index that queries may be using."""
    context = operations.get_context()
    if context.dialect.name != "postgresql":
        operations.drop_index(name, table)
        return
    with _unhurried(operations):
        operations.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')


@contextmanager
def _unhurried(operations: Any) -> Iterator[None]:
    """Nobody waits for one who makes an index concurrently, so he may wait for everybody."""
    with operations.get_context().autocommit_block():
        operations.execute("SET lock_timeout = 0")
        yield
        operations.execute(SET_LOCK_TIMEOUT)
