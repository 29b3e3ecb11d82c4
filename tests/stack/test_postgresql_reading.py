"""Sessions that read: what they are made of changes, what they may see and leave behind does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_asyncio
from sqlalchemy import QueuePool, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from services.claims.models import ClientReplica
from shared.db.database import Database, normalise_url
from shared.db.held import Held
from shared.db.limits import Limits
from shared.db.lookup import Lookup
from shared.db.migrations import migrate_async
from shared.db.reading import Reading
from shared.db.tenancy import EVERY_AGENCY, NO_AGENCY, Scope
from tests.stack.engines import PostgreSQL

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS, THEIRS = (f"00000000-0000-7000-8000-00000000002{one}" for one in (1, 2))
BROKER = Scope("paul", "broker", (OURS,))
SEEN = Lookup(lambda _terms: select(ClientReplica.agency_id).where(ClientReplica.id == "read"))
"""A statement that forgot the agency."""
BEGUN = select(func.now().label("begun"), func.pg_backend_pid().label("process"))
"""When the transaction began, and on which connection."""
ASKED = Lookup(lambda _terms: BEGUN)
SLOW = Lookup(lambda _terms: select(func.pg_sleep(0.2).label("slept")))
WRITTEN = Lookup(
    lambda _terms: (
        insert(ClientReplica).values(agency_id=OURS, id="x", sequence=1).returning(ClientReplica.id)
    )
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(postgresql: PostgreSQL) -> AsyncIterator[Database]:
    url = postgresql.environment["DOSSIER_CLAIMS_DATABASE_URL"]
    await migrate_async("claims", url)
    made = Database(url, Limits(pool_size=1))
    async with made.write(EVERY_AGENCY) as session:
        for agency in (OURS, THEIRS):
            session.add(ClientReplica(agency_id=agency, id="read", sequence=1, state={}))
    yield made
    await made.dispose()


def checked_out(database: Database) -> int:
    return cast("QueuePool", database.engine.pool).checkedout()


async def seen(session: Any) -> set[str]:
    return {row["agency_id"] for row in await SEEN.all(session)}


async def process_of(database: Database) -> int:
    async with database.read(NO_AGENCY) as session:
        return int((await ASKED.all(session))[0]["process"])


@pytest.mark.parametrize("lookup_first", [True, False])
async def test_lookups_and_all_else_are_one_transaction(database: Database, *, lookup_first: bool) -> None:
    found: list[Any] = []
    async with database.read(BROKER) as session:
        for lookup in (lookup_first, not lookup_first, lookup_first):
            row = (await ASKED.all(session))[0] if lookup else (await session.execute(BEGUN)).mappings().one()
            found.append((row["begun"], row["process"]))
            assert set(await session.scalars(select(ClientReplica.agency_id))) == {OURS}
            assert await seen(session) == {OURS}
    assert len(set(found)) == 1
    await database.settled()
    assert checked_out(database) == 0


async def test_a_session_goes_on_with_its_reach_after_a_rollback(database: Database) -> None:
    async with database.read(BROKER) as session:
        assert await seen(session) == {OURS}
        await session.rollback()
        assert await seen(session) == {OURS}
        assert set(await session.scalars(select(ClientReplica.agency_id))) == {OURS}


async def test_a_lookup_that_writes_is_refused(database: Database) -> None:
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with database.read(EVERY_AGENCY) as session:
            await WRITTEN.all(session)


async def test_who_sees_everything_can_be_held_to_less_and_to_no_more_again(database: Database) -> None:
    for begun in (True, False):
        async with database.read(EVERY_AGENCY) as session:
            assert isinstance(session, Reading)
            if begun:
                assert await seen(session) == {OURS, THEIRS}
            await session.narrow(BROKER)
            assert await seen(session) == {OURS}
            assert set(await session.scalars(select(ClientReplica.agency_id))) == {OURS}
            with pytest.raises(RuntimeError, match="less"):
                await session.narrow(EVERY_AGENCY)
    assert await process_of(database)
    async with database.read(EVERY_AGENCY) as session:
        assert await seen(session) == {OURS, THEIRS}


async def test_a_whole_session_can_be_held_to_less_too(database: Database) -> None:
    async with database.read(EVERY_AGENCY) as session:
        assert isinstance(session, Reading)
        assert len(set(await session.scalars(select(ClientReplica.agency_id)))) >= 2
        await session.narrow(BROKER)
        assert set(await session.scalars(select(ClientReplica.agency_id))) == {OURS}
        assert await seen(session) == {OURS}


async def test_the_end_is_not_waited_for_and_comes(database: Database) -> None:
    async with database.read(NO_AGENCY) as session:
        await ASKED.all(session)
    assert checked_out(database) == 1  # the server has not answered yet
    await database.settled()
    assert checked_out(database) == 0


async def test_who_leaves_in_the_middle_of_a_statement_costs_no_connection(database: Database) -> None:
    before = await process_of(database)

    async def ask() -> None:
        async with database.read(NO_AGENCY) as session:
            await ASKED.all(session)
            begun.set()
            await SLOW.all(session)

    begun = asyncio.Event()
    task = asyncio.create_task(ask())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await process_of(database) == before
    await database.settled()
    assert checked_out(database) == 0


async def test_a_connection_that_dies_before_its_transaction_ends_is_given_up(
    database: Database, postgresql: PostgreSQL
) -> None:
    engine = create_async_engine(normalise_url(postgresql.superuser_url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as other, database.read(NO_AGENCY) as session:
        process = (await ASKED.all(session))[0]["process"]
        await other.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
    await engine.dispose()
    assert await process_of(database) != process
    await database.settled()
    assert checked_out(database) == 0


async def test_a_process_that_stops_cuts_off_what_does_not_end(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = Database(postgresql.environment["DOSSIER_CLAIMS_DATABASE_URL"], Limits(pool_size=1))

    async def never(_held: Held) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(Held, "roll_back", never)
    async with stopping.read(NO_AGENCY) as session:
        await ASKED.all(session)
        held = cast("Reading", session)._held
    assert held is not None
    await stopping._endings.settled(seconds=0)
    assert held.driver.is_closed()
    await stopping.dispose()
