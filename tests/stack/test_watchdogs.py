"""What hangs is noticed and replaced, and what it had in hand is taken by its successor."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from shared.contracts.topics import receipts_topic
from shared.settings import PREFIX
from tests.fixtures.children import dies_with_us
from tests.fixtures.desk import desk_of, since
from tests.fixtures.fleet import running_fleet
from tests.fixtures.messaging import GARAGE_TOPIC, repair_update
from tests.fixtures.partners import partner, partner_line
from tests.fixtures.stack import ROOT
from tests.fixtures.waiting import eventually
from tests.stack.engines import Kafka, RealEngines
from tests.stack.operator import Operator

EXIT_HUNG = 70
"""EX_SOFTWARE of sysexits.h: what the supervisor's log shows of such an end."""


def test_a_consumer_that_hangs_ends_its_process_and_the_next_one_takes_the_record(
    kafka: Kafka, tmp_path: Path
) -> None:
    settings = {
        **kafka.environment,
        f"{PREFIX}DATA_DIR": str(tmp_path / "data"),
        f"{PREFIX}KAFKA_PARTITIONS": "1",
        f"{PREFIX}LOG_FORMAT": "json",
    }
    (tmp_path / "data").mkdir()
    operator = Operator(tmp_path, settings)
    operator.do("topics")
    first = _start(operator, tmp_path)
    try:
        _publish(kafka, orjson.dumps(repair_update("hang-1")))
        assert first.wait(90) == EXIT_HUNG
    finally:
        first.kill()
    said = (tmp_path / "console.txt").read_text("utf-8")
    assert "messaging.consumer_hangs" in said
    assert _receipts(kafka) == []

    second = _start(operator, tmp_path)
    try:
        (receipt,) = eventually(lambda: _receipts(kafka), 90, "the successor's receipt")
        assert orjson.loads(receipt)["data"]["message_id"] == "hang-1"
        assert second.poll() is None
        second.send_signal(signal.SIGTERM)
        assert second.wait(15) == 0
    finally:
        second.kill()


async def test_a_replica_that_hangs_is_replaced_and_the_others_take_its_share_meanwhile(
    engines: RealEngines, tmp_path: Path
) -> None:
    with running_fleet(tmp_path, engines, {"claims": 2}) as fleet:
        async with partner_line(fleet) as line, desk_of(fleet, "handler") as desk:
            garage = partner(fleet, "garage-lyon")
            claims = [await desk.claim(number) for number in garage.claim_numbers]
            victim = fleet.pid_of("claims-2")
            begun = monotonic()
            with fleet.frozen("claims-2"):
                sent = [
                    garage.message(
                        "repair-updates",
                        {
                            "claim_number": one["claim_number"],
                            "phase": one["repair"]["phase"],
                            "note": "figé",
                        },
                    )
                    for one in claims
                    if one["repair"]
                ]
                await line.push_all(sent)
                answers = await line.answers([one.id for one in sent], within=90)
                print(f"\nall {len(sent)} answered {since(begun)} after one of two was frozen")
                successor = await asyncio.to_thread(fleet.wait_for_successor, "claims-2", victim, 120)
            assert successor != victim
            print(f"replaced after {since(begun)}")
            assert {found[0]["outcome"] for found in answers.values()} == {"accepted"}
            assert "claims-2" in fleet.console().rpartition("does not answer")[0].rpartition("\n")[2]


def _start(operator: Operator, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "console.txt").open("ab") as console:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.stack.hanging", str(folder)],
            preexec_fn=dies_with_us(),  # noqa: PLW1509 - one system call, no lock
            cwd=ROOT,
            env=operator.environment({}),
            stdout=console,
            stderr=subprocess.STDOUT,
        )


def _publish(kafka: Kafka, body: bytes) -> None:
    producer = Producer({"bootstrap.servers": f"127.0.0.1:{kafka.admin_port}"})
    producer.produce(GARAGE_TOPIC, value=body, key=b"CL-2026-000001")
    assert producer.flush(20) == 0


def _receipts(kafka: Kafka) -> list[bytes]:
    """All that the garage has been told so far."""
    topic = receipts_topic("garage-lyon")
    consumer = Consumer(
        {
            "bootstrap.servers": f"127.0.0.1:{kafka.admin_port}",
            "group.id": "nobody",
            "enable.auto.commit": False,
        }
    )
    try:
        parts = [
            TopicPartition(topic, number, 0)
            for number in consumer.list_topics(topic).topics[topic].partitions
        ]
        _, ends = zip(*(consumer.get_watermark_offsets(one, timeout=20) for one in parts), strict=True)
        consumer.assign(parts)
        found: list[bytes] = []
        while len(found) < sum(ends):
            message = consumer.poll(20)
            assert message is not None
            assert message.error() is None
            found.append(message.value() or b"")
        return found
    finally:
        consumer.close()
