"""`dossier create-partner` beside the real embedded broker, which forgets its topics whenever it ends."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.kafka.cluster import Cluster
from deploy.kafka.topics import topics_for_partner
from shared.db.migrations import migrate_async
from shared.settings import Settings
from tests.fixtures.partners import kcat, run_kcat
from tests.integration.deploy.test_doorway import embedded_broker

ACME = {spec.name: spec.partitions for spec in topics_for_partner("acme", "garage")}
UPDATES = "partners.acme.repair-updates.v1"


@pytest.fixture
async def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOSSIER_DATA_DIR", str(tmp_path))
    await migrate_async("gateway", f"sqlite:///{tmp_path}/gateway.db")
    return tmp_path


async def dossier(*arguments: str) -> int:
    return await asyncio.to_thread(main, list(arguments))


def acmes_topics(port: int) -> dict[str, int]:
    found = Cluster(Settings(kafka_port=port)).topics()
    return {name: topic.partitions for name, topic in found.items() if name.startswith("partners.acme.")}


async def test_its_topics_are_made_at_once_and_again_by_each_new_broker(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with embedded_broker(data) as broker:
        monkeypatch.setenv("DOSSIER_KAFKA_PORT", str(broker.public_port))
        assert await dossier("create-partner", "acme", "--kind", "garage") == 0
        assert "topics: 4 made" in capsys.readouterr().err
        assert await asyncio.to_thread(acmes_topics, broker.public_port) == ACME

        assert broker.child is not None
        await broker.child.kill()
        await broker.start()
        assert await asyncio.to_thread(acmes_topics, broker.public_port) == ACME

        assert await dossier("create-partner", "acme") == 0
        assert "topics: 0 made, 4 were there" in capsys.readouterr().err


async def test_without_a_running_broker_they_come_with_its_next_start(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOSSIER_KAFKA_PORT", "1")
    assert await dossier("create-partner", "acme", "--kind", "garage") == 0
    assert "topics: made when the embedded broker starts" in capsys.readouterr().err
    async with embedded_broker(data) as broker:
        assert await asyncio.to_thread(acmes_topics, broker.public_port) == ACME


async def test_the_kcat_line_works_as_it_is_printed(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = kcat()
    async with embedded_broker(data) as broker:
        monkeypatch.setenv("DOSSIER_KAFKA_PORT", str(broker.public_port))
        assert await dossier("create-partner", "acme", "--kind", "garage", "--json") == 0
        papers = json.loads(capsys.readouterr().out)
        line = await asyncio.create_subprocess_exec("sh", "-c", papers["try"]["kcat"], env=dict(os.environ))
        assert await line.wait() == 0
        bootstrap = f"127.0.0.1:{broker.public_port}"
        sent = await run_kcat(program, "-C", "-b", bootstrap, "-t", UPDATES, "-e", "-q", "-f", "%k %s")
    key, _, body = sent.decode().partition(" ")
    assert key == "TRIAL"
    assert json.loads(body)["source"] == "urn:dossier:partner:acme"


async def test_a_file_of_partners_that_cannot_be_read_is_named_and_nothing_is_registered(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOSSIER_KAFKA_PORT", "1")
    (data / "partners.json").write_text("{")
    assert await dossier("create-partner", "acme", "--kind", "garage") == 1
    assert "partners.json is not a JSON list of partners" in capsys.readouterr().err
    (data / "partners.json").unlink()
    assert await dossier("create-partner", "acme", "--new-key") == 1
    assert "There is no such partner." in capsys.readouterr().err
