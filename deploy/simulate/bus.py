"""The players' own Kafka client: sends as partners do, listens to the receipts from now on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.contracts.partners import Receipt
from shared.contracts.topics import receipts_topic
from shared.messaging.connection import client_options, fetch_wait_ms, producer_options
from shared.settings import Settings

_SECONDS: Final = 10.0

log = structlog.get_logger(__name__)

BusErrors: Final = (KafkaError, OSError, TimeoutError)


class Bus:
    """A connection that can be lost and made again; what was sent and not answered is the caller's to send again."""

    def __init__(self, settings: Settings, partners: Iterable[str]) -> None:
        """Prepare; nothing is connected before `connect`."""
        self._settings = settings
        self._topics = [receipts_topic(partner) for partner in partners]
        self._producer: AIOKafkaProducer | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._positions: dict[Any, int] = {}
        self.lost = False
        """Set by what failed; `connect` clears it."""

    async def connect(self) -> None:
        """Connect: first from the end of the receipts, later from where it stood. Raises `BusErrors`."""
        await self.close()
        self._producer = AIOKafkaProducer(**producer_options(self._settings))
        async with asyncio.timeout(_SECONDS):
            await self._producer.start()
        self._consumer = AIOKafkaConsumer(
            *self._topics,
            **client_options(self._settings),
            group_id=None,
            auto_offset_reset="earliest",  # of a broker that began anew, everything is of interest
            fetch_max_wait_ms=fetch_wait_ms(self._settings),
        )
        async with asyncio.timeout(_SECONDS):
            await self._consumer.start()
            ends = await self._consumer.end_offsets(self._consumer.assignment())
        for partition, end in ends.items():
            # A broker that began anew has fewer receipts than were read: then all of them are news.
            known = self._positions.get(partition, end)
            self._consumer.seek(partition, known if known <= end else 0)
            self._positions.setdefault(partition, end)
        self.lost = False

    async def close(self) -> None:
        """Disconnect, without waiting for a broker that is gone."""
        for client in (self._consumer, self._producer):
            if client is not None:
                # Not awaited itself: stopping a consumer whose broker is gone ends in a CancelledError of its own.
                stopping = asyncio.ensure_future(client.stop())
                await asyncio.wait({stopping}, timeout=2)
                stopping.cancel()
                await asyncio.gather(stopping, return_exceptions=True)
        self._consumer = self._producer = None

    async def send(self, topic: str, key: str, body: bytes) -> None:
        """Hand a message to the client. One that is lost on the way gets no receipt and is sent again for that."""
        if self._producer is None or self.lost:
            return
        try:
            async with asyncio.timeout(_SECONDS / 2):
                sent = await self._producer.send(topic, value=body, key=key.encode())
            sent.add_done_callback(self._look)
        except BusErrors as error:
            self._lose(error)

    async def receipts(self) -> list[Receipt]:
        """Wait up to 200 ms for receipts."""
        if self._consumer is None or self.lost:
            await asyncio.sleep(0.2)
            return []
        try:
            batches = await self._consumer.getmany(timeout_ms=200)
        except BusErrors as error:
            self._lose(error)
            return []
        for partition, raws in batches.items():
            if raws:
                self._positions[partition] = raws[-1].offset + 1
        return [
            Receipt.model_validate(orjson.loads(raw.value)["data"])
            for raws in batches.values()
            for raw in raws
        ]

    def _look(self, sent: asyncio.Future[Any]) -> None:
        if not sent.cancelled() and (error := sent.exception()) is not None:
            self._lose(error)

    def _lose(self, error: BaseException) -> None:
        self.lost = True
        log.debug("simulate.bus_lost", error=type(error).__name__)
