"""Sessions that read, and sessions that write, with what must hold around each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

import structlog
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from shared.db.limits import DEFAULT_LIMITS, Limits
from shared.db.postgresql import postgresql_engines
from shared.db.reading import Endings, Reading
from shared.db.sessions import DIALECT, REACH, WholeStatements, uninterrupted
from shared.db.sqlite import sqlite_engines
from shared.db.tenancy import NO_AGENCY, Reader, reach_of
from shared.db.writing import Writing

if TYPE_CHECKING:
    from shared.settings import Settings

BeforeCommit = Callable[[AsyncSession], Awaitable[None]]
AfterCommit = Callable[[], None]

_BEFORE = "dossier.before_commit"
_LAST = "dossier.last_before_commit"
_AFTER = "dossier.after_commit"
_LISTENERS = "dossier.on_publication"

log = structlog.get_logger(__name__)


def on_before_commit(session: AsyncSession, hook: BeforeCommit, *, last: bool = False) -> None:
    """Run `hook(session)` inside the transaction, just before it commits; an error there rolls back.

    With `last` it runs when no other hook is left, those included that hooks register.
    """
    session.info.setdefault(_LAST if last else _BEFORE, []).append(hook)


def on_after_commit(session: AsyncSession, hook: AfterCommit) -> None:
    """Run `hook()` once the transaction is durable. Its errors are logged: nothing can be undone by then."""
    session.info.setdefault(_AFTER, []).append(hook)


def leaves_something_to_publish(session: AsyncSession) -> None:
    """Have those told who listen for it, once the transaction is durable. Most transactions leave nothing."""
    for hook in session.info.get(_LISTENERS, ()):
        on_after_commit(session, hook)


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
        self._endings = Endings()
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
        self._write_sessions, self._read_sessions = (
            async_sessionmaker(engine, class_=WholeStatements, expire_on_commit=False, autoflush=writes)
            for engine, writes in ((self._write_engine, True), (self._read_engine, False))
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

    def on_publication(self, hook: AfterCommit) -> None:
        """Run `hook()` after each commit that leaves something to publish: how a relay learns of it."""
        self._listeners.append(hook)

    def read(self, reader: Reader) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a session on one consistent snapshot. Writing through it is an error of the engine.

        On PostgreSQL it sees the rows of the reader's agencies and no others, whatever is asked; the end of its
        transaction is not waited for.
        """
        return self.reading(reader)

    def reading(self, reader: Reader) -> WholeStatements:
        """Give such a session to somebody who leaves it himself, whatever happens, and may narrow it before."""
        if self.dialect == "postgresql":
            return Reading(self._read_engine, reader, self._endings)
        return self._session(self._read_sessions, reader)

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
            session = self._writing_for(reader)
            try:
                await session.take()
                session.info[_LISTENERS] = self._listeners
                yield session
                await _run_before_commit(session)
                await session.finish(_commit(session))
            except BaseException:
                await session.finish(session.rollback())
                raise
            finally:
                self._writing = None
                await session.finish(session.close())

    def _writing_for(self, reader: Reader) -> WholeStatements:
        if self.dialect == "postgresql":
            return Writing(self._write_engine, reader)
        return self._session(self._write_sessions, reader)

    def _session(self, sessions: async_sessionmaker[WholeStatements], reader: Reader) -> WholeStatements:
        session = sessions()
        session.info.update({REACH: reach_of(reader), DIALECT: self.dialect})
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

    async def settled(self) -> None:
        """Wait until the transactions of readers that are gone have ended, and their connections are in the pool again."""
        await uninterrupted(self._endings.settled())

    async def dispose(self) -> None:
        """Close all connections."""
        await self.settled()
        await uninterrupted(self._write_engine.dispose())
        await uninterrupted(self._read_engine.dispose())


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
