"""A gateway on a database made by its migrations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.gateway.identity import passwords
from tests.fixtures.databases import ENGINES, migrated_database
from tests.integration.gateway.frame import Desk, Recorder, recorder


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with the least work: only a unit test needs the cost that people get."""
    monkeypatch.setattr(
        passwords, "_hasher", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    )
    passwords._nobody.cache_clear()


@pytest.fixture
async def services() -> AsyncIterator[Recorder]:
    async with recorder() as found:
        yield found


@pytest.fixture(params=ENGINES)
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    async with migrated_database("gateway", request.param, tmp_path) as url:
        yield url


@pytest.fixture
async def desk(database_url: str, services: Recorder, tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(database_url, services, tmp_path, gateway_login_failures=3)
    yield made
    await made.close()
