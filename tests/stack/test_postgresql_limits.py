"""What a service takes of PostgreSQL ends where its settings say, and is told as what it is: come back later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import APIRouter
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db.database import Database
from shared.db.failures import Failure, failure_of
from shared.db.limits import Limits
from shared.db.tenancy import NO_AGENCY
from shared.http.application import create_service_app
from shared.settings import Settings
from tests.fixtures.waiting import soon
from tests.stack.engines import PostgreSQL

SHORT = Limits(
    pool_size=2, pool_timeout=0.3, statement_timeout=0.5, lock_timeout=0.2, idle_in_transaction_timeout=0.5
)


@pytest.fixture
async def database(postgresql: PostgreSQL) -> AsyncIterator[Database]:
    made = Database(postgresql.environment["DOSSIER_CLAIMS_DATABASE_URL"], SHORT)
    async with made.write(NO_AGENCY) as session:
        await session.execute(text("CREATE TABLE IF NOT EXISTS row_of_all (id int PRIMARY KEY)"))
        await session.execute(text("INSERT INTO row_of_all VALUES (1) ON CONFLICT DO NOTHING"))
    yield made
    await made.dispose()


@pytest.fixture
async def http(database: Database) -> AsyncIterator[AsyncClient]:
    router = APIRouter()

    @router.get("/quick")
    async def quick() -> int:
        async with database.read(NO_AGENCY) as session:
            return int(await session.scalar(text("SELECT 1")) or 0)

    @router.get("/slow")
    async def slow() -> None:
        async with database.read(NO_AGENCY) as session:
            await session.execute(text("SELECT pg_sleep(30)"))

    @router.post("/change")
    async def change() -> None:
        async with database.write(NO_AGENCY) as session:
            await session.execute(text("SELECT * FROM row_of_all FOR UPDATE"))

    app = create_service_app("claims", Settings(env="test"), database, None, [router], check_schema=False)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://claims") as client:
        yield client


def said(answer: Response) -> tuple[int, str, bool]:
    return answer.status_code, answer.json()["type"], answer.headers["retry-after"].isdigit()


async def test_a_statement_beyond_its_time_is_a_503_and_the_pool_goes_on(http: AsyncClient) -> None:
    for _ in range(SHORT.pool_size + 1):
        assert said(await http.get("/slow")) == (503, "urn:dossier:problem:database_timeout", True)
    assert (await http.get("/quick")).json() == 1


async def test_a_lock_that_is_not_had_in_time_is_a_503(http: AsyncClient, database: Database) -> None:
    async with database.write(NO_AGENCY) as session:
        await session.execute(text("SELECT * FROM row_of_all FOR UPDATE"))
        assert said(await http.post("/change")) == (503, "urn:dossier:problem:database_busy", True)
    assert (await http.post("/change")).status_code == 200


async def test_an_exhausted_pool_is_a_503_and_no_wait_without_end(
    http: AsyncClient, database: Database
) -> None:
    async with database.write(NO_AGENCY), database.write(NO_AGENCY):
        assert said(await http.get("/quick")) == (503, "urn:dossier:problem:database_busy", True)
    assert (await http.get("/quick")).json() == 1


async def test_a_transaction_that_does_nothing_is_ended_and_holds_no_lock_longer(
    http: AsyncClient, database: Database
) -> None:
    forgotten = database.write(NO_AGENCY)
    session = await forgotten.__aenter__()
    await session.execute(text("SELECT * FROM row_of_all FOR UPDATE"))

    async def free() -> bool:
        return (await http.post("/change")).status_code == 200

    await soon(free)
    with pytest.raises((DBAPIError, ConnectionError)) as caught:
        await session.execute(text("SELECT 1"))
    assert failure_of(caught.value) is Failure.AWAY
    await forgotten.__aexit__(DBAPIError, caught.value, None)


async def test_without_timeouts_it_is_found_out(postgresql: PostgreSQL) -> None:
    """The tests above can fail: a database without limits does not end the statement."""
    endless = Database(
        postgresql.environment["DOSSIER_CLAIMS_DATABASE_URL"], Limits(statement_timeout=0, lock_timeout=0)
    )
    async with endless.read(NO_AGENCY) as session:
        await session.execute(text("SELECT pg_sleep(1)"))
    await endless.dispose()


async def test_the_server_knows_the_limits_of_each_connection(database: Database) -> None:
    async with database.read(NO_AGENCY) as session:
        names = (
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
            "jit",
            "tcp_keepalives_idle",
            "tcp_keepalives_interval",
            "tcp_keepalives_count",
        )
        values = [await session.scalar(text(f"SHOW {name}")) for name in names]
    assert values == ["500ms", "200ms", "500ms", "off", "15", "5", "3"]
    await asyncio.gather(*(database.ping() for _ in range(SHORT.pool_size)))
