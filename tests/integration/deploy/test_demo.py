"""The demo's story: what was done to a client is what changed him."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from deploy.demo.seed import seed_demo
from services.policy.models import ClientRow
from services.policy.repository import client_state
from shared.db.database import Database
from shared.db.migrations import migrate_async
from shared.db.tenancy import EVERY_AGENCY
from shared.settings import Settings

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


async def test_a_client_changed_last_when_his_details_were_confirmed(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    for service in ("gateway", "policy", "claims"):
        await migrate_async(service, settings.database_url_of(service))
    assert await seed_demo(settings, NOW)

    database = Database(settings.database_url_of("policy"))
    async with database.read(EVERY_AGENCY) as session:
        clients = [client_state(row) for row in await session.scalars(select(ClientRow))]
    await database.dispose()

    assert {one.email.confirmed.at == one.updated_at for one in clients if one.email} == {True}
    assert {one.sequence for one in clients} == {2}, "registered, then confirmed"
    assert {one.address.confirmed.at is None for one in clients if one.address} == {True, False}
    assert len({one.updated_at for one in clients}) > 1
