"""Sessions that read from PostgreSQL: the end of a transaction that changes nothing is not waited for."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.held import Held, HeldSession
from shared.db.sessions import REACH
from shared.db.steady import set_going, steadily
from shared.db.tenancy import EVERY_AGENCY, Reader

ENDING_SECONDS: Final = 2.0
"""How long a stopping process waits for the last transactions to end; what has not ended by then loses its connection."""

log = structlog.get_logger(__name__)


class Endings:
    """Transactions of readers that are gone. The server is told at once; nobody waits for its answer but the connection.

    There are never more of them than connections in the pool, and a process that stops waits for all.
    """

    def __init__(self) -> None:
        """Nothing ends yet."""
        self._under_way: dict[Held, asyncio.Future[None]] = {}

    def end(self, held: Held) -> None:
        """End its transaction, then give the connection back."""
        if not held.begun or held.driver.is_closed():
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

        set_going(held.roll_back(), ended)

    async def settled(self, seconds: float = ENDING_SECONDS) -> None:
        """Wait until all have ended; the connections of those that take too long are cut off."""
        if self._under_way:
            await asyncio.wait(list(self._under_way.values()), timeout=seconds)
        for held in list(self._under_way):
            held.release(TimeoutError())
            del self._under_way[held]


class Reading(HeldSession):
    """A session that reads."""

    READS = True

    def __init__(self, engine: AsyncEngine, reader: Reader, endings: Endings) -> None:
        """Take nothing yet; `endings` end what is begun."""
        super().__init__(engine, reader)
        self._endings = endings

    async def narrow(self, reader: Reader, said: str | None = None) -> None:
        """See no further than this reader from now on. Only who may see everything can be held to less."""
        if self._info[REACH] != EVERY_AGENCY.value:
            message = "the reach of a session only becomes less"
            raise RuntimeError(message)
        await super().narrow(reader)
        if said == self._info[REACH]:
            return
        held = self._held
        if held is None and self.is_whole and self.in_transaction():
            connection: Any = await self.connection()
            held = Held(connection.sync_connection.connection, reads=True)
        if held is None:
            return
        try:
            await steadily(held.say(self._info[REACH]))
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise held.failed(error) from error

    async def leave(self) -> None:
        """Close; what was never a whole session has nothing to wait for."""
        if self.is_whole:
            await super().leave()
        else:
            await self.close()

    async def close(self) -> None:
        """Have the transaction ended, by nobody who is waited for."""
        held, self._held = self._held, None
        try:
            if self.is_whole:
                await super().close()
        finally:
            if held is not None:
                self._endings.end(held)
