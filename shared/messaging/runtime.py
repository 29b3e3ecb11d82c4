"""A service's share of the bus, running: FastStream's consumer, the relay, and a watchdog over both."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker, KafkaMessage

from shared.db.database import Database
from shared.messaging.connection import finish_within, what_is_wrong
from shared.messaging.consumer import Consumer, Stuck
from shared.messaging.lanes import Lane, drained, rewind
from shared.messaging.offsets import Offsets
from shared.messaging.progress import Progress
from shared.messaging.relay import Relay
from shared.messaging.subscribing import broker_of
from shared.observability import metrics
from shared.settings import Settings

_CONNECT_SECONDS: Final = 30.0
_FIRST_RETRY_SECONDS: Final = 1.0
_LAST_RETRY_SECONDS: Final = 10.0
_WATCH_SECONDS: Final = 15.0
_MEASURE_SECONDS: Final = 1.0
_HANG_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 4.0
_TELL_SECONDS: Final = 3.0
_PRUNE_SECONDS: Final = 3600.0
_EXIT_HUNG: Final = 70
_CONNECTING: Final = "messaging._connect"

log = structlog.get_logger(__name__)


class Messaging:
    """Starts and stops what connects a service to the bus. A broker that is away delays nobody: it is tried until it answers."""

    def __init__(self, service: str, settings: Settings, database: Database, consumer: Consumer) -> None:
        """Wire; nothing is connected before `start`."""
        self.relay = Relay(service, settings, database)
        self._service = service
        self._settings = settings
        self._database = database
        self._consumer = consumer
        self._broker: KafkaBroker | None = None
        self._trouble: str | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._progress = Progress(service)
        self._offsets = Offsets(service, self._progress)
        self._sought: set[Any] = set()
        if settings.embedded:
            consumer.keep_positions(settings.broker_epoch or "")

    async def start(self) -> None:
        """Begin to connect, publish and consume; returns at once, `health` tells how far it is."""
        self._database.on_publication(self.relay.wake)
        for run in (self.relay.run, self._connect, self._watch):
            self._tasks.append(asyncio.create_task(run(), name=f"messaging.{run.__name__}"))

    async def stop(self) -> None:
        """Stop taking records, let the batch in hand finish, and disconnect."""
        for task in self._tasks:
            if task.get_name() == _CONNECTING:  # else it would connect again what is about to be closed
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        broker, self._broker = self._broker, None
        if broker is not None:
            await finish_within(self._offsets.flush(), _TELL_SECONDS)
            await finish_within(broker.stop(), _STOP_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def health(self) -> dict[str, Any]:
        """Readiness: the consumer has its partitions and moves, the relay is up (or another replica's is)."""
        relay = await self.relay.health()
        with suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(_MEASURE_SECONDS):
                await self._progress.look(self._clients())
        listening = bool(self._consumer.listened_to)
        assigned = len(self._assignment())
        stuck = self._progress.stuck_seconds()
        problems = []
        if listening and (self._broker is None or (assigned == 0 and self._settings.embedded)):
            problems.append(self._trouble or "consumer has not joined")
        if stuck > _HANG_SECONDS / 2:
            problems.append("consumer makes no progress")
        if self._settings.embedded and not relay["active"]:
            problems.append("relay is not connected")
        return {
            "ready": not problems,
            "problems": problems,
            "consumer": {"partitions": assigned, "lag": self._progress.lag, "stuck_seconds": round(stuck, 1)},
            "relay": relay,
        }

    async def _connect(self) -> None:
        """Connect once all topics are there; what is wrong is told, and tried again with growing pauses.

        Not before: for a topic that is missing the client library asks ten times a second and complains each time.
        """
        pause = _FIRST_RETRY_SECONDS
        while self._broker is None:
            self._trouble = await what_is_wrong(self._settings, self._needed)
            if self._trouble is None:
                self._broker = await self._connected()
            if self._broker is None:
                log.warning("messaging.not_connected", service=self._service, reason=self._trouble)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LAST_RETRY_SECONDS)

    async def _connected(self) -> KafkaBroker | None:
        broker = broker_of(self._service, self._settings, self._consumer, self._take)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await broker.start()
        except BaseException as error:
            # Whatever ended the attempt, a stop of ours included: nothing of it stays open.
            await finish_within(broker.stop(), _STOP_SECONDS)
            if not isinstance(error, KafkaError | OSError | TimeoutError):
                raise
            log.warning("messaging.broker_away", service=self._service, error=type(error).__name__)
            return None
        log.info("messaging.connected", service=self._service)
        return broker

    @property
    def _needed(self) -> set[str]:
        """Our own topics, without which we would wait for what nobody can send."""
        return {*self._consumer.topics, *(tail.topic for tail in self._consumer.tails)}

    async def _take(self, message: Any) -> None:
        """Take the record that woke us together with all others that are there already.

        FastStream's own batches sleep after an empty fetch (up to two of its timeouts of delay), so the single-record
        subscriber wakes and the rest is drained from the client's buffer.
        """
        kafka: KafkaMessage = message
        consumer: Any = kafka.consumer
        lanes = await drained(consumer, kafka.raw_message, beside=self._database.dialect == "postgresql")
        if await self._sought_positions(consumer):
            return
        self._progress.begin()
        try:
            with metrics.batch_seconds.labels(self._service).time():
                await self._take_lanes(lanes)
        except Stuck:
            log.exception("messaging.batch_put_back", service=self._service, records=sum(map(len, lanes)))
            rewind(consumer, lanes)
            return
        finally:
            self._progress.end()
        if not self._settings.embedded:
            self._offsets.taken(consumer, lanes)

    async def _take_lanes(self, lanes: Sequence[Lane]) -> None:
        """Take them at the same time; each one ends before the first failure is passed on.

        What the others have committed by then is known from the inbox when it comes again.
        """
        taking = (self._consumer.take(lane, self._progress.begin) for lane in lanes)
        for outcome in await asyncio.gather(*taking, return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def _sought_positions(self, consumer: Any) -> bool:
        """Without a group: go on where we stood, after a start and after topics were added; says whether it moved."""
        if not self._settings.embedded or self._sought == consumer.assignment():
            return False
        self._sought = set(consumer.assignment())
        known = await self._consumer.positions()
        for partition in self._sought:
            consumer.seek(partition, known.get((partition.topic, partition.partition), 0))
        return True

    def _clients(self) -> list[Any]:
        """The client of the group first, then those of the tails."""
        subscribers: Any = self._broker.subscribers if self._broker else ()
        return [one.consumer for one in subscribers if one.consumer is not None]

    def _assignment(self) -> set[Any]:
        clients = self._clients()
        return set(clients[0].assignment()) if clients and self._consumer.listened_to else set()

    async def _watch(self) -> None:
        """End the process when its consumer hangs with records waiting: the client library can, without an error."""
        pruned_at = time.monotonic()
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                await self.relay.health()
                async with asyncio.timeout(_WATCH_SECONDS):
                    await self._progress.look(self._clients())
                if time.monotonic() - pruned_at > _PRUNE_SECONDS:
                    pruned_at = time.monotonic()
                    await self._consumer.prune()
            except Exception as error:  # noqa: BLE001 - whatever fails here, the watch goes on
                log.warning("messaging.watch_failed", service=self._service, error=type(error).__name__)
            stuck = self._progress.stuck_seconds()
            metrics.consumer_progress_age.labels(self._service).set(stuck)
            if stuck > _HANG_SECONDS:
                log.critical(
                    "messaging.consumer_hangs",
                    service=self._service,
                    lag=self._progress.lag,
                    seconds=round(stuck),
                )
                os._exit(_EXIT_HUNG)
