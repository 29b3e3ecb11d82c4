"""Sessions that write to PostgreSQL: whole ones only where more than lookups is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import asyncpg

from shared.db.held import Held, HeldSession
from shared.db.sessions import uninterrupted
from shared.db.steady import steadily

T = TypeVar("T")


class Writing(HeldSession):
    """A session that writes. Its transaction begins with its first statement, on a connection that was taken before."""

    READS = False

    def finish(self, work: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Commit, roll back or close, whole; a session of SQLAlchemy gives up what is broken in tasks with a timeout."""
        return uninterrupted(work) if self.is_whole else steadily(work)

    async def commit(self) -> None:
        """Commit what was done through the session and what lookups did: it is one transaction."""
        if self.is_whole:
            await super().commit()
        await self._end(Held.commit)

    async def rollback(self) -> None:
        """Undo all of it."""
        if self.is_whole:
            await super().rollback()
        await self._undo()

    async def close(self) -> None:
        """Give the connection back, with nothing left open."""
        held = self._held
        try:
            if self.is_whole:
                await super().close()
            await self._undo()
        finally:
            self._held = None
            if held is not None:
                held.release()

    async def _undo(self) -> None:
        """What the server closed is undone."""
        if self._held is not None and not self._held.driver.is_closed():
            await self._end(Held.roll_back)

    async def _end(self, ending: Callable[[Held], Awaitable[None]]) -> None:
        held = self._held
        if held is None or not held.begun:
            return
        try:
            await ending(held)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise held.failed(error) from error
