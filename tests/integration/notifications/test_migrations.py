"""The scripts make exactly the tables that the models describe."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from services.notifications.models import Base
from shared.db.database import Database
from shared.db.migrations import is_current


def differences(connection: Connection) -> Any:
    return compare_metadata(
        MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata
    )


async def test_the_scripts_and_the_models_agree(database_url: str) -> None:
    database = Database(database_url)
    try:
        async with database.engine.connect() as connection:
            assert await connection.run_sync(differences) == []
    finally:
        await database.dispose()
    assert await is_current("notifications", database_url)
