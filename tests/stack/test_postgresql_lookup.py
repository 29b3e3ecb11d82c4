"""What goes to the driver at once keeps what every session keeps: its reach, its limits, and no dead connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from services.claims.models import ClientReplica
from shared.db import postgresql as engines
from shared.db.database import Database, normalise_url
from shared.db.failures import Failure, failure_of
from shared.db.limits import Limits
from shared.db.lookup import Lookup
from shared.db.migrations import migrate_async
from shared.db.tenancy import EVERY_AGENCY, NO_AGENCY, Reader, Scope
from tests.stack.engines import PostgreSQL

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS, THEIRS = (f"00000000-0000-7000-8000-00000000001{one}" for one in (1, 2))
BROKER = Scope("paul", "broker", (OURS,))
SEEN = Lookup(lambda _terms: select(ClientReplica.agency_id).where(ClientReplica.id == "looked"))
"""A statement that forgot the agency."""
SLOW = Lookup(lambda _terms: select(func.pg_sleep(30).label("slept")))
ONE = Lookup(lambda _terms: select(func.pg_backend_pid().label("process")))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(postgresql: PostgreSQL) -> AsyncIterator[Database]:
    url = postgresql.environment["DOSSIER_CLAIMS_DATABASE_URL"]
    await migrate_async("claims", url)
    made = Database(url, Limits(pool_size=1, statement_timeout=1.0))
    async with made.write(EVERY_AGENCY) as session:
        for agency in (OURS, THEIRS):
            session.add(ClientReplica(agency_id=agency, id="looked", sequence=1, state={}))
    yield made
    await made.dispose()


async def process_of(database: Database) -> int:
    async with database.read(NO_AGENCY) as session:
        return int((await ONE.all(session))[0]["process"])


async def end(postgresql: PostgreSQL, process: int) -> None:
    """End a server process, and wait until it is gone."""
    engine = create_async_engine(normalise_url(postgresql.superuser_url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
    await engine.dispose()


@pytest.mark.parametrize(
    ("reader", "expected"),
    [(BROKER, {OURS}), (NO_AGENCY, set()), (EVERY_AGENCY, {OURS, THEIRS})],
)
async def test_it_reaches_no_further_than_its_session(
    database: Database, reader: Reader, expected: set[str]
) -> None:
    async with database.read(reader) as session:
        assert {row["agency_id"] for row in await SEEN.all(session)} == expected
        assert set(await session.scalars(select(ClientReplica.agency_id))) >= expected
    async with database.write(reader) as session:
        assert {row["agency_id"] for row in await SEEN.all(session)} == expected


async def test_an_agency_that_would_end_the_text_does_not(database: Database) -> None:
    async with database.read(Scope("paul", "broker", ("'; SET dossier.agencies = '*'; --",))) as session:
        assert not await SEEN.all(session)


async def test_it_ends_where_a_statement_must_and_the_connection_is_good_afterwards(
    database: Database,
) -> None:
    before = await process_of(database)
    with pytest.raises(DBAPIError) as raised:
        async with database.read(NO_AGENCY) as session:
            await SLOW.all(session)
    assert failure_of(raised.value) is Failure.SLOW
    assert await process_of(database) == before


async def test_a_connection_that_the_server_ended_meanwhile_is_not_taken(
    database: Database, postgresql: PostgreSQL
) -> None:
    before = await process_of(database)
    await end(postgresql, before)
    await asyncio.sleep(0)  # the loop hears of it as it hears of everything
    assert await process_of(database) != before


async def test_a_connection_that_rested_is_asked_whether_it_lives(
    database: Database, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody told us: the loop has not heard yet that the server closed it."""
    monkeypatch.setattr(engines, "ASK_AFTER_SECONDS", 0.0)
    asked: list[object] = []  # kept: what is forgotten while it seems open is complained about

    def is_closed(connection: object) -> bool:
        asked.append(connection)
        return False

    monkeypatch.setattr(engines.ReachingConnection, "is_closed", is_closed)
    before = await process_of(database)
    await end(postgresql, before)
    assert await process_of(database) != before


async def test_a_connection_that_dies_under_a_statement_is_told_as_away_and_given_up(
    database: Database, postgresql: PostgreSQL
) -> None:
    with pytest.raises(DBAPIError) as raised:  # noqa: PT012 - the block is the session under test
        async with database.read(NO_AGENCY) as session:
            await end(postgresql, int((await ONE.all(session))[0]["process"]))
            await ONE.all(session)
    assert failure_of(raised.value) is Failure.AWAY
    assert await process_of(database)
