"""The second wall: what PostgreSQL itself gives a session that forgot to filter by agency."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from services.claims.models import ClientReplica
from shared.db.database import Database, normalise_url
from shared.db.limits import Limits
from shared.db.migrations import migrate_async
from shared.db.row_security import POLICY
from shared.db.tenancy import EVERY_AGENCY, NO_AGENCY, Reader, Scope
from shared.settings import SERVICES
from tests.stack.engines import PostgreSQL

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS, THEIRS = (f"00000000-0000-7000-8000-00000000000{one}" for one in (1, 2))
BROKER = Scope("paul", "broker", (OURS,))
BOTH = Scope("rachel", "manager", (OURS, THEIRS))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def migrated(postgresql: PostgreSQL) -> PostgreSQL:
    for service in SERVICES:
        await migrate_async(service, postgresql.environment[f"DOSSIER_{service.upper()}_DATABASE_URL"])
    return postgresql


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(migrated: PostgreSQL) -> AsyncIterator[Database]:
    made = Database(migrated.environment["DOSSIER_CLAIMS_DATABASE_URL"], Limits(pool_size=1))
    async with made.write(EVERY_AGENCY) as session:
        for agency in (OURS, THEIRS):
            session.add(ClientReplica(agency_id=agency, id="kept", sequence=1, state={}))
    yield made
    await made.dispose()


async def agencies_seen(session: AsyncSession) -> set[str]:
    """What a query gives that forgot the agency."""
    return set(await session.scalars(select(ClientReplica.agency_id)))


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        (BROKER, {OURS}),
        (BOTH, {OURS, THEIRS}),
        (Scope("nobody", "broker"), set()),
        (NO_AGENCY, set()),
        (EVERY_AGENCY, {OURS, THEIRS}),
    ],
)
async def test_a_query_without_the_filter_gives_no_foreign_row(
    database: Database, reader: Reader, expected: set[str]
) -> None:
    async with database.read(reader) as session:
        assert await agencies_seen(session) == expected
    async with database.write(reader) as session:
        assert await agencies_seen(session) == expected


async def test_a_connection_that_nobody_told_anything_sees_nothing(database: Database) -> None:
    """The pool has one connection: what the reader before it was told must not be left on it."""
    async with database.read(EVERY_AGENCY) as session:
        assert await agencies_seen(session)
    async with database.engine.connect() as connection:
        assert (await connection.execute(select(ClientReplica.agency_id))).all() == []


async def test_a_foreign_row_is_neither_added_nor_changed_nor_taken_over(database: Database) -> None:
    row = {"agency_id": THEIRS, "id": "planted", "sequence": 1, "state": {}}
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.write(BROKER) as session:
            await session.execute(insert(ClientReplica).values(row))
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.write(BROKER) as session:
            await session.execute(update(ClientReplica).values(agency_id=THEIRS))
    async with database.write(BROKER) as session:
        changed = await session.execute(
            update(ClientReplica).values(sequence=2).returning(ClientReplica.agency_id)
        )
        assert set(changed.scalars()) == {OURS}


async def test_a_savepoint_keeps_the_reach(database: Database) -> None:
    async with database.write(BROKER) as session:
        async with session.begin_nested() as savepoint:
            await session.execute(update(ClientReplica).values(sequence=3))
            await savepoint.rollback()
        assert await agencies_seen(session) == {OURS}


async def unprotected(connection: AsyncConnection) -> set[str]:
    """Name the tables that carry an agency and are not behind the wall."""
    found = await connection.execute(
        text(
            "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
            " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            " AND attname = 'agency_id' AND NOT attisdropped"
            " AND NOT (relrowsecurity AND relforcerowsecurity"
            " AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND polname = :policy AND polcmd = '*'))"
        ),
        {"policy": POLICY},
    )
    return set(found.scalars())


@pytest.mark.parametrize("service", SERVICES)
async def test_every_table_with_an_agency_is_behind_the_wall(migrated: PostgreSQL, service: str) -> None:
    engine = create_async_engine(
        normalise_url(migrated.environment[f"DOSSIER_{service.upper()}_DATABASE_URL"])
    )
    async with engine.connect() as connection:
        assert await unprotected(connection) == set()
        secured = await connection.scalar(text("SELECT count(*) FROM pg_policy"))
        assert secured >= 4
        await connection.execute(text("CREATE TABLE forgotten (agency_id varchar(36))"))
        assert await unprotected(connection) == {"forgotten"}
        await connection.rollback()
    await engine.dispose()


async def test_the_services_role_is_held_by_it(migrated: PostgreSQL) -> None:
    engine = create_async_engine(normalise_url(migrated.url))
    async with engine.connect() as connection:
        role = await connection.execute(
            text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        )
        assert role.one() == (False, False)
    await engine.dispose()
