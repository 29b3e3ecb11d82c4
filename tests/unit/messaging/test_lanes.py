"""Which waiting records are taken at the same time: partners' updates of a burst, by partition, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

import pytest
from aiokafka import TopicPartition

from shared.messaging.lanes import BATCH, drained, rewind
from tests.fixtures.messaging import GARAGE_TOPIC, record

INSURER_TOPIC = "partners.insurer-alpha.claim-updates.v1"


@dataclass
class Raw:
    """A record as the client library gives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int = 0
    key: bytes | None = None
    value: bytes = b"{}"
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Client:
    """A client with a buffer, which gives a partition's records in their order, as many as are asked for."""

    buffer: dict[TopicPartition, list[Raw]]
    sought: dict[TopicPartition, int] = field(default_factory=dict)

    def assignment(self) -> set[TopicPartition]:
        return set(self.buffer)

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int
    ) -> Mapping[TopicPartition, list[Raw]]:
        assert timeout_ms == 0
        found: dict[TopicPartition, list[Raw]] = {}
        for one in self.buffer:
            left = max_records - sum(map(len, found.values()))
            if left and self.buffer[one] and one in (partitions or self.buffer):
                found[one], self.buffer[one] = self.buffer[one][:left], self.buffer[one][left:]
        return found

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought[partition] = offset


def client(waiting: Mapping[tuple[str, int], int]) -> tuple[Client, Raw]:
    """A client with so many records in each partition, and the one of the first of them that it has given already."""
    buffer = {
        TopicPartition(topic, partition): [Raw(topic, partition, offset) for offset in range(count)]
        for (topic, partition), count in waiting.items()
    }
    first = next(iter(buffer.values())).pop(0)
    return Client(buffer), first


async def sizes(waiting: Mapping[tuple[str, int], int], *, beside: bool = True) -> list[int]:
    one, first = client(waiting)
    return [len(lane) for lane in await drained(one, first, beside=beside)]


async def test_what_waits_is_one_lane_until_it_is_full() -> None:
    assert await sizes({(GARAGE_TOPIC, 0): 1}) == [1]
    assert await sizes({(GARAGE_TOPIC, 0): 300, (GARAGE_TOPIC, 1): 199}) == [499]


async def test_a_burst_has_a_second_lane_of_other_partitions() -> None:
    waiting = {(GARAGE_TOPIC, 0): 700, (GARAGE_TOPIC, 1): 300, (INSURER_TOPIC, 0): 400}
    one, first = client(waiting)
    lanes = await drained(one, first, beside=True)
    assert [len(lane) for lane in lanes] == [BATCH, BATCH]
    apart = [{(record.topic, record.partition) for record in lane} for lane in lanes]
    assert apart == [{(GARAGE_TOPIC, 0)}, {(GARAGE_TOPIC, 1), (INSURER_TOPIC, 0)}]
    for lane in lanes:
        for partition in {(one.topic, one.partition) for one in lane}:
            offsets = [one.offset for one in lane if (one.topic, one.partition) == partition]
            assert offsets == sorted(offsets)
    seen = {record.coordinates for record in chain.from_iterable(lanes)}
    left = {f"{raw.topic}:{raw.partition}:{raw.offset}" for raw in chain.from_iterable(one.buffer.values())}
    assert len(seen) == 2 * BATCH
    assert not seen & left
    assert len(seen | left) == sum(waiting.values())


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        ({(GARAGE_TOPIC, 0): 1200}, [BATCH]),  # one partition is one order
        ({(GARAGE_TOPIC, 0): 600, (GARAGE_TOPIC, 1): 0}, [BATCH]),
        ({(GARAGE_TOPIC, 0): 600, ("policy.events.v1", 0): 600}, [BATCH]),
        ({("claims.events.v1", 0): 600, ("claims.events.v1", 1): 600}, [BATCH]),
        ({("policy.events.v1", 0): 1, (GARAGE_TOPIC, 0): 499, (GARAGE_TOPIC, 1): 600}, [BATCH]),
        ({("partners.garage-lyon.receipts.v1", 0): 600, (GARAGE_TOPIC, 1): 600}, [BATCH]),
    ],
)
async def test_own_events_and_one_partition_have_no_second_lane(
    waiting: dict[tuple[str, int], int], expected: list[int]
) -> None:
    assert await sizes(waiting) == expected


async def test_an_engine_with_one_writer_has_one_lane() -> None:
    assert await sizes({(GARAGE_TOPIC, 0): 600, (GARAGE_TOPIC, 1): 600}, beside=False) == [BATCH]


def test_what_was_not_taken_is_read_again_from_the_first_record_of_each_partition() -> None:
    one, _ = client({(GARAGE_TOPIC, 0): 1})
    lanes = [
        [record(b"", partition=0, offset=8), record(b"", partition=0, offset=7)],
        [record(b"", INSURER_TOPIC, partition=3, offset=5)],
    ]
    rewind(one, lanes)
    assert one.sought == {TopicPartition(GARAGE_TOPIC, 0): 7, TopicPartition(INSURER_TOPIC, 3): 5}
