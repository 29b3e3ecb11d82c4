"""Sessions that read from PostgreSQL. Where lookups are all that is asked, one is a connection with a transaction and no more.

Half of the processor time of a short reading went into what a session of SQLAlchemy is made of, and into waiting for the end
of a transaction that changes nothing. A session that is asked for anything else becomes a whole one, in the same transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import greenlet_spawn

from shared.db.row_security import set_reach
from shared.db.sessions import DIALECT, REACH, ReachingSession, WholeStatements, whole
from shared.db.steady import set_going, steadily
from shared.db.tenancy import EVERY_AGENCY, Reader, reach_of

ENDING_SECONDS: Final = 2.0
"""How long a stopping process waits for the last transactions to end; what has not ended by then loses its connection."""

log = structlog.get_logger(__name__)


class Held:
    """A connection of the pool, with a transaction that reads and has the reach of its reader."""

    __slots__ = ("adapted", "driver", "fairy")

    def __init__(self, fairy: Any) -> None:
        """Take a connection that was just checked out: the pool's, SQLAlchemy's and the driver's own view of it."""
        self.fairy = fairy
        self.adapted: Any = fairy.dbapi_connection
        self.driver: Any = fairy.driver_connection
        self.adapted.readonly = True

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

    async def end(self) -> None:
        """Roll back: nothing was changed."""
        await self.adapted._transaction.rollback()  # noqa: SLF001

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

    def failed(self, error: Exception) -> DBAPIError:
        """Give the error as SQLAlchemy tells it; a connection that the server closed is given up."""
        closed: bool = self.driver.is_closed()
        if closed:
            self.release(error)
        return DBAPIError(None, None, error, hide_parameters=True, connection_invalidated=closed)


class Endings:
    """Transactions of readers that are gone. The server is told at once; nobody waits for its answer but the connection.

    There are never more of them than connections in the pool, and a process that stops waits for all.
    """

    def __init__(self) -> None:
        """Nothing ends yet."""
        self._under_way: dict[Held, asyncio.Future[None]] = {}

    def end(self, held: Held) -> None:
        """End its transaction, then give the connection back."""
        if not held.begun:
            held.release()
            return
        over = self._under_way[held] = asyncio.get_running_loop().create_future()

        def ended(failure: BaseException | None) -> None:
            if failure is not None:
                log.warning("database.reading_did_not_end", error=type(failure).__name__)
            held.release(failure)
            self._under_way.pop(held, None)
            if not over.done():
                over.set_result(None)

        set_going(held.end(), ended)

    async def settled(self, seconds: float = ENDING_SECONDS) -> None:
        """Wait until all have ended; the connections of those that take too long are cut off."""
        if self._under_way:
            await asyncio.wait(list(self._under_way.values()), timeout=seconds)
        for held in list(self._under_way):
            held.release(TimeoutError())
            del self._under_way[held]


class Reading(WholeStatements):
    """A session that reads: a held connection, or, once something else than a lookup is asked, a whole session on it."""

    def __init__(self, engine: AsyncEngine, reader: Reader, endings: Endings) -> None:
        """Take nothing from the pool before something is asked."""
        self._engine = engine
        self._endings = endings
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
        options: dict[str, Any] = {"expire_on_commit": False, "autoflush": False, "info": self._info}
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

    @property
    def light(self) -> bool:
        """Whether a lookup may go to the driver at once: nothing else holds a transaction, and nobody listens."""
        if self._engine.sync_engine.dispatch.before_cursor_execute:
            return False
        return self._held is not None or "sync_session" not in self.__dict__

    async def fetch(self, sql: str, parameters: Sequence[Any]) -> Sequence[Any]:
        """Ask the driver, where `light`."""
        held = self._held
        if held is None:
            held = await whole(self._take())
        try:
            if not held.begun:
                await steadily(held.begin(self._info[REACH]))
            found: Sequence[Any] = await steadily(held.driver.fetch(sql, *parameters))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, held.adapted.dbapi.Error) as error:
            raise held.failed(error) from error
        return found

    async def _take(self) -> Held:
        """Take a connection, and keep it here: who is cancelled meanwhile never sees it, and must give it back."""
        self._held = Held(await greenlet_spawn(self._engine.sync_engine.raw_connection))
        return self._held

    async def narrow(self, reader: Reader, said: str | None = None) -> None:
        """See no further than this reader from now on. Only who may see everything can be held to less."""
        if self._info[REACH] != EVERY_AGENCY.value:
            message = "the reach of a session only becomes less"
            raise RuntimeError(message)
        await super().narrow(reader)
        if said == self._info[REACH]:
            return
        held = self._held
        if held is None and "sync_session" in self.__dict__ and self.in_transaction():
            connection: Any = await self.connection()
            held = Held(connection.sync_connection.connection)
        if held is None:
            return
        try:
            await steadily(held.say(self._info[REACH]))
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise held.failed(error) from error

    async def leave(self) -> None:
        """Close; what was never a whole session has nothing to wait for."""
        if "sync_session" in self.__dict__:
            await super().leave()
        else:
            await self.close()

    async def close(self) -> None:
        """Have the transaction ended, by nobody who is waited for."""
        held, self._held = self._held, None
        try:
            if "sync_session" in self.__dict__:
                await super().close()
        finally:
            if held is not None:
                self._endings.end(held)
