"""The engines of a database in a file: one that writes, and readers beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.db.documents import to_json

_BUSY_TIMEOUT_SECONDS: Final = 10
_READERS: Final = 4


def sqlite_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """Give the engine that writes and the one that reads."""
    if not url.database or url.database == ":memory:":
        message = "SQLite in memory has one connection only; name a file"
        raise ValueError(message)
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # isolation_level None switches off the driver's own idea of when to begin, which is never before a SELECT
    # and never before SAVEPOINT; the "begin" events below begin instead.
    arguments = {"isolation_level": None, "timeout": _BUSY_TIMEOUT_SECONDS}
    common: dict[str, Any] = {
        "max_overflow": 0,
        "pool_timeout": 30,
        "connect_args": arguments,
        "hide_parameters": True,
        "json_serializer": to_json,
    }
    writer = create_async_engine(url, pool_size=1, **common)
    reader = create_async_engine(url, pool_size=_READERS, **common)
    event.listen(writer.sync_engine, "connect", _prepare_writer)
    event.listen(reader.sync_engine, "connect", _prepare_reader)
    event.listen(writer.sync_engine, "begin", _begin_immediate)
    event.listen(reader.sync_engine, "begin", _begin)
    return writer, reader


def _prepare_writer(connection: Any, _record: object) -> None:
    _pragmas(connection, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def _prepare_reader(connection: Any, _record: object) -> None:
    _pragmas(connection, "journal_mode=WAL", "query_only=ON")


def _pragmas(connection: Any, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={_BUSY_TIMEOUT_SECONDS * 1000}", *pragmas):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
