"""Sessions that write: through lookups alone, through a whole session, and through both in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
import pytest_asyncio
from sqlalchemy import QueuePool, bindparam, delete, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from services.claims.models import ClientReplica
from shared.db.database import Database, normalise_url, on_after_commit, on_before_commit
from shared.db.failures import Failure, failure_of
from shared.db.limits import Limits
from shared.db.lookup import Lookup
from shared.db.migrations import migrate_async
from shared.db.tenancy import EVERY_AGENCY, Scope
from shared.db.types import Identifier
from tests.stack.engines import PostgreSQL

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS, THEIRS = (f"00000000-0000-7000-8000-00000000003{one}" for one in (1, 2))
BROKER = Scope("paul", "broker", (OURS,))
WRITTEN = Lookup(
    lambda _terms: (
        insert(ClientReplica)
        .values(
            agency_id=bindparam("agency", type_=Identifier()), id=bindparam("written", type_=Identifier())
        )
        .values(sequence=1, state={})
        .returning(ClientReplica.id)
    )
)
PROCESS = Lookup(lambda _terms: select(func.pg_backend_pid().label("process")))
SLOW = Lookup(lambda _terms: select(func.pg_sleep(0.2).label("slept")))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(postgresql: PostgreSQL) -> AsyncIterator[Database]:
    url = postgresql.environment["DOSSIER_CLAIMS_DATABASE_URL"]
    await migrate_async("claims", url)
    made = Database(url, Limits(pool_size=2))
    yield made
    await made.dispose()


@pytest_asyncio.fixture(loop_scope="module")
async def database(made: Database) -> AsyncIterator[Database]:
    """With nothing in the table, and every connection in the pool afterwards."""
    async with made.write(EVERY_AGENCY) as session:
        await session.execute(delete(ClientReplica).where(ClientReplica.agency_id.in_([OURS, THEIRS])))
    yield made
    await made.settled()
    assert cast("QueuePool", made.engine.pool).checkedout() == 0


async def kept(database: Database) -> set[str]:
    async with database.read(EVERY_AGENCY) as session:
        statement = select(ClientReplica.id).where(ClientReplica.agency_id.in_([OURS, THEIRS]))
        return set(await session.scalars(statement))


async def by_lookup(session: AsyncSession, name: str) -> None:
    await WRITTEN.all(session, agency=OURS, written=name)


async def by_session(session: AsyncSession, name: str) -> None:
    session.add(ClientReplica(agency_id=OURS, id=name, sequence=1, state={}))


async def by_statement(session: AsyncSession, name: str) -> None:
    await session.execute(insert(ClientReplica).values(agency_id=OURS, id=name, sequence=1, state={}))


WAYS: list[Callable[[AsyncSession, str], Awaitable[None]]] = [by_lookup, by_session, by_statement]


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
async def test_both_ways_are_one_transaction(first: Any, second: Any, database: Database) -> None:
    with pytest.raises(KeyError):  # noqa: PT012 - the block is the transaction under test
        async with database.write(BROKER) as session:
            await first(session, "a")
            await second(session, "b")
            raise KeyError
    assert await kept(database) == set()
    async with database.write(BROKER) as session:
        await first(session, "a")
        await second(session, "b")
    assert await kept(database) == {"a", "b"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("inside", WAYS)
async def test_a_savepoint_undoes_what_was_done_in_it(way: Any, inside: Any, database: Database) -> None:
    async with database.write(BROKER) as session:
        await way(session, "a")
        savepoint = await session.begin_nested()
        await inside(session, "b")
        await session.flush()
        await savepoint.rollback()
        await way(session, "c")
    assert await kept(database) == {"a", "c"}


async def test_a_lookup_writes_no_foreign_row(database: Database) -> None:
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.write(BROKER) as session:
            await WRITTEN.all(session, agency=THEIRS, written="a")
    assert await kept(database) == set()


@pytest.mark.parametrize("way", WAYS)
async def test_hooks_run_before_and_after_the_commit(way: Any, database: Database) -> None:
    ran: list[str] = []

    async def late(session: AsyncSession) -> None:
        await way(session, "late")

    async with database.write(BROKER) as session:
        on_before_commit(session, late)
        on_after_commit(session, lambda: ran.append("after"))
    assert (await kept(database), ran) == ({"late"}, ["after"])


@pytest.mark.parametrize("way", WAYS)
async def test_who_leaves_in_the_middle_leaves_nothing(way: Any, database: Database) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with database.write(BROKER) as session:
            await way(session, "a")
            begun.set()
            await SLOW.all(session)

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await kept(database) == set()


@pytest.mark.parametrize("way", WAYS)
async def test_a_cancellation_during_the_commit_lets_it_stand_and_run_its_hooks(
    way: Any, database: Database
) -> None:
    ran: list[str] = []

    async def cancel_soon(_session: AsyncSession) -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)

    async def write() -> None:
        async with database.write(BROKER) as session:
            await way(session, "a")
            on_before_commit(session, cancel_soon)
            on_after_commit(session, lambda: ran.append("after"))

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(write())
    assert (await kept(database), ran) == ({"a"}, ["after"])


@pytest.mark.parametrize("way", WAYS)
async def test_a_connection_that_dies_before_the_commit_is_told_as_away(
    way: Any, database: Database, postgresql: PostgreSQL
) -> None:
    engine = create_async_engine(normalise_url(postgresql.superuser_url), isolation_level="AUTOCOMMIT")
    with pytest.raises((DBAPIError, ConnectionError)) as caught:  # noqa: PT012 - the block is the transaction under test
        async with engine.connect() as other, database.write(BROKER) as session:
            process = (await PROCESS.all(session))[0]["process"]
            await way(session, "a")
            await other.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
    await engine.dispose()
    assert failure_of(caught.value) is Failure.AWAY
    assert await kept(database) == set()


async def test_a_block_that_asks_nothing_is_no_transaction(database: Database) -> None:
    async with database.write(BROKER):
        pass
    assert await kept(database) == set()
