"""What one write session keeps: savepoints, versions, numbers, and the schema it is written to."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.claims import handlers
from services.claims.models import Base, ClaimHistory
from services.claims.publishing import publish_change
from services.claims.repository import ClaimBook
from shared.contracts.claims import ClaimState
from shared.contracts.envelope import Actor
from shared.db.database import Database
from shared.db.migrations import migrate_async
from shared.db.tenancy import EVERY_AGENCY
from shared.errors import Conflict
from tests.integration.claims.frame import Service
from tests.unit.claims.factories import BROKER, NOW, client, contract, register, repair_update

SYSTEM = Actor(kind="system", id="test")


class RolledBackError(Exception):
    pass


async def report(session: AsyncSession, claim: ClaimState, **given: object) -> ClaimState:
    return await handlers.record_repair_update(
        session,
        claim,
        repair_update(**given),
        partner_id="garage-lyon",
        actor=SYSTEM,
        at=NOW,
    )


async def test_what_was_kept_in_a_savepoint_that_fails_is_forgotten_and_nothing_else(
    service: Service,
) -> None:
    await service.registered()
    async with service.database.write(EVERY_AGENCY) as session:
        book = ClaimBook.of(session)
        claim = await handlers.claim_for_update(session, "CL-2026-000001")
        async with session.begin_nested():
            claim = await report(session, claim, sequence=1, phase="body")
        with suppress(RolledBackError):
            async with session.begin_nested():
                await report(session, claim, sequence=2, phase="paint")
                await handlers.register_claim(
                    session, register(insurer_reference="R"), contract=contract(), actor=SYSTEM, at=NOW
                )
                raise RolledBackError
        assert (book.position(claim, "garage-lyon", "repair-updates"), claim.sequence) == (1, 2)
        assert await book.by_reference("insurer-alpha", "R") is None
        claim = await report(session, claim, sequence=2, phase="reassembly")
    stored = await service.claim()
    assert stored == claim
    assert stored.repair is not None
    assert [step.phase for step in stored.repair.steps] == ["assigned", "body", "reassembly"]
    async with service.database.read(EVERY_AGENCY) as session:
        rows = await session.scalars(select(ClaimHistory.sequence).order_by(ClaimHistory.sequence))
        assert list(rows) == [1, 2, 3]


async def test_a_change_of_an_old_version_is_refused(service: Service) -> None:
    await service.registered()
    async with service.database.write(EVERY_AGENCY) as session:
        claim = await handlers.claim_for_update(session, "CL-2026-000001")
        await handlers.add_note(session, claim, "one", actor=BROKER, at=NOW)
        with pytest.raises(Conflict) as refusal:
            await handlers.add_note(session, claim, "two", actor=BROKER, at=NOW)
        assert refusal.value.code == "stale_version"


async def test_a_reference_that_was_taken_meanwhile_is_a_conflict_at_the_latest_when_writing(
    service: Service,
) -> None:
    """Two replicas may both have found it free: the database has the last word."""
    await service.registered(insurer_reference="REF-1")
    await service.registered()
    with pytest.raises(Conflict) as refusal:
        await _take_reference_unchecked(service, "CL-2026-000002", "REF-1")
    assert refusal.value.code == "insurer_reference_taken"
    assert (await service.claim("CL-2026-000002")).sequence == 1


async def _take_reference_unchecked(service: Service, number: str, reference: str) -> None:
    async with service.database.write(EVERY_AGENCY) as session:
        claim = await handlers.claim_for_update(session, number)
        new = claim.model_copy(update={"insurer_reference": reference})
        publish_change(session, claim, new, actor=SYSTEM, at=NOW)


async def test_concurrent_registrations_never_share_a_number(service: Service) -> None:
    claims = await asyncio.gather(*(service.registered() for _ in range(25)))
    assert sorted(claim.claim_number for claim in claims) == [f"CL-2026-{n:06d}" for n in range(1, 26)]


async def test_a_registration_that_fails_leaves_no_gap_and_each_year_has_its_series(service: Service) -> None:
    with suppress(RolledBackError):
        async with service.database.write(EVERY_AGENCY) as session:
            await handlers.register_claim(session, register(), contract=contract(), actor=BROKER, at=NOW)
            raise RolledBackError
    async with service.database.write(EVERY_AGENCY) as session:
        numbers = [
            (
                await handlers.register_claim(
                    session, register(event_date="2024-12-30"), contract=contract(), actor=BROKER, at=at
                )
            ).claim_number
            for at in (datetime(2025, 1, 2, tzinfo=UTC), NOW, NOW)
        ]
    assert numbers == ["CL-2025-000001", "CL-2026-000001", "CL-2026-000002"]


async def test_history_can_be_played_in_one_transaction_with_past_instants(service: Service) -> None:
    importer = Actor(kind="import", id="seed")
    begun = datetime(2025, 6, 1, tzinfo=UTC)
    async with service.database.write(EVERY_AGENCY) as session:
        claim = await handlers.register_claim(
            session,
            register(event_date="2025-05-30", garage={"partner_id": "garage-lyon", "name": "G"}),
            contract=contract(),
            client=client(),
            actor=importer,
            at=begun,
        )
        for sequence, phase in enumerate(("arrived", "body", "delivered"), start=1):
            claim = await handlers.record_repair_update(
                session,
                claim,
                repair_update(sequence=sequence, phase=phase),
                partner_id="garage-lyon",
                actor=importer,
                at=begun.replace(day=sequence + 1),
            )
    assert await service.claim("CL-2025-000001") == claim
    assert claim.repair is not None
    assert [step.at.day for step in claim.repair.steps] == [1, 2, 3, 4]
    kinds = {
        event["data"]["actor"]["kind"] for topic, event in await service.published() if "claims" in topic
    }
    assert kinds == {"import"}


async def test_the_migrations_make_exactly_the_tables_of_the_models(database_url: str) -> None:
    await migrate_async("claims", database_url)
    database = Database(database_url)
    try:
        async with database.engine.connect() as connection:
            found = await connection.run_sync(
                lambda sync: {
                    table: {column["name"]: column["nullable"] for column in inspect(sync).get_columns(table)}
                    for table in inspect(sync).get_table_names()
                }
            )
    finally:
        await database.dispose()
    found.pop("alembic_version")
    expected = {
        name: {column.name: column.nullable for column in table.columns}
        for name, table in Base.metadata.tables.items()
    }
    assert found == expected
