from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from deploy.kafka.registered import NotKnown, partners_of
from deploy.kafka.topics import DEMO_PARTNERS, PARTNERS_FILE, Partner
from services.gateway.identity.registry import create_partner
from services.gateway.models import Partner as PartnerRow
from shared.contracts.codes import PartnerKind
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY
from shared.settings import Settings
from tests.fixtures.databases import migrated_database

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACME = Partner("acme", PartnerKind.GARAGE)


async def test_active_partners_of_the_gateways_database_are_known(tmp_path: Path) -> None:
    async with migrated_database("gateway", "sqlite", tmp_path) as url:
        database = Database(url)
        async with database.write(EVERY_AGENCY) as session:
            for name in ("acme", "gone"):
                await create_partner(session, partner_id=name, kind=ACME.kind, name=name, at=NOON)
            await session.execute(update(PartnerRow).where(PartnerRow.id == "gone").values(active=False))
        await database.dispose()
        settings = Settings(data_dir=tmp_path, gateway_database_url=url, demo=False)
        assert await partners_of(settings) == ([ACME], True)


async def test_without_a_database_there_may_be_others_and_none_is_made(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, demo=False)
    assert await partners_of(settings) == ([], False)
    assert not (tmp_path / "gateway.db").exists()


async def test_a_database_that_is_not_migrated_knows_nobody(tmp_path: Path) -> None:
    (tmp_path / "gateway.db").touch()
    assert await partners_of(Settings(data_dir=tmp_path, demo=False)) == ([], False)


async def test_remembered_partners_and_those_of_the_demo_are_added_once(tmp_path: Path) -> None:
    (tmp_path / PARTNERS_FILE).write_text(
        '[{"id": "acme", "kind": "garage"}, {"id": "garage-lyon", "kind": "garage"}]'
    )
    found, _ = await partners_of(Settings(data_dir=tmp_path))
    assert found[0] == ACME
    assert len(found) == len(DEMO_PARTNERS) + 1


async def test_a_database_that_does_not_answer_is_told_with_its_setting(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, gateway_database_url="postgresql://127.0.0.1:1/gateway")
    with pytest.raises(NotKnown, match="look at DOSSIER_GATEWAY_DATABASE_URL"):
        await partners_of(settings)
