"""The engines of a PostgreSQL database: one pool, as few round trips as a transaction can have.

A page has four transactions at most and a dozen statements; what surrounded them (asking whether the connection lives, BEGIN,
the reach of row-level security) was more round trips than the statements themselves.
"""

from __future__ import annotations

import time
from typing import Any, Final

import asyncpg
import orjson
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.db.documents import to_json
from shared.db.limits import Limits
from shared.db.row_security import set_reach

ASK_AFTER_SECONDS: Final = 5.0
"""A connection that rested longer is asked whether it lives. One that the server closed is known without asking."""

_RESTED: Final = "dossier.rested"


class ReachingConnection(asyncpg.Connection):
    """A connection whose next transaction begins and says its reach in one round trip."""

    __slots__ = ("opening",)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Nothing is to be said yet."""
        super().__init__(*arguments, **options)
        self.opening = ""

    async def execute(self, query: str, *arguments: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109
        """Execute; what is to be said at the beginning of a transaction goes along with its BEGIN, and is said once."""
        if self.opening and query.startswith("BEGIN"):
            query, self.opening = f"{query}{self.opening}", ""
        status: str = await super().execute(query, *arguments, timeout=timeout)
        return status


def postgresql_engines(url: URL, limits: Limits) -> tuple[AsyncEngine, AsyncEngine]:
    """Give the engine that writes and the one that reads; both take from one pool."""
    writer = create_async_engine(
        url,
        pool_size=limits.pool_size,
        max_overflow=0,
        pool_timeout=limits.pool_timeout,
        hide_parameters=True,
        connect_args={**limits.connect_arguments(), "connection_class": ReachingConnection},
        json_serializer=to_json,
        json_deserializer=orjson.loads,
    )
    event.listen(writer.sync_engine, "checkin", _rest)
    event.listen(writer.sync_engine, "checkout", _require_life)
    return writer, writer.execution_options(postgresql_readonly=True)


def reach_out(connection: Connection, reach: str) -> None:
    """Have the transaction that begins with the next statement told whose rows there are, for itself alone.

    Nothing is left on a pooled connection: the setting ends with the transaction. One that has begun was told already.
    """
    adapted: Any = connection.connection.dbapi_connection
    if adapted._transaction is None:  # noqa: SLF001 - it begins with its first statement, for which nobody is called
        adapted.driver_connection.opening = set_reach(reach)


def _rest(connection: Any, record: Any) -> None:
    if connection is not None:
        connection.driver_connection.opening = ""
        record.info[_RESTED] = time.monotonic()


def _require_life(connection: Any, record: Any, _proxy: object) -> None:
    """Take no connection that is dead: the pool then opens another one, and forgets those that are older."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
    rested = record.info.get(_RESTED)
    if rested is None or time.monotonic() - rested < ASK_AFTER_SECONDS:
        return
    try:
        connection.ping()
    except (DBAPIError, connection.dbapi.Error, OSError) as error:
        raise InvalidatePoolError from error
