"""`dossier republish` marks a service's archive as unpublished, and nothing else."""

import argparse
import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from deploy.cli import Refused, main
from deploy.commands import republish as command
from deploy.commands.republish import instant, republish
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY
from shared.messaging.outbox import enqueue_bytes
from shared.messaging.tables import outbox
from shared.settings import Settings
from tests.fixtures.messaging import messaging_database, published

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TOPICS = {
    "event-1": "claims.events.v1",
    "event-2": "claims.events.v1",
    "receipt": "partners.garage-lyon.receipts.v1",
    "dead": "claims.events.v1.dlq",
    "on-ramp": "partners.garage-lyon.repair-updates.v1",
}


def settings_on(folder: Path) -> Settings:
    return Settings(claims_database_url=f"sqlite:///{folder / 'service.db'}", data_dir=folder)


async def archive(database: Database) -> None:
    """Five published rows, a minute apart."""
    for place, (event_id, topic) in enumerate(TOPICS.items()):
        async with database.write(EVERY_AGENCY) as session:
            enqueue_bytes(session, topic=topic, key="k", event_id=event_id, body=b"{}")
        async with database.write(EVERY_AGENCY) as session:
            at = NOW + timedelta(minutes=place)
            await session.execute(
                update(outbox)
                .where(outbox.c.event_id == event_id)
                .values(created_at=at, published_at=at + timedelta(seconds=1))
            )


async def waiting(database: Database) -> list[str]:
    return [row.event_id for row in await published(database) if row.published_at is None and row.republished]


async def test_all_marks_every_event_but_no_receipt_dead_letter_or_forwarded_message(tmp_path: Path) -> None:
    async with messaging_database(tmp_path) as database:
        await archive(database)
        assert await republish(settings_on(tmp_path), "claims") == 2
        assert await waiting(database) == ["event-1", "event-2"]


async def test_receipts_go_again_when_asked_for(tmp_path: Path) -> None:
    async with messaging_database(tmp_path) as database:
        await archive(database)
        assert await republish(settings_on(tmp_path), "claims", receipts=True) == 3
        assert await waiting(database) == ["event-1", "event-2", "receipt"]


async def test_since_leaves_what_is_older(tmp_path: Path) -> None:
    async with messaging_database(tmp_path) as database:
        await archive(database)
        assert await republish(settings_on(tmp_path), "claims", since=NOW + timedelta(seconds=30)) == 1
        assert await waiting(database) == ["event-2"]


async def test_a_large_archive_is_marked_in_several_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "CHUNK", 1)
    async with messaging_database(tmp_path) as database:
        await archive(database)
        assert await republish(settings_on(tmp_path), "claims", receipts=True) == 3


async def test_what_was_never_published_is_not_counted(tmp_path: Path) -> None:
    async with messaging_database(tmp_path) as database:
        await archive(database)
        await republish(settings_on(tmp_path), "claims")
        assert await republish(settings_on(tmp_path), "claims") == 0


def test_a_service_without_a_database_is_refused_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="claims has no database"):
        asyncio.run(republish(settings_on(tmp_path), "claims"))
    assert list(tmp_path.iterdir()) == []


async def test_a_database_without_an_outbox_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "service.db").touch()
    with pytest.raises(Refused, match="outbox of claims cannot be read"):
        await republish(settings_on(tmp_path), "claims")


@pytest.mark.parametrize(
    ("text", "reason"), [("2026-11-23T08:00:00", "needs an offset"), ("yesterday", "is no instant")]
)
def test_an_instant_without_offset_or_sense_is_refused(text: str, reason: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=reason):
        instant(text)


def test_the_operator_has_to_say_how_much(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["republish", "claims"])
    assert "--since --all" in capsys.readouterr().err
