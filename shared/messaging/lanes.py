"""What waits in the client's buffer, as lanes: records that may be taken at the same time.

In a burst of partners' updates a service waits for its database half of the time, and the database for the service. So a second
transaction takes records of other partitions meanwhile, as another replica would. Order holds within a partition, which is all
that a topic promises; our own events stay in one lane, so that what one of them brings is there for the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from aiokafka import TopicPartition

from shared.contracts import topics
from shared.messaging.records import Record, record_of

BATCH: Final = 500
"""The most records of one transaction."""

Lane = list[Record]


async def drained(consumer: Any, first: Any, *, beside: bool) -> list[Lane]:
    """Give the record that woke us and all others that are there already, `BATCH` to a lane, partitions apart.

    There is a second lane only when the first is full, `beside` allows it, and both have nothing but partners' updates.
    """
    more = await consumer.getmany(timeout_ms=0, max_records=BATCH - 1)
    lane = [record_of(raw) for raw in (first, *chain.from_iterable(more.values()))]
    if not beside or len(lane) < BATCH or not _updates_alone(record.topic for record in lane):
        return [lane]
    taken = {TopicPartition(first.topic, first.partition), *more}
    others = [one for one in consumer.assignment() if one not in taken and _updates_alone([one.topic])]
    if not others:
        return [lane]
    found = await consumer.getmany(*others, timeout_ms=0, max_records=BATCH)
    second = [record_of(raw) for raw in chain.from_iterable(found.values())]
    return [lane, second] if second else [lane]


def rewind(consumer: Any, lanes: Sequence[Lane]) -> None:
    """Put the client back to the first record of each partition."""
    first: dict[TopicPartition, int] = {}
    for record in chain.from_iterable(lanes):
        partition = TopicPartition(record.topic, record.partition)
        first[partition] = min(first.get(partition, record.offset), record.offset)
    for partition, offset in first.items():
        consumer.seek(partition, offset)


def _updates_alone(names: Any) -> bool:
    """Whether all of the topics are those on which partners send updates."""
    found = {topics.parse_partner_topic(name) for name in set(names)}
    return all(one is not None and one.kind != topics.RECEIPTS for one in found)
