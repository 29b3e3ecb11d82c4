"""Sessions that read, and sessions that write, with what must hold around each of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import orjson
import structlog
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from shared.db.failures import DatabaseAway, refuses_connections
from shared.db.limits import DEFAULT_LIMITS, Limits
from shared.db.row_security import SET_REACH
from shared.db.tenancy import NO_AGENCY, Reader, reach_of

if TYPE_CHECKING:
    from shared.settings import Settings

T = TypeVar("T")
BeforeCommit = Callable[[AsyncSession], Awaitable[None]]
AfterCommit = Callable[[], None]

_BEFORE = "dossier.before_commit"
_AFTER = "dossier.after_commit"
_REACH = "dossier.reach"
_BUSY_TIMEOUT_SECONDS = 10
_READERS = 4

log = structlog.get_logger(__name__)


def on_before_commit(session: AsyncSession, hook: BeforeCommit) -> None:
    """Run `hook(session)` inside the transaction, just before it commits; an error there rolls back."""
    session.info.setdefault(_BEFORE, []).append(hook)


def on_after_commit(session: AsyncSession, hook: AfterCommit) -> None:
    """Run `hook()` once the transaction is durable. Its errors are logged: nothing can be undone by then."""
    session.info.setdefault(_AFTER, []).append(hook)


def to_json(value: Any) -> str:
    """Write a document as the database takes it. What orjson refuses (whole numbers beyond 64 bits) the standard library writes."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


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
            self._write_engine, self._read_engine = _sqlite_engines(self.url)
        elif backend == "postgresql":
            self.dialect = "postgresql"
            self._writer = nullcontext()
            self._write_engine = create_async_engine(
                self.url,
                pool_size=limits.pool_size,
                max_overflow=0,
                pool_timeout=limits.pool_timeout,
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args=limits.connect_arguments(),
                json_serializer=to_json,
                json_deserializer=orjson.loads,
            )
            self._read_engine = self._write_engine.execution_options(postgresql_readonly=True)
        else:
            message = f"a database must be PostgreSQL or SQLite, not {backend}"
            raise ValueError(message)
        self._write_sessions = async_sessionmaker(
            self._write_engine, class_=WholeStatements, expire_on_commit=False
        )
        self._read_sessions = async_sessionmaker(
            self._read_engine, class_=WholeStatements, expire_on_commit=False, autoflush=False
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
                await _at_database(session.connection())
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
        if self.dialect == "postgresql":
            session.info[_REACH] = reach_of(reader)
            event.listen(session.sync_session, "after_begin", _reach_out)
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
        return await _at_database(super().execute(*arguments, **options))

    async def scalar(self, *arguments: Any, **options: Any) -> Any:
        """Execute and give one value, whole."""
        return await _at_database(super().scalar(*arguments, **options))

    async def scalars(self, *arguments: Any, **options: Any) -> Any:
        """Execute and give the values, whole."""
        return await _at_database(super().scalars(*arguments, **options))

    async def get(self, *arguments: Any, **options: Any) -> Any:
        """Load by key, whole."""
        return await _at_database(super().get(*arguments, **options))

    async def flush(self, *arguments: Any, **options: Any) -> None:
        """Write what is pending, whole."""
        await _at_database(super().flush(*arguments, **options))


async def _at_database(work: Coroutine[Any, Any, T]) -> T:
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
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.warning("database.failed_while_cancelled", error=type(failure).__name__)
        raise cancelled
    return task.result()


def _reach_out(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Tell PostgreSQL, for this transaction alone, whose rows there are: nothing is left on a pooled connection."""
    if not transaction.nested:
        connection.exec_driver_sql(SET_REACH, (session.info[_REACH],))


async def _run_before_commit(session: AsyncSession) -> None:
    """Run hooks until none is left: a hook may register another one."""
    hooks: list[BeforeCommit] = session.info.get(_BEFORE, [])
    while hooks:
        await hooks.pop(0)(session)


async def _commit(session: AsyncSession) -> None:
    await session.commit()
    for hook in session.info.pop(_AFTER, []):
        try:
            hook()
        except Exception:
            log.exception("database.after_commit_failed")


def _sqlite_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
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
