"""Sessions that read, and sessions that write, with what must hold around each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import structlog
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, SessionTransaction

from shared.db.failures import DatabaseAway, refuses_connections
from shared.db.limits import DEFAULT_LIMITS, Limits
from shared.db.postgresql import postgresql_engines, reach_out
from shared.db.sqlite import sqlite_engines
from shared.db.tenancy import NO_AGENCY, Reader, reach_of

if TYPE_CHECKING:
    from shared.settings import Settings

T = TypeVar("T")
BeforeCommit = Callable[[AsyncSession], Awaitable[None]]
AfterCommit = Callable[[], None]

DIALECT = "dossier.dialect"
"""Under this name a session knows which engine it is on: looking for it in the session's own ways takes long."""

_BEFORE = "dossier.before_commit"
_LAST = "dossier.last_before_commit"
_AFTER = "dossier.after_commit"
_REACH = "dossier.reach"

log = structlog.get_logger(__name__)


def on_before_commit(session: AsyncSession, hook: BeforeCommit, *, last: bool = False) -> None:
    """Run `hook(session)` inside the transaction, just before it commits; an error there rolls back.

    With `last` it runs when no other hook is left, those included that hooks register.
    """
    session.info.setdefault(_LAST if last else _BEFORE, []).append(hook)


def on_after_commit(session: AsyncSession, hook: AfterCommit) -> None:
    """Run `hook()` once the transaction is durable. Its errors are logged: nothing can be undone by then."""
    session.info.setdefault(_AFTER, []).append(hook)


def normalise_url(url: str) -> URL:
    """Add the asynchronous driver to a plain `postgresql://` or `sqlite://` URL."""
    parsed = make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+asyncpg")
    if parsed.drivername == "sqlite":
        return parsed.set(drivername="sqlite+aiosqlite")
    return parsed


def database_setting(service: str) -> str:
    """Name the setting that says where a service's database is."""
    return f"DOSSIER_{service.upper()}_DATABASE_URL"


class Database:
    """One service's database.

    SQLite allows one writer at a time: writes queue on a lock here, in order, rather than polling on the busy
    timeout, and begin with BEGIN IMMEDIATE, so that a transaction cannot fail half-way for want of the write
    lock. Readers have connections of their own, which refuse to write, and in WAL mode never wait for a writer.
    """

    def __init__(self, url: str, limits: Limits = DEFAULT_LIMITS, *, setting: str = "") -> None:
        """Prepare the engines; nothing is opened before the first session.

        `limits` are for PostgreSQL. `setting` is the name of the setting that the URL comes from: it is what an
        operator is told when the database does not answer.
        """
        self.setting = setting
        self.url = normalise_url(url)
        self._listeners: list[AfterCommit] = []
        self._writing: asyncio.Task[object] | None = None
        backend = self.url.get_backend_name()
        self._writer: asyncio.Lock | nullcontext[None]
        self.dialect: Literal["sqlite", "postgresql"]
        if backend == "sqlite":
            self.dialect = "sqlite"
            self._writer = asyncio.Lock()
            self._write_engine, self._read_engine = sqlite_engines(self.url)
        elif backend == "postgresql":
            self.dialect = "postgresql"
            self._writer = nullcontext()
            self._write_engine, self._read_engine = postgresql_engines(self.url, limits)
        else:
            message = f"a database must be PostgreSQL or SQLite, not {backend}"
            raise ValueError(message)
        kind = _ReachingSession if self.dialect == "postgresql" else Session
        self._write_sessions = async_sessionmaker(
            self._write_engine, class_=WholeStatements, expire_on_commit=False, sync_session_class=kind
        )
        self._read_sessions = async_sessionmaker(
            self._read_engine,
            class_=WholeStatements,
            expire_on_commit=False,
            autoflush=False,
            sync_session_class=kind,
        )

    @classmethod
    def of(cls, settings: Settings, service: str) -> Database:
        """Make the database of a service as the settings name and limit it."""
        return cls(
            settings.database_url_of(service), settings.database_limits, setting=database_setting(service)
        )

    @property
    def engine(self) -> AsyncEngine:
        """The engine that may write: for migrations and for locks that span transactions."""
        return self._write_engine

    def on_every_commit(self, hook: AfterCommit) -> None:
        """Run `hook()` after each commit from now on: how a relay learns that there is something to publish."""
        self._listeners.append(hook)

    @asynccontextmanager
    async def read(self, reader: Reader) -> AsyncIterator[AsyncSession]:
        """Open a session on one consistent snapshot. Writing through it is an error of the engine.

        On PostgreSQL it sees the rows of the reader's agencies and no others, whatever is asked.
        """
        session = self._session(self._read_sessions, reader)
        try:
            yield session
        finally:
            await uninterrupted(session.close())

    @asynccontextmanager
    async def write(self, reader: Reader) -> AsyncIterator[AsyncSession]:
        """Open a session whose transaction commits at the end of the block, and rolls back on any error.

        On PostgreSQL it sees, changes and adds rows of the reader's agencies and no others.
        Beginning, committing and rolling back are shielded: a cancelled task never leaves a transaction open
        or a connection behind. When a cancellation arrives during the commit, the commit stands, its hooks
        run, and the cancellation goes on afterwards.
        """
        self._refuse_nesting()
        async with self._writer:
            self._writing = asyncio.current_task()
            session = self._session(self._write_sessions, reader)
            try:
                await whole(session.connection())
                for hook in self._listeners:
                    on_after_commit(session, hook)
                yield session
                await _run_before_commit(session)
                await uninterrupted(_commit(session))
            except BaseException:
                await uninterrupted(session.rollback())
                raise
            finally:
                self._writing = None
                await uninterrupted(session.close())

    def _session(self, sessions: async_sessionmaker[WholeStatements], reader: Reader) -> WholeStatements:
        session = sessions()
        session.info.update({_REACH: reach_of(reader), DIALECT: self.dialect})
        return session

    def _refuse_nesting(self) -> None:
        """On SQLite a second write inside the first would wait for itself for ever: say so instead."""
        if self.dialect == "sqlite" and self._writing is not None and self._writing is asyncio.current_task():
            message = "this task has a write session open already; pass that session on"
            raise RuntimeError(message)

    async def ping(self) -> None:
        """Ask the database for an answer; raises what the driver raises when there is none."""
        async with self.read(NO_AGENCY) as session:
            await session.execute(text("SELECT 1"))

    async def dispose(self) -> None:
        """Close all connections."""
        await uninterrupted(self._write_engine.dispose())
        await uninterrupted(self._read_engine.dispose())


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


class _ReachingSession(Session):
    """A session whose transactions begin with the reach of its reader."""


@event.listens_for(_ReachingSession, "after_begin")
def _reach_out(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    if not transaction.nested:
        reach_out(connection, session.info[_REACH])


async def _run_before_commit(session: AsyncSession) -> None:
    """Run hooks until none is left: a hook may register another one."""
    hooks: list[BeforeCommit] = session.info.setdefault(_BEFORE, [])
    last: list[BeforeCommit] = session.info.setdefault(_LAST, [])
    while hooks or last:
        await (hooks or last).pop(0)(session)


async def _commit(session: AsyncSession) -> None:
    await session.commit()
    for hook in session.info.pop(_AFTER, []):
        try:
            hook()
        except Exception:
            log.exception("database.after_commit_failed")
