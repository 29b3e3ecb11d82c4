"""Migrations beside running services: none holds a lock for long, and one that cannot have its lock gives up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.database import normalise_url
from shared.db.failures import Failure, failure_of
from shared.db.migrations import migrate_async, migrations_folder
from shared.settings import SERVICES
from tests.stack.engines import PostgreSQL
from tests.stack.locking import stops_others

BEFORE_THE_FIRST_RELEASE: Final = {"gateway_0002", "gateway_0003"}
"""Scripts that nobody ran on a desk in use. Nothing is added here: a new script uses `shared/db/online.py`."""

GOOD: Final = 'op.create_table("kept", sa.Column("id", sa.Integer(), primary_key=True))'


@contextmanager
def listening() -> Iterator[list[str]]:
    """Collect every statement of the process."""
    statements: list[str] = []

    def collect(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", collect)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", collect)


async def tables(url: str) -> set[str]:
    engine = create_async_engine(normalise_url(url))
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        names = set(found.scalars())
    await engine.dispose()
    return names


def revisions(folder: Path) -> list[str]:
    """The scripts in their order, which is that of their numbers."""
    namespaces: list[dict[str, Any]] = []
    for script in sorted((folder / "versions").glob("*.py")):
        namespace: dict[str, Any] = {}
        exec(compile(script.read_text(encoding="utf-8"), str(script), "exec"), namespace)  # noqa: S102 - our own scripts
        namespaces.append(namespace)
    return [one["revision"] for one in namespaces]


async def faults(service: str, url: str, folder: Path) -> dict[str, list[str]]:
    """Run the scripts one by one, and say of each what would have stopped others."""
    found = {}
    for revision in revisions(folder):
        existing = await tables(url)
        with listening() as statements:
            await migrate_async(service, url, revision, folder)
        if wrong := stops_others(statements, existing):
            found[revision] = wrong
    return found


@pytest.mark.parametrize("service", SERVICES)
async def test_no_script_stops_those_who_use_the_tables(postgresql: PostgreSQL, service: str) -> None:
    url = postgresql.environment[f"DOSSIER_{service.upper()}_DATABASE_URL"]
    found = await faults(service, url, migrations_folder(service))
    assert set(found) <= BEFORE_THE_FIRST_RELEASE, found


def scripts(folder: Path, *upgrades: str) -> Path:
    """A service's migrations of these steps."""
    (folder / "versions").mkdir(parents=True)
    environment = "from sqlalchemy import MetaData\nfrom shared.db.migrations import run_environment\n"
    (folder / "env.py").write_text(f"{environment}run_environment(MetaData())\n")
    for number, step in enumerate(upgrades, start=1):
        before = repr(f"p{number - 1}") if number > 1 else None
        (folder / "versions" / f"{number:04}_step.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\nfrom shared.db.online import create_index\n\n"
            f"revision = 'p{number}'\ndown_revision = {before}\n\n\ndef upgrade():\n    {step}\n"
        )
    return folder


@pytest.fixture
async def empty(postgresql: PostgreSQL, request: pytest.FixtureRequest) -> str:
    name = f"planted_{abs(hash(request.node.name))}"
    engine = create_async_engine(normalise_url(postgresql.url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return postgresql.url.replace("/postgres", f"/{name}")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ('op.create_index("ix_planted", "kept", ["id"])', "CONCURRENTLY"),
        ('op.create_index("ix_planted", "kept", ["id"], unique=True)', "CONCURRENTLY"),
        ('op.add_column("kept", sa.Column("more", sa.Text(), nullable=False))', "without a default"),
        ('op.alter_column("kept", "id", type_=sa.BigInteger())', "type"),
        ('op.create_check_constraint("positive", "kept", "id > 0")', "NOT VALID"),
        ('op.add_column("kept", sa.Column("more", sa.Text(), nullable=False, server_default=""))', None),
        ('op.add_column("kept", sa.Column("more", sa.Text()))', None),
        ('create_index(op, "ix_planted", "kept", ["id"])', None),
    ],
)
async def test_a_script_that_would_stop_others_is_found_out(
    empty: str, tmp_path: Path, step: str, expected: str | None
) -> None:
    found = await faults("planted", empty, scripts(tmp_path / "migrations", GOOD, step))
    if expected is None:
        assert found == {}
    else:
        assert expected in " ".join(found["p2"])


async def test_an_index_that_failed_half_way_is_made_by_the_next_attempt(empty: str, tmp_path: Path) -> None:
    make = 'create_index(op, "ix_planted", "kept", ["id"])'
    folder = scripts(tmp_path / "migrations", GOOD, make)
    await migrate_async("planted", empty, "p1", folder)
    engine = create_async_engine(normalise_url(empty), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("CREATE INDEX ix_planted ON kept ((id + 1))"))
        await migrate_async("planted", empty, "head", folder)
        made = await connection.scalar(text("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_planted'"))
    await engine.dispose()
    assert made is not None
    assert made.endswith("USING btree (id)")


async def test_a_step_that_cannot_have_its_lock_gives_up_and_holds_nobody(empty: str, tmp_path: Path) -> None:
    folder = scripts(tmp_path / "migrations", GOOD, 'op.add_column("kept", sa.Column("more", sa.Text()))')
    await migrate_async("planted", empty, "p1", folder)
    engine = create_async_engine(normalise_url(empty))
    async with engine.connect() as reader:
        await reader.execute(text("SELECT * FROM kept"))  # a long transaction of somebody
        began = time.monotonic()
        with pytest.raises(DBAPIError) as caught:
            async with asyncio.timeout(60):
                await migrate_async("planted", empty, "head", folder)
        assert failure_of(caught.value) is Failure.BUSY
        assert time.monotonic() - began < 50
        async with engine.connect() as other:
            await other.execute(text("INSERT INTO kept VALUES (1)"))
            await other.commit()
    await migrate_async("planted", empty, "head", folder)
    await engine.dispose()
