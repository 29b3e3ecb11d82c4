import asyncio
import sqlite3
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect

from shared.db.database import Database
from shared.db.migrations import (
    SchemaNotCurrent,
    create_revision,
    is_current,
    migrate,
    migrate_async,
    migrations_folder,
    require_current,
    schema_state,
)

ENV = """
from datetime import datetime
from sqlalchemy.orm import Mapped, mapped_column
from shared.db.base import ServiceBase, new_metadata
from shared.db.migrations import run_environment
from shared.db.types import Identifier, JsonDocument, UtcDateTime


class Base(ServiceBase):
    metadata = new_metadata()


class Claim(Base):
    __tablename__ = "claims"
    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    state: Mapped[dict] = mapped_column(JsonDocument)


run_environment(Base.metadata)
"""

SCRIPT = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down!r}


def upgrade():
    {body}
"""

Script = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "migrations"
    (made / "versions").mkdir(parents=True)
    (made / "env.py").write_text(ENV)
    return made


@pytest.fixture
def script(folder: Path) -> Script:
    def write(revision: str, down: str | None, body: str) -> None:
        text = SCRIPT.format(revision=revision, down=down, body=body)
        (folder / "versions" / f"{revision}.py").write_text(text)

    write("0001", None, 'op.create_table("things", sa.Column("id", sa.Integer, primary_key=True))')
    return write


async def tables(url: str) -> set[str]:
    database = Database(url)
    async with database.engine.connect() as connection:
        found = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    await database.dispose()
    return found


async def test_migrating_twice_does_it_once(database_url: str, folder: Path, script: Script) -> None:
    assert await schema_state("claims", database_url, folder) == "behind"
    await migrate_async("claims", database_url, folder=folder)
    await migrate_async("claims", database_url, folder=folder)
    assert await is_current("claims", database_url, folder)
    assert await tables(database_url) == {"alembic_version", "things"}


async def test_a_schema_that_is_behind_is_refused_with_what_to_do(
    database_url: str, folder: Path, script: Script
) -> None:
    with pytest.raises(SchemaNotCurrent, match=r"^The database of claims .*: run `dossier migrate` first\.$"):
        await require_current("claims", database_url, folder)


async def test_a_schema_that_is_ahead_passes_so_that_a_release_can_roll_out(
    database_url: str, folder: Path, script: Script
) -> None:
    script("0002", "0001", "pass")
    await migrate_async("claims", database_url, folder=folder)
    (folder / "versions" / "0002.py").unlink()
    assert await schema_state("claims", database_url, folder) == "ahead"
    await require_current("claims", database_url, folder)


async def test_a_script_that_fails_leaves_nothing_of_its_own_and_the_ones_before_it(
    database_url: str, folder: Path, script: Script
) -> None:
    script(
        "0002", "0001", 'op.create_table("more", sa.Column("id", sa.Integer)); raise RuntimeError("half-way")'
    )
    with pytest.raises(RuntimeError, match="half-way"):
        await migrate_async("claims", database_url, folder=folder)
    assert await tables(database_url) == {"alembic_version", "things"}
    script("0002", "0001", 'op.create_table("more", sa.Column("id", sa.Integer))')
    await migrate_async("claims", database_url, folder=folder)
    assert await tables(database_url) == {"alembic_version", "things", "more"}


async def test_replicas_that_start_together_migrate_once(
    database_url: str, folder: Path, script: Script
) -> None:
    script("0002", "0001", 'op.create_table("more", sa.Column("id", sa.Integer))')
    command = f"""
import sys
from pathlib import Path
from shared.db.migrations import migrate
migrate("claims", {database_url!r}, folder=Path({str(folder)!r}))
"""
    replicas = [await _python(command) for _ in range(2)]
    ended = [await replica.communicate() for replica in replicas]
    assert [replica.returncode for replica in replicas] == [0, 0], ended
    assert await is_current("claims", database_url, folder)


async def _python(command: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", command, stderr=asyncio.subprocess.PIPE)


async def test_a_column_can_be_changed_on_both_engines(
    database_url: str, folder: Path, script: Script
) -> None:
    script(
        "0002",
        "0001",
        'b = op.batch_alter_table("things")\n'
        "    with b as batch:\n"
        '        batch.add_column(sa.Column("name", sa.String(10)))\n'
        '        batch.alter_column("name", nullable=False)',
    )
    await migrate_async("claims", database_url, folder=folder)
    assert await is_current("claims", database_url, folder)


async def test_a_new_script_is_written_from_the_models_and_runs(database_url: str, folder: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        made = await asyncio.get_running_loop().run_in_executor(
            threads, lambda: create_revision("claims", database_url, "first tables", folder)
        )
    text = made.read_text()
    assert 'sa.Column("at", UtcDateTime()' in text.replace("'", '"')
    assert "from shared.db.types import Identifier" in text
    assert not (folder / "script.py.mako").exists()
    await migrate_async("claims", database_url, folder=folder)
    assert await tables(database_url) == {"alembic_version", "claims"}


def test_a_migrated_file_is_in_wal_mode_so_that_first_connections_do_not_race_for_it(
    tmp_path: Path, folder: Path
) -> None:
    file = tmp_path / "claims.db"
    migrate("claims", f"sqlite:///{file}", folder=folder)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_migrating_needs_no_event_loop(tmp_path: Path, folder: Path, script: Script) -> None:
    url = f"sqlite:///{tmp_path}/deep/er/claims.db"
    migrate("claims", url, folder=folder)
    assert asyncio.run(is_current("claims", url, folder))


def test_a_service_that_does_not_exist_has_no_migrations() -> None:
    with pytest.raises(ValueError, match="no service 'garage'"):
        migrations_folder("garage")


def test_a_service_s_migrations_stand_in_its_package() -> None:
    assert migrations_folder("claims").parts[-3:] == ("services", "claims", "migrations")
