"""A notifications service without a bus, on SQLite and, where one is named, on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.clock import ManualClock
from shared.db.database import normalise_url
from shared.db.migrations import migrate, migrate_async
from tests.integration.notifications.frame import Desk
from tests.unit.notifications.factory import NOON

POSTGRESQL = os.environ.get("STACK_POSTGRESQL_URL")
"""URL of a PostgreSQL database whose role may create databases; each test gets one of its own."""


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file as the migrations make it, to be copied."""
    file = tmp_path_factory.mktemp("notifications") / "migrated.db"
    migrate("notifications", f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRESQL else [])])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        shutil.copyfile(migrated, tmp_path / "notifications.db")
        yield f"sqlite:///{tmp_path}/notifications.db"
        return
    assert POSTGRESQL is not None
    own = normalise_url(POSTGRESQL).set(database=f"notifications_{uuid4().hex}")
    url = own.render_as_string(hide_password=False)
    server = create_async_engine(normalise_url(POSTGRESQL), isolation_level="AUTOCOMMIT")
    try:
        async with server.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {own.database}"))
            await migrate_async("notifications", url)
            yield url
            await connection.execute(text(f"DROP DATABASE {own.database} WITH (FORCE)"))
    finally:
        await server.dispose()


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    made = Desk(database_url, ManualClock(NOON))
    yield made
    await made.close()
