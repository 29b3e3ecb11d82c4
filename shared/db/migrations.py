"""Running Alembic from code, the same way for every service and on both engines.

A service keeps `services/<service>/migrations/env.py` (three lines that call `run_environment`) and its
scripts in `versions/`. The template of a new script is `script.py.mako` beside this file. Alembic is imported
only where it is used: a service that merely checks its schema at start does not pay for it.
"""

from __future__ import annotations

import ast
import asyncio
import fcntl
import os
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import structlog
from sqlalchemy import Connection, MetaData, create_engine, event, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.db.database import normalise_url
from shared.db.online import SET_LOCK_TIMEOUT
from shared.db.row_security import SET_REACH
from shared.db.tenancy import EVERY_AGENCY
from shared.db.types import Identifier, JsonDocument, UtcDateTime

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import URL

VERSION_TABLE = "alembic_version"
TEMPLATE = Path(__file__).with_name("script.py.mako")
ADVISORY_LOCK = 0x444F5353
"""Any number that nothing else in these databases locks ("DOSS")."""

SchemaState = Literal["current", "behind", "ahead"]
T = TypeVar("T")

log = structlog.get_logger(__name__)


class SchemaNotCurrent(Exception):  # noqa: N818 - it is a state of the database, told in one sentence
    """The database does not have the schema that this code expects."""


def migrations_folder(service: str) -> Path:
    """Find a service's migrations beside its package, wherever that is installed."""
    spec = find_spec(f"services.{service}")
    if spec is None or not spec.submodule_search_locations:
        message = f"there is no service {service!r}"
        raise ValueError(message)
    return Path(next(iter(spec.submodule_search_locations))) / "migrations"


def migrate(service: str, url: str, revision: str = "head", folder: Path | None = None) -> None:
    """Bring a database to `revision`; nothing happens when it is there already.

    Two replicas that start together do not migrate at once: the second waits, then finds nothing to do.
    Starts an event loop of its own for asyncpg, so call it from a command or a thread; inside a loop there is
    `migrate_async`.
    """
    from alembic import command  # noqa: PLC0415 - see the module's docstring

    _alone_with(url, lambda connection: command.upgrade(_config(service, connection, folder), revision))


async def migrate_async(service: str, url: str, revision: str = "head", folder: Path | None = None) -> None:
    """Do the same from inside an event loop."""
    await asyncio.to_thread(migrate, service, url, revision, folder)


def create_revision(service: str, url: str, message: str, folder: Path | None = None) -> Path:
    """Write a new script by comparing the models with the database, and give its path."""
    from alembic import command  # noqa: PLC0415

    place = folder or migrations_folder(service)
    template = place / "script.py.mako"
    # Alembic looks for the template beside env.py only; lending it there keeps one copy for five services.
    shutil.copyfile(TEMPLATE, template)
    try:
        script = _alone_with(
            url,
            lambda connection: command.revision(
                _config(service, connection, folder), message, autogenerate=True
            ),
        )
    finally:
        template.unlink()
    if script is None or isinstance(script, list):
        failure = "exactly one script was expected"
        raise RuntimeError(failure)
    return Path(script.path)


async def schema_state(service: str, url: str, folder: Path | None = None) -> SchemaState:
    """Compare the database with the scripts: one small query, and Alembic is not imported.

    "ahead" means a revision that these scripts do not know: a newer release has migrated already.
    """
    known, newest = _revisions(folder or migrations_folder(service))
    applied = await _applied(normalise_url(url))
    if applied == newest:
        return "current"
    return "ahead" if applied - known else "behind"


async def is_current(service: str, url: str, folder: Path | None = None) -> bool:
    """Say whether the database has exactly the newest schema."""
    return await schema_state(service, url, folder) == "current"


async def require_current(service: str, url: str, folder: Path | None = None) -> None:
    """Refuse a schema older than this code, saying what to do about it.

    A newer one passes: while a release rolls out, its migrations run first and old replicas go on working.
    """
    state = await schema_state(service, url, folder)
    if state == "behind":
        message = f"The database of {service} does not have the current schema: run `dossier migrate` first."
        raise SchemaNotCurrent(message)
    if state == "ahead":
        log.warning("database.schema_is_newer", service=service)


def run_environment(metadata: MetaData) -> None:
    """Be the body of every service's `env.py`.

    One transaction per script, so that a failure leaves the scripts before it in place and nothing of its
    own. Batch mode on SQLite, which cannot alter a column in place.
    """
    from alembic import context  # noqa: PLC0415

    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
        transactional_ddl=True,
        render_item=_render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def _config(service: str, connection: Connection, folder: Path | None) -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(folder or migrations_folder(service)).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _alone_with(url: str, work: Callable[[Connection], T]) -> T:
    """Run `work` on a connection that holds the lock against other migrations of the same database."""
    parsed = normalise_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _alone_with_sqlite(parsed, work)
    return asyncio.run(_alone_with_postgresql(parsed, work))


def _alone_with_sqlite(url: URL, work: Callable[[Connection], T]) -> T:
    """Foreign keys stay off here (the engine's default): batch mode drops and renames tables.

    The file is put into WAL mode, which it keeps: connections that first had to put it there would stand in each
    other's way, and SQLite refuses at once whoever comes second ("database is locked").
    """
    file = Path(url.database or "")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine = create_engine(
            url.set(drivername="sqlite"),
            poolclass=NullPool,
            connect_args={"isolation_level": None, "timeout": 10},
        )
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA journal_mode=WAL"))
        with engine.connect() as connection:
            return work(connection)


async def _alone_with_postgresql(url: URL, work: Callable[[Connection], T]) -> T:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            # A session lock, since each script has a transaction of its own; it ends with the connection.
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
            await connection.execute(text(SET_LOCK_TIMEOUT))
            # Scripts that fill columns work on every agency's rows.
            await connection.exec_driver_sql(SET_REACH.replace("true)", "false)"), (EVERY_AGENCY.value,))
            await connection.commit()
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


async def _applied(url: URL) -> set[str]:
    if url.get_backend_name() == "sqlite" and not os.path.exists(url.database or ""):  # noqa: ASYNC240, PTH110 - one stat
        return set()
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            if not await connection.run_sync(lambda sync: inspect(sync).has_table(VERSION_TABLE)):
                return set()
            rows = await connection.execute(text("SELECT version_num FROM alembic_version"))
            return set(rows.scalars())
    finally:
        await engine.dispose()


def _revisions(folder: Path) -> tuple[set[str], set[str]]:
    """Read all revisions, and the newest, from the scripts without running them."""
    revisions: set[str] = set()
    parents: set[str] = set()
    for script in (folder / "versions").glob("*.py"):
        names = _constants(script)
        if isinstance(names.get("revision"), str):
            revisions.add(names["revision"])
            down = names.get("down_revision")
            parents.update([down] if isinstance(down, str) else down or ())
    return revisions, revisions - parents


def _constants(script: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for statement in ast.parse(script.read_text(encoding="utf-8")).body:
        targets = (
            statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        )
        for target in targets:
            if isinstance(target, ast.Name) and target.id in {"revision", "down_revision"}:
                value = getattr(statement, "value", None)
                found[target.id] = ast.literal_eval(value) if value is not None else None
    return found


def _render_item(kind: str, item: Any, context: Any) -> str | Literal[False]:
    """Write our own column types into scripts by their short name, with the import they need."""
    if kind == "type" and isinstance(item, UtcDateTime | JsonDocument | Identifier):
        name = type(item).__name__
        context.imports.add(f"from shared.db.types import {name}")
        return f"{name}()"
    return False
