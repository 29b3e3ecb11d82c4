"""The broker is told how far records were taken: what is durable, soon, and nobody waits for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError

from shared.messaging import offsets as module
from shared.messaging.connection import finish_within
from shared.messaging.offsets import Offsets
from shared.messaging.progress import Progress
from shared.messaging.records import Record
from tests.fixtures.messaging import GARAGE_TOPIC, record

ZERO, ONE = TopicPartition(GARAGE_TOPIC, 0), TopicPartition(GARAGE_TOPIC, 1)
LONG = 3600.0


@dataclass
class Client:
    """A consumer of the client library, as far as offsets go."""

    own: set[TopicPartition] = field(default_factory=lambda: {ZERO, ONE})
    refuses: bool = False
    away: bool = False
    told: list[dict[TopicPartition, int]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def assignment(self) -> set[TopicPartition]:
        return self.own

    async def commit(self, ends: dict[TopicPartition, int]) -> None:
        self.told.append(ends)
        self.heard.set()
        if self.refuses:
            raise CommitFailedError
        if self.away:
            await asyncio.Event().wait()


@pytest.fixture
def progress() -> Progress:
    now = iter(range(1000, 2000))
    return Progress("claims", lambda: float(next(now)))


def taken(partition: int, *offsets: int) -> list[Record]:
    return [record(b"", partition=partition, offset=offset) for offset in offsets]


async def test_what_was_taken_is_told_once_for_all_batches(
    progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    client, offsets = Client(), Offsets("claims", progress)
    offsets.taken(client, [taken(0, 5, 6), taken(1, 9)])
    offsets.taken(client, [taken(0, 7)])
    assert client.told == []
    async with asyncio.timeout(10):
        await client.heard.wait()
    await offsets.flush()
    assert client.told == [{ZERO: 8, ONE: 10}]


async def test_what_is_taken_while_the_broker_answers_is_told_afterwards(
    progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    offsets = Offsets("claims", progress)

    class Slow(Client):
        async def commit(self, ends: dict[TopicPartition, int]) -> None:
            if not self.told:
                offsets.taken(self, [taken(0, 2)])
            self.told.append(ends)
            if len(self.told) > 1:
                self.heard.set()

    client = Slow()
    offsets.taken(client, [taken(0, 1)])
    async with asyncio.timeout(10):
        await client.heard.wait()
    await offsets.flush()
    assert client.told == [{ZERO: 2}, {ZERO: 3}]


async def test_the_end_of_a_service_does_not_wait_for_the_pause(
    progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", LONG)
    client, offsets = Client(), Offsets("claims", progress)
    offsets.taken(client, [taken(0, 1)])
    await offsets.flush()
    offsets.taken(client, [taken(0, 2)])
    await offsets.flush()
    assert client.told == [{ZERO: 2}], "the client is about to close"


async def test_a_partition_that_was_taken_away_is_left_to_its_new_owner(progress: Progress) -> None:
    client, offsets = Client(own={ONE}), Offsets("claims", progress)
    offsets.taken(client, [taken(0, 1), taken(1, 4)])
    await offsets.flush()
    assert client.told == [{ONE: 5}]


async def test_refusals_are_counted_until_one_is_accepted(progress: Progress) -> None:
    client = Client(refuses=True)
    for offset in (1, 2):
        await told_at_once(client, progress, offset)
    assert progress.stuck_seconds() > 0
    client.refuses = False
    await told_at_once(client, progress, 3)
    assert progress.stuck_seconds() == 0
    assert client.told[-1] == {ZERO: 4}


async def told_at_once(client: Client, progress: Progress, offset: int) -> None:
    offsets = Offsets("claims", progress)
    offsets.taken(client, [taken(0, offset)])
    await offsets.flush()


async def test_a_broker_that_does_not_answer_holds_up_no_batch_and_the_end_can_be_limited(
    progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    client, offsets = Client(away=True), Offsets("claims", progress)
    offsets.taken(client, [taken(0, 1)])
    async with asyncio.timeout(10):
        await client.heard.wait()
        offsets.taken(client, [taken(0, 2)])
        await finish_within(offsets.flush(), 0.05)
    assert client.told == [{ZERO: 2}]
