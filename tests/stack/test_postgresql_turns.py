"""A claim's first event and its first file, taken by two replicas at the same instant: neither misses the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.gateway.models import Activity, ClaimView, DocumentView
from services.gateway.projections import Projector, Versions
from shared.contracts.claims import ClaimState
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import Actor, ChangeData, CloudEvent
from shared.contracts.policy import ContractState
from shared.db.database import Database, normalise_url
from shared.db.migrations import migrate_async
from shared.db.tenancy import EVERY_AGENCY
from shared.identifiers import new_id
from shared.messaging.events import event_adapter
from tests.fixtures.waiting import soon
from tests.integration.gateway.frame import GARAGE, NOON, claim, client, contract, document
from tests.stack.engines import PostgreSQL

pytestmark = pytest.mark.asyncio(loop_scope="module")

USER = Actor(kind="user", id="u-1", name="Una")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(postgresql: PostgreSQL) -> AsyncIterator[Database]:
    url = postgresql.environment["DOSSIER_GATEWAY_DATABASE_URL"]
    await migrate_async("gateway", url)
    made = Database(url)
    yield made
    await made.dispose()


def event(happening: str, state: Any, actor: Actor) -> CloudEvent[ChangeData[Any]]:
    found: CloudEvent[ChangeData[Any]] = event_adapter(type(state)).validate_python(
        {
            "id": new_id(),
            "source": "urn:dossier:service:test",
            "type": f"dossier.{happening}.v1",
            "subject": state.id,
            "time": NOON + timedelta(minutes=1),
            "agencyid": state.agency_id,
            "sequence": 1,
            "data": {"state": state, "changes": [], "actor": actor},
        }
    )
    return found


@asynccontextmanager
async def projecting(database: Database, *events: CloudEvent[ChangeData[Any]]) -> AsyncIterator[None]:
    """What a replica has projected, and not committed before the block ends."""
    async with database.write(EVERY_AGENCY) as session:
        await Projector(Versions()).project(session, events)
        yield


async def crosswise(database: Database, postgresql: PostgreSQL, *batches: Sequence[Any]) -> None:
    """Project the first, and begin the second before the first is committed."""
    watcher = create_async_engine(normalise_url(postgresql.superuser_url), isolation_level="AUTOCOMMIT")

    async def waits() -> bool:
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        async with watcher.connect() as connection:
            return bool(await connection.scalar(waiting))

    async def other() -> None:
        async with projecting(database, *batches[1]):
            pass

    async with AsyncExitStack() as stack:
        stack.push_async_callback(watcher.dispose)
        async with projecting(database, *batches[0]):
            second = asyncio.create_task(other())
            await soon(waits, 4, "the second replica waits for the first")
        await second


async def view_of(database: Database, view: Any, agency_id: str) -> Any:
    async with database.read(EVERY_AGENCY) as session:
        return (await session.scalars(select(view).where(view.agency_id == agency_id))).all()


@pytest.mark.parametrize("claim_first", [True, False])
async def test_a_first_file_is_known_to_its_claim_and_stands_with_its_client(
    database: Database, postgresql: PostgreSQL, claim_first: bool
) -> None:
    agency = new_id()
    owner = client(agency, NOON)
    about: ClaimState = claim(agency, NOON, client_id=owner.id, claim_number="CL-2026-000001")
    file: DocumentState = document(agency, NOON, GARAGE, claim_number="CL-2026-000001")
    claimed, filed = (
        [event("claims.claim-registered", about, USER)],
        [event("documents.document-added", file, GARAGE)],
    )
    await crosswise(database, postgresql, *((claimed, filed) if claim_first else (filed, claimed)))

    (seen,) = await view_of(database, ClaimView, agency)
    assert (seen.files_by, seen.files_at) == (GARAGE.id, NOON + timedelta(minutes=1))
    (kept,) = await view_of(database, DocumentView, agency)
    assert kept.client_id == owner.id
    assert {one.client_id for one in await view_of(database, Activity, agency)} == {owner.id}


@pytest.mark.parametrize("contract_first", [True, False])
async def test_a_first_file_of_a_contract_stands_with_its_client(
    database: Database, postgresql: PostgreSQL, contract_first: bool
) -> None:
    agency = new_id()
    owner = client(agency, NOON)
    about: ContractState = contract(agency, NOON, owner)
    file = document(agency, NOON, USER, policy_number=about.policy_number)
    agreed, filed = (
        [event("policy.contract-recorded", about, USER)],
        [event("documents.document-added", file, USER)],
    )
    await crosswise(database, postgresql, *((agreed, filed) if contract_first else (filed, agreed)))
    (kept,) = await view_of(database, DocumentView, agency)
    assert kept.client_id == owner.id
