"""Sessions that are a connection with a transaction and no more, on PostgreSQL, as long as lookups are all that is asked.

Half of the processor time of a short reading went into what a session of SQLAlchemy is made of. A session that is asked for
anything else becomes a whole one, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import greenlet_spawn

from shared.db.failures import driver_error
from shared.db.row_security import set_reach
from shared.db.sessions import DIALECT, REACH, ReachingSession, WholeStatements, whole
from shared.db.steady import steadily
from shared.db.tenancy import Reader, reach_of


class Held:
    """A connection of the pool, with a transaction that has the reach of its reader."""

    __slots__ = ("adapted", "driver", "fairy")

    def __init__(self, fairy: Any, *, reads: bool) -> None:
        """Take a connection that was just checked out: the pool's, SQLAlchemy's and the driver's own view of it."""
        self.fairy = fairy
        self.adapted: Any = fairy.dbapi_connection
        self.driver: Any = fairy.driver_connection
        self.adapted.readonly = reads

    @property
    def begun(self) -> bool:
        """Whether the transaction is open."""
        return self.adapted._transaction is not None  # noqa: SLF001 - it stands there for SQLAlchemy to end it

    async def begin(self, reach: str) -> None:
        """Begin, and say the reach, in one round trip."""
        self.driver.opening = set_reach(reach)
        await self.adapted._start_transaction()  # noqa: SLF001

    async def say(self, reach: str) -> None:
        """Say another reach, in a transaction that has begun or is about to."""
        if self.begun:
            await self.driver.execute(set_reach(reach))
        else:
            self.driver.opening = set_reach(reach)

    async def commit(self) -> None:
        """Commit."""
        transaction, self.adapted._transaction = self.adapted._transaction, None  # noqa: SLF001
        await transaction.commit()

    async def roll_back(self) -> None:
        """Roll back."""
        transaction, self.adapted._transaction = self.adapted._transaction, None  # noqa: SLF001
        await transaction.rollback()

    def release(self, failure: BaseException | None = None) -> None:
        """Give the connection back to the pool; one that failed, or that the server closed, is given up."""
        if self.fairy.dbapi_connection is None:
            return  # given up before
        self.adapted._transaction = None  # noqa: SLF001
        self.adapted.readonly = False
        if failure is not None or self.driver.is_closed():
            self.fairy.invalidate(failure)
        else:
            self.fairy.close()

    def failed(self, error: Exception) -> Exception:
        """Give the error as SQLAlchemy tells it; a connection that the server closed is given up."""
        closed: bool = self.driver.is_closed()
        if closed:
            self.release(error)
        return driver_error(self.adapted.dbapi, error, closed=closed)


class HeldSession(WholeStatements):
    """A held connection, or, once something else than a lookup is asked, a whole session on it."""

    READS: ClassVar[bool]

    def __init__(self, engine: AsyncEngine, reader: Reader) -> None:
        """Take nothing from the pool before something is asked."""
        self._engine = engine
        self._held: Held | None = None
        self._info: dict[Any, Any] = {REACH: reach_of(reader), DIALECT: "postgresql"}

    def __getattr__(self, name: str) -> Any:
        """Become a whole session with the first use of one, in the transaction that has begun."""
        if name not in {"sync_session", "_proxied"}:
            raise AttributeError(name)
        engine: Any = self._engine
        bind = engine
        if self._held is not None:
            bind = AsyncConnection(engine, Connection(engine.sync_engine, self._held.fairy))
        options: dict[str, Any] = {"expire_on_commit": False, "autoflush": not self.READS, "info": self._info}
        super().__init__(bind, sync_session_class=ReachingSession, **options)
        self.sync_session.info = self._info
        return self.sync_session

    @property
    def info(self) -> dict[Any, Any]:
        """What is kept with the session."""
        return self._info

    def get_bind(self, *_: Any, **__: Any) -> Any:
        """The engine, which nobody needs a whole session for."""
        return self._engine.sync_engine

    def in_nested_transaction(self) -> bool:
        """Whether a savepoint is open: nobody opens one but in a whole session."""
        return self.is_whole and super().in_nested_transaction()

    @property
    def light(self) -> bool:
        """Whether a lookup may go to the driver at once: nothing else holds a transaction, and nobody listens.

        One that may write goes the way of all else once there is a whole session: only that knows where its savepoints begin.
        """
        if self._engine.sync_engine.dispatch.before_cursor_execute:
            return False
        return not self.is_whole or (self.READS and self._held is not None)

    @property
    def is_whole(self) -> bool:
        """Whether anything but lookups was asked."""
        return "sync_session" in self.__dict__

    async def fetch(self, sql: str, parameters: Sequence[Any]) -> Sequence[Any]:
        """Ask the driver, where `light`."""
        held = self._held or await self.take()
        try:
            if not held.begun:
                await steadily(held.begin(self._info[REACH]))
            found: Sequence[Any] = await steadily(held.driver.fetch(sql, *parameters))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, held.adapted.dbapi.Error) as error:
            raise held.failed(error) from error
        return found

    async def take(self) -> Held:
        """Take a connection."""
        held: Held = await whole(self._take())
        return held

    async def _take(self) -> Held:
        """Keep it here: who is cancelled meanwhile never sees it, and must give it back."""
        fairy = await greenlet_spawn(self._engine.sync_engine.raw_connection)
        self._held = Held(fairy, reads=self.READS)
        return self._held
