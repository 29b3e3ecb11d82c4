"""A claims database made by the migrations: SQLite always, PostgreSQL where one is named."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.clock import ManualClock
from shared.db.database import Database, normalise_url
from shared.db.migrations import migrate_async
from tests.integration.claims.frame import Service
from tests.unit.claims.factories import NOW

POSTGRESQL = os.environ.get("STACK_POSTGRESQL_URL")
"""URL of a PostgreSQL database whose role may create databases; each test gets one of its own."""


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRESQL else [])])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/claims.db"
        return
    assert POSTGRESQL is not None
    own = normalise_url(POSTGRESQL).set(database=f"claims_{uuid4().hex}")
    server = create_async_engine(normalise_url(POSTGRESQL), isolation_level="AUTOCOMMIT")
    try:
        async with server.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {own.database}"))
            yield own.render_as_string(hide_password=False)
            await connection.execute(text(f"DROP DATABASE {own.database} WITH (FORCE)"))
    finally:
        await server.dispose()


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    await migrate_async("claims", database_url)
    database = Database(database_url)
    yield Service(database, ManualClock(NOW))
    await database.dispose()
