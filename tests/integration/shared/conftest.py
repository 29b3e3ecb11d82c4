"""Engines for the kit's own tests: always SQLite and the local disk, and the real ones where they are named."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.database import Database, normalise_url

POSTGRESQL = os.environ.get("STACK_POSTGRESQL_URL")
"""URL of a PostgreSQL database whose role may create databases; each test gets one of its own."""


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRESQL else [])])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/test.db"
        return
    assert POSTGRESQL is not None
    own = normalise_url(POSTGRESQL).set(database=f"kit_{uuid4().hex}")
    server = create_async_engine(normalise_url(POSTGRESQL), isolation_level="AUTOCOMMIT")
    try:
        async with server.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {own.database}"))
            yield own.render_as_string(hide_password=False)
            await connection.execute(text(f"DROP DATABASE {own.database} WITH (FORCE)"))
    finally:
        await server.dispose()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url)
    yield made
    await made.dispose()
