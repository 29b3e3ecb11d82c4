"""The real embedded broker behind its doorway, with the clients that partners use."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.cli import main
from deploy.kafka.cluster import Cluster, ClusterFailed
from deploy.kafka.topics import TopicSpec
from deploy.local import kafka_wire
from deploy.local.broker import BrokerFailed, EmbeddedBroker
from deploy.local.plan import BrokerPlan
from deploy.local.processes import Child, Processes
from shared.settings import Settings
from tests.fixtures.partners import kcat as kcat_program
from tests.integration.deploy.stacks import free_port, plan_of

TOPIC = "partners.garage-lyon.repair-updates.v1"
BIG = 900_000


@asynccontextmanager
async def embedded_broker(folder: Path, plan: BrokerPlan | None = None) -> AsyncIterator[EmbeddedBroker]:
    stack = plan_of(folder, broker=True)
    ended: list[Child] = []
    processes = Processes(stack.log_dir, ended.append)
    processes.open()
    wanted = plan or stack.broker
    assert wanted is not None
    broker = EmbeddedBroker(wanted, processes)
    await broker.open()
    try:
        await broker.start()
        yield broker
    finally:
        await broker.close()
        await asyncio.gather(*(child.kill() for child in processes.running()))
        processes.close()


async def read(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def kcat(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [kcat_program(), *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


async def test_a_client_is_kept_at_the_doorway_and_not_sent_to_the_broker_behind(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path) as broker:
        producer = AIOKafkaProducer(
            bootstrap_servers=f"127.0.0.1:{broker.public_port}", max_request_size=2 * BIG
        )
        await producer.start()
        try:
            assert {(one.host, one.port) for one in producer.client.cluster.brokers()} == {
                ("127.0.0.1", broker.public_port)
            }
            assert broker.port != broker.public_port
            for value in (b"one", b"x" * BIG):
                await producer.send_and_wait(TOPIC, value, key=b"C-1")
        finally:
            await producer.stop()
        for port in (broker.public_port, broker.port):
            assert await read(f"127.0.0.1:{port}", TOPIC, 2) == [b"one", b"x" * BIG]


async def test_what_kcat_sends_arrives_with_key_and_headers_and_it_can_read(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path) as broker:
        address = f"127.0.0.1:{broker.public_port}"
        sent = await kcat(
            *("-P", "-b", address, "-t", TOPIC, "-K", "|", "-H", "traceparent=00-x", "-H", "empty"),
            text="C-1|one\nC-1|two\n",
        )
        assert sent.returncode == 0, sent.stderr
        assert await read(address, TOPIC, 2) == [b"one", b"two"]
        got = await kcat("-C", "-q", "-e", "-b", address, "-t", TOPIC, "-f", "%k %s %h\n")
        assert got.stdout.splitlines() == [
            "C-1 one traceparent=00-x,empty=NULL",
            "C-1 two traceparent=00-x,empty=NULL",
        ]


async def test_what_is_not_kafka_is_hung_up_on(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path) as broker:
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.public_port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        assert await kafka_wire.answers("127.0.0.1", broker.public_port)


async def test_a_new_broker_is_empty_has_its_topics_and_another_epoch(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path) as broker:
        assert broker.child is not None
        first = broker.epoch
        await broker.child.kill()
        (tmp_path / "partners.json").write_text('[{"id": "acme", "kind": "garage"}]')

        await broker.start()

        assert broker.epoch != first
        listed = await kcat("-L", "-b", f"127.0.0.1:{broker.public_port}")
        assert f'topic "{TOPIC}" with 4 partitions' in listed.stdout
        assert 'topic "partners.acme.repair-updates.v1.dlq" with 1 partitions' in listed.stdout


async def test_a_broker_that_ends_at_once_is_a_failure_with_its_last_words(tmp_path: Path) -> None:
    plan = BrokerPlan(
        ("sh", "-c", "echo no memory; exit 3", "{port}"),
        free_port(),
        "X",
        (),
        str(tmp_path / "partners.json"),
    )
    with pytest.raises(BrokerFailed, match="it ended with code 3: no memory"):
        async with embedded_broker(tmp_path, plan):
            pass


async def test_a_file_of_partners_that_cannot_be_read_is_a_failure_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "partners.json").write_text("{")
    with pytest.raises(BrokerFailed, match=r"partners\.json is not a JSON list"):
        async with embedded_broker(tmp_path):
            pass


async def test_topics_are_created_once_by_the_operators_command(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path) as broker:
        cluster = Cluster(Settings(kafka_port=broker.public_port))
        specs = [TopicSpec("a.v1", 3, {"retention.ms": "1000"}), TopicSpec(TOPIC, 4)]
        assert await asyncio.to_thread(cluster.create_topics, specs) == ["a.v1"]
        assert await asyncio.to_thread(cluster.create_topics, specs) == []
        assert (await asyncio.to_thread(cluster.topics))["a.v1"].partitions == 3


async def test_the_operators_command_finds_no_differences_on_an_embedded_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with embedded_broker(tmp_path) as broker:
        monkeypatch.setenv("DOSSIER_KAFKA_PORT", str(broker.public_port))
        monkeypatch.setenv("DOSSIER_DATA_DIR", str(tmp_path))
        assert await asyncio.to_thread(main, ["topics"]) == 0
        assert "topics created" in capsys.readouterr().out
        assert await asyncio.to_thread(main, ["topics"]) == 0
        assert capsys.readouterr().out == "no differences\n0 topics created, 34 were there\n"


def test_a_kafka_that_is_not_there_is_told_in_a_sentence() -> None:
    port = free_port()
    with pytest.raises(ClusterFailed, match=rf"Kafka at 127\.0\.0\.1:{port} does not answer"):
        Cluster(Settings(kafka_port=port), seconds=1).brokers()
