"""How far a group's records have been taken, told to the broker now and then.

A record that is delivered again is known from the inbox, so nothing needs the broker to know at once. Waiting for its answer after each
batch held up the next one, and a write of the broker's for each batch of each service was as much work as the records themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain
from typing import Any, Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError

from shared.messaging.lanes import Lane
from shared.messaging.progress import Progress

PAUSE_SECONDS: Final = 0.05
"""From the first batch that the broker does not know of to telling it of all."""

log = structlog.get_logger(__name__)


class Offsets:
    """Of each partition the offset behind the last record whose effects are durable, as long as the broker does not know it."""

    def __init__(self, service: str, progress: Progress) -> None:
        """Begin with nothing to tell; `progress` hears what the broker says to it."""
        self._service = service
        self._progress = progress
        self._ends: dict[TopicPartition, int] = {}
        self._telling: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    def taken(self, consumer: Any, lanes: Iterable[Lane]) -> None:
        """Note what was taken, and have it told soon; nothing any more after `flush`, since the client is about to close."""
        if self._over.is_set():
            return
        for record in chain.from_iterable(lanes):
            partition = TopicPartition(record.topic, record.partition)
            self._ends[partition] = max(self._ends.get(partition, 0), record.offset + 1)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_soon(consumer), name="messaging.offsets")

    async def _tell_soon(self, consumer: Any) -> None:
        while self._ends:
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_SECONDS):
                    await self._over.wait()
            await self._tell(consumer)

    async def flush(self) -> None:
        """Tell what is left, for the last time. Who calls this limits its time: a broker that is away does not answer.

        A commit that is under way is waited for: the client goes on with it even when it is cancelled, and it would break off.
        """
        self._over.set()
        if self._telling is not None:
            await self._telling

    async def _tell(self, consumer: Any) -> None:
        """Commit. A partition that was taken away is left to whoever has it now: he finds the records in the inbox."""
        own = consumer.assignment()
        ends = {partition: end for partition, end in self._ends.items() if partition in own}
        self._ends.clear()
        if not ends:
            return
        try:
            await consumer.commit(ends)
        except (KafkaError, ConsumerStoppedError) as error:
            self._progress.committed(accepted=False)
            log.warning("messaging.commit_failed", service=self._service, error=type(error).__name__)
        else:
            self._progress.committed(accepted=True)
