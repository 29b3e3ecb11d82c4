from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fixtures.databases import ENGINES, migrated_database
from tests.integration.documents.frame import Desk


@pytest.fixture(params=ENGINES)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    async with migrated_database("documents", request.param, tmp_path) as url:
        made = Desk(url, tmp_path)
        yield made
        await made.close()
