from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.clock import ManualClock
from shared.db.database import Database
from shared.db.migrations import migrate_async
from tests.integration.claims.frame import Service
from tests.unit.claims.factories import NOW


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    url = f"sqlite+aiosqlite:///{tmp_path}/claims.db"
    await migrate_async("claims", url)
    database = Database(url)
    yield Service(database, ManualClock(NOW))
    await database.dispose()
