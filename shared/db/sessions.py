"""Sessions whose statements are whole, and whose transactions begin with the reach of their reader."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from shared.db.failures import DatabaseAway, refuses_connections
from shared.db.postgresql import reach_out
from shared.db.tenancy import Reader, reach_of

T = TypeVar("T")

DIALECT: Final = "dossier.dialect"
"""Under this name a session knows which engine it is on: looking for it in the session's own ways takes long."""

REACH: Final = "dossier.reach"

log = structlog.get_logger(__name__)


class WholeStatements(AsyncSession):
    """A session whose statements finish even when the caller is cancelled meanwhile; the cancellation goes on after.

    A statement that is cut short costs its connection: the driver closes it in a task that nobody holds, and with
    SQLite its thread stays behind. A browser that leaves its live stream cancels at any moment.
    """

    async def execute(self, *arguments: Any, **options: Any) -> Any:
        """Execute, whole."""
        return await whole(super().execute(*arguments, **options))

    async def scalar(self, *arguments: Any, **options: Any) -> Any:
        """Execute and give one value, whole."""
        return await whole(super().scalar(*arguments, **options))

    async def scalars(self, *arguments: Any, **options: Any) -> Any:
        """Execute and give the values, whole."""
        return await whole(super().scalars(*arguments, **options))

    async def get(self, *arguments: Any, **options: Any) -> Any:
        """Load by key, whole."""
        return await whole(super().get(*arguments, **options))

    async def flush(self, *arguments: Any, **options: Any) -> None:
        """Write what is pending, whole."""
        await whole(super().flush(*arguments, **options))

    async def narrow(self, reader: Reader, said: str | None = None) -> None:
        """See no further than this reader from now on, where a reach is held to at all: SQLite has none.

        `said` is what a statement has told the server already.
        """
        del said
        self.info[REACH] = reach_of(reader)

    async def take(self) -> object:
        """Take a connection before anything is asked."""
        return await whole(self.connection())

    def finish(self, work: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Commit, roll back or close, whole."""
        return uninterrupted(work)

    async def leave(self) -> None:
        """Close, whole."""
        await uninterrupted(self.close())

    async def __aexit__(self, *_: object) -> None:
        """Leave it."""
        await self.leave()


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Finish `work`; a connection that cannot be had is one kind of error, whatever the driver calls it."""
    try:
        return await uninterrupted(work)
    except Exception as error:
        if refuses_connections(error):
            raise DatabaseAway(type(error).__name__) from error
        raise


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Finish `work` whatever happens to the caller, then pass on the cancellation that came meanwhile."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if not task.cancelled():
                cancelled = error
        except Exception:  # noqa: BLE001 - what `work` raised; it is passed on below
            break
    if cancelled is not None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.warning("database.failed_while_cancelled", error=type(failure).__name__)
        raise cancelled
    return task.result()


class ReachingSession(Session):
    """A session whose transactions begin with the reach of its reader."""


@event.listens_for(ReachingSession, "after_begin")
def _reach_out(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    if not transaction.nested:
        reach_out(connection, session.info[REACH])
