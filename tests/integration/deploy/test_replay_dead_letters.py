"""`dossier replay-dead-letters` on a real broker: original bytes, original topic, each once."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.cli import Refused
from deploy.commands.replay_dead_letters import as_sent, replay
from shared.messaging.records import EVENT_ID_HEADER, Record
from shared.settings import Settings
from tests.fixtures.embedded_broker import EmbeddedBroker, free_port

GARAGE = "partners.garage-lyon.repair-updates.v1"
CLAIMS = "claims.events.v1"


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    found = EmbeddedBroker()
    try:
        await found.start([GARAGE, f"{GARAGE}.dlq", CLAIMS, f"{CLAIMS}.dlq"])
        yield found
    finally:
        found.kill()


@pytest.fixture
def settings(broker: EmbeddedBroker) -> Settings:
    return Settings(kafka_port=broker.port)


async def bury(broker: EmbeddedBroker, topic: str, *bodies: bytes, key: bytes = b"CL-2026-000001") -> None:
    """Write dead letters as the services do."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)
    await producer.start()
    try:
        for number, body in enumerate(bodies):
            headers = {
                EVENT_ID_HEADER: f"dead-{topic}-{number}",
                "content-type": "application/cloudevents+json",
                "dossier-reason": "unattributable",
                "dossier-service": "claims",
                "dossier-attempts": "1",
                "dossier-partition": "2",
                "dossier-offset": str(40 + number),
            }
            encoded = [(name, value.encode()) for name, value in headers.items()]
            await producer.send_and_wait(f"{topic}.dlq", value=body, key=key, headers=encoded)
    finally:
        await producer.stop()


async def read(broker: EmbeddedBroker, topic: str, count: int) -> list[Record]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: list[Record] = []
    try:
        while len(found) < count:
            raw = await consumer.getone()
            headers = {name: value.decode() for name, value in raw.headers}
            found.append(
                Record(raw.topic, raw.partition, raw.offset, raw.timestamp, raw.key, raw.value, headers)
            )
    finally:
        await consumer.stop()
    return found


async def test_the_original_bytes_go_to_the_original_topic_with_key_and_mark(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    await bury(broker, GARAGE, b'{"not": json', b"\xff\x00")
    lines: list[str] = []
    summary = await replay(settings, tell=lines.append)
    assert (summary.found, summary.replayed) == (2, 2)
    first, second = await read(broker, GARAGE, 2)
    assert [first.value, second.value] == [b'{"not": json', b"\xff\x00"]
    assert first.key == b"CL-2026-000001"
    assert first.headers["dossier-replayed"].startswith(f"{GARAGE}.dlq:")
    assert first.headers[EVENT_ID_HEADER] != second.headers[EVENT_ID_HEADER]
    assert "dossier-reason" not in first.headers
    assert lines[0].startswith(f"{GARAGE}:2:40  claims gave up after 1: unattributable")


async def test_a_second_run_replays_nothing_twice_but_takes_what_came_since(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    await bury(broker, GARAGE, b"one", b"two")
    await replay(settings)
    assert (await replay(settings)).found == 0
    await bury(broker, GARAGE, b"three")
    assert (await replay(settings)).replayed == 1
    values = sorted(record.value for record in await read(broker, GARAGE, 3))
    assert values == [b"one", b"three", b"two"]


async def test_a_dry_run_sends_and_commits_nothing(broker: EmbeddedBroker, settings: Settings) -> None:
    await bury(broker, GARAGE, b"one")
    summary = await replay(settings, dry_run=True)
    assert (summary.found, summary.replayed) == (1, 0)
    assert (await replay(settings)).replayed == 1


async def test_a_limit_leaves_the_rest_for_the_next_run(broker: EmbeddedBroker, settings: Settings) -> None:
    await bury(broker, GARAGE, b"one", b"two", b"three")
    assert (await replay(settings, limit=2)).replayed == 2
    assert (await replay(settings)).replayed == 1


async def test_a_topic_chosen_by_its_name_leaves_the_others(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    await bury(broker, GARAGE, b"garage")
    await bury(broker, CLAIMS, b"claim")
    assert (await replay(settings, topic=CLAIMS)).replayed == 1
    assert (await replay(settings, topic=f"{GARAGE}.dlq")).replayed == 1


async def test_a_topic_that_does_not_exist_is_refused(broker: EmbeddedBroker, settings: Settings) -> None:
    with pytest.raises(Refused, match=r"no topic partners\.garage-oslo"):
        await replay(settings, topic="partners.garage-oslo.repair-updates.v1")


async def test_dead_letters_whose_topic_is_gone_stay(broker: EmbeddedBroker, settings: Settings) -> None:
    await broker.create(["partners.garage-gone.repair-updates.v1.dlq"])
    await bury(broker, "partners.garage-gone.repair-updates.v1", b"late")
    for _ in range(2):
        with pytest.raises(Refused, match="is gone"):
            await replay(settings)


async def test_a_broker_that_is_away_is_told_in_a_sentence() -> None:
    with pytest.raises(Refused, match="does not answer"):
        await replay(Settings(kafka_port=free_port()))


def test_the_same_dead_letter_has_the_same_id_however_often_it_is_sent() -> None:
    letter = Record(f"{GARAGE}.dlq", 0, 3, 1, b"", b"x", {EVENT_ID_HEADER: "dead-1"})
    again = Record(f"{GARAGE}.dlq", 0, 9, 2, b"", b"x", {EVENT_ID_HEADER: "dead-1"})
    ids = [dict(as_sent(one)["headers"])[EVENT_ID_HEADER] for one in (letter, again)]
    assert ids[0] == ids[1]
    assert as_sent(letter)["key"] is None
