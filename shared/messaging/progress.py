"""Whether a service's consumers get on: what they still have before them, and since when they stand still."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import IllegalOperation

from shared.observability import metrics

_MAIN: Final = 0
"""The client whose batches are noted."""


@dataclass
class _Seen:
    """What the last look at one client found."""

    moved_at: float
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    waiting: int = 0
    lag: int = 0
    """What waits in partitions of its own: the group's sum is then what waits for the service."""


class Progress:
    """Looks at the clients from outside, for the client library can hang without an error.

    Standing still is: a batch in hand of which no record has got done for long; records waiting in our partitions, and a
    position that does not change; no partitions of our own, records waiting in the group's topics, and commits of nobody;
    or commits that the broker refuses time after time, as it does to one that it has long taken out of the group.
    """

    def __init__(self, service: str, now: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing in hand and nothing waiting; `now` gives seconds."""
        self._service = service
        self._now = now
        self._seen: dict[int, _Seen] = {}
        self._busy_since: float | None = None
        self._refused: tuple[float, float] | None = None
        """First and last of the refusals since a commit was accepted."""

    @property
    def lag(self) -> int:
        """Records that are not taken yet, by the last look."""
        return sum(one.lag for one in self._seen.values())

    def begin(self) -> None:
        """Note that a batch is in hand, or that the one in hand gets on."""
        self._busy_since = self._now()

    def end(self) -> None:
        """Note that it is not any more."""
        self._busy_since = None
        if _MAIN in self._seen:
            self._seen[_MAIN].moved_at = self._now()

    def committed(self, *, accepted: bool) -> None:
        """Note what the broker said to a commit. One that is refused now and then belongs to rebalances."""
        now = self._now()
        self._refused = None if accepted else (self._refused[0] if self._refused else now, now)

    def stuck_seconds(self) -> float:
        """How long the one has stood still that has stood still longest; 0 when all get on."""
        if self._busy_since is not None:
            return self._now() - self._busy_since
        standing = [self._now() - one.moved_at for one in self._seen.values() if one.waiting]
        first, last = self._refused or (0.0, 0.0)
        return max([last - first, *standing])

    async def look(self, clients: Sequence[Any]) -> None:
        """Compare where each client is with where its partitions end; the group's is the first. Raises what the client raises."""
        for number, client in enumerate(clients):
            seen = self._seen.setdefault(number, _Seen(self._now()))
            own = bool(client.assignment())
            ends, positions = await (_own(client) if own else _of_the_group(client))
            waiting = sum(max(0, ends[one] - position) for one, position in positions.items())
            if positions != seen.positions or not waiting:
                seen.moved_at = self._now()
            seen.positions, seen.waiting, seen.lag = positions, waiting, waiting if own else 0
        metrics.consumer_lag.labels(self._service, "").set(self.lag)


async def _own(client: Any) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    partitions = list(client.assignment())
    ends = await client.end_offsets(partitions)
    return ends, {one: await client.position(one) for one in partitions}


async def _of_the_group(client: Any) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """Without partitions of our own: where the group's topics end, and what whoever has them has committed."""
    partitions = [
        TopicPartition(topic, number)
        for topic in client.subscription()
        for number in client.partitions_for_topic(topic) or ()
    ]
    if not partitions:
        return {}, {}
    ends = await client.end_offsets(partitions)
    try:
        return ends, {one: await client.committed(one) or 0 for one in partitions}
    except IllegalOperation:  # a client without a group has its partitions as soon as it knows them
        return {}, {}
