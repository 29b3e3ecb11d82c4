"""A consumer that stands still is noticed, one that only has nothing to do is not."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalOperation

from shared.messaging.progress import Progress

ONE, TWO = TopicPartition("claims.events.v1", 0), TopicPartition("claims.events.v1", 1)


@dataclass
class Client:
    """A consumer of the client library, as far as it is looked at."""

    own: set[TopicPartition]
    ends: dict[TopicPartition, int]
    at: dict[TopicPartition, int] = field(default_factory=dict)
    grouped: bool = True

    def assignment(self) -> set[TopicPartition]:
        return self.own

    def subscription(self) -> set[str]:
        return {"claims.events.v1"}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {one.partition for one in self.ends if one.topic == topic}

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {one: self.ends[one] for one in partitions}

    async def position(self, partition: TopicPartition) -> int:
        return self.at[partition]

    async def committed(self, partition: TopicPartition) -> int | None:
        if not self.grouped:
            raise IllegalOperation
        return self.at.get(partition)


class Time:
    """The clock that the watch looks at."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def watch(time: Time) -> Progress:
    return Progress("claims", time.monotonic)


async def test_a_position_that_does_not_change_with_records_waiting_is_standing_still(
    watch: Progress, time: Time
) -> None:
    client = Client({ONE}, {ONE: 10}, {ONE: 7})
    await watch.look([client])
    assert (watch.lag, watch.stuck_seconds()) == (3, 0)
    time.now += 40
    await watch.look([client])
    assert watch.stuck_seconds() == 40
    client.at[ONE] = 8
    await watch.look([client])
    assert watch.stuck_seconds() == 0


async def test_who_has_taken_everything_may_rest(watch: Progress, time: Time) -> None:
    client = Client({ONE}, {ONE: 10}, {ONE: 10})
    for _ in range(3):
        await watch.look([client])
        time.now += 100
    assert watch.stuck_seconds() == 0


async def test_a_large_batch_that_gets_on_is_slow_and_does_not_stand_still(
    watch: Progress, time: Time
) -> None:
    for _ in range(10):
        watch.begin()
        time.now += 30
        assert watch.stuck_seconds() == 30


async def test_a_batch_that_is_in_hand_for_long_is_standing_still(watch: Progress, time: Time) -> None:
    watch.begin()
    time.now += 61
    assert watch.stuck_seconds() == 61
    watch.end()
    assert watch.stuck_seconds() == 0


async def test_a_tail_that_stands_still_is_noticed_beside_a_group_that_gets_on(
    watch: Progress, time: Time
) -> None:
    group, tail = Client({ONE}, {ONE: 10}, {ONE: 10}), Client({TWO}, {TWO: 5}, {TWO: 4}, grouped=False)
    await watch.look([group, tail])
    time.now += 50
    watch.begin()
    watch.end()
    await watch.look([group, tail])
    assert watch.stuck_seconds() == 50


async def test_without_partitions_it_counts_whether_anybody_takes_what_is_there(
    watch: Progress, time: Time
) -> None:
    spare = Client(set(), {ONE: 10, TWO: 4}, {ONE: 8, TWO: 4})
    await watch.look([spare])
    time.now += 30
    await watch.look([spare])
    assert watch.stuck_seconds() == 30
    assert watch.lag == 0, "what others have is not counted twice"
    spare.at[ONE] = 9  # another replica gets on
    await watch.look([spare])
    assert watch.stuck_seconds() == 0


async def test_a_tail_without_partitions_yet_waits_for_nothing(watch: Progress, time: Time) -> None:
    tail = Client(set(), {ONE: 10}, grouped=False)
    await watch.look([tail])
    time.now += 100
    await watch.look([tail])
    assert watch.stuck_seconds() == 0


async def test_commits_that_are_refused_for_long_are_standing_still_and_a_single_one_is_not(
    watch: Progress, time: Time
) -> None:
    watch.committed(accepted=False)
    time.now += 500
    assert watch.stuck_seconds() == 0, "nothing was tried since"
    watch.committed(accepted=False)
    assert watch.stuck_seconds() == 500
    watch.committed(accepted=True)
    assert watch.stuck_seconds() == 0
