"""The garages: they send what the plan says, send again what was not acknowledged, and read their answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.faults.ledger import Ledger, Message, Place
from tests.faults.plan import Content, Draft
from tests.fixtures.partners import TYPES

KIND: Final = "repair-updates"
CHUNK: Final = 25
WINDOW: Final = 300
"""Messages without an answer at which a garage waits: a partner that nobody answers does not send for ever."""
SEND_SECONDS: Final = 20.0
GIVE_UP_SECONDS: Final = 3.0


def topic_of(garage: str) -> str:
    """Where it writes."""
    return f"partners.{garage}.{KIND}.v1"


def write(draft: Draft, number: int, first_sequence: int, run: str) -> tuple[str, Message, bytes]:
    """The name that the ledger has for it, the message, and its bytes. A copy has its original's number."""
    car = draft.car
    sequence = first_sequence + draft.order
    named = draft.content is not Content.MALFORMED
    message_id = f"{run}-{number:06}" if named else ""
    topic = topic_of(car.garage)
    message = Message(
        message_id, car.garage, topic, draft.content, car.claim_number, car.agency, sequence, draft.note
    )
    if not named:
        return draft.note, message, f"no json at all: {draft.note}".encode()
    phase = "polished" if draft.content is Content.SCHEMA else car.phase
    event = {
        "specversion": "1.0",
        "id": message_id,
        "source": f"urn:dossier:partner:{car.garage}",
        "type": TYPES[KIND],
        "data": {
            "claim_number": car.claim_number,
            "sequence": sequence,
            "phase": phase,
            "percent": number % 101,
            "note": draft.note,
        },
    }
    return message_id, message, json.dumps(event).encode()


def name_in(value: bytes) -> str:
    """The name by which the ledger knows a record."""
    try:
        return str(json.loads(value)["id"])
    except ValueError:
        return value.decode().rpartition(": ")[2]


class Garages:
    """One connection for all of them, on the broker's own port: the faults are not theirs to suffer, but for a dead broker."""

    def __init__(self, bootstrap: str, ledger: Ledger, names: Sequence[str]) -> None:
        """Nothing is sent before `send`."""
        self._bootstrap = bootstrap
        self._ledger = ledger
        self._garages = names
        self._producer: AIOKafkaProducer | None = None
        self.answered: dict[str, dict[str, Any]] = {}
        """Message id -> the data of its first answer."""
        self.sent = 0
        self._named: set[str] = set()
        self._line = asyncio.Lock()

    async def send(self, messages: Sequence[tuple[str, Message, bytes]]) -> None:
        """Send these in order; whatever is not acknowledged is sent again, until all are."""
        for name, message, _ in messages:
            self._ledger.messages.setdefault(name, message)
            if message.id:
                self._named.add(name)
        waiting = list(messages)
        async with self._line:
            while waiting:
                waiting = await self._try(waiting)
        self.sent += len(messages)

    @property
    def unanswered(self) -> int:
        """Messages that a receipt could name and none has yet."""
        return len(self._named) - len(self._named & self.answered.keys())

    async def _try(self, messages: Sequence[tuple[str, Message, bytes]]) -> list[tuple[str, Message, bytes]]:
        """Send once; gives what has no acknowledgement, in order."""
        try:
            futures = await self._handed_over(messages)
        except (KafkaError, OSError, TimeoutError):
            futures = []
        done: set[asyncio.Future[Any]] = set()
        if futures:
            done, _ = await asyncio.wait(futures, timeout=SEND_SECONDS)
        again = list(messages[len(futures) :])
        failed = []
        for one, future in zip(messages, futures, strict=False):
            if future in done and not future.cancelled() and future.exception() is None:
                record = future.result()
                self._ledger.acknowledge(one[0], Place(record.topic, record.partition, record.offset))
            else:
                failed.append(one)
        if failed or again:
            self._ledger.unknown += len(failed)
            await self._drop()
        return [*failed, *again]

    async def _handed_over(self, messages: Sequence[tuple[str, Message, bytes]]) -> list[asyncio.Future[Any]]:
        async with asyncio.timeout(SEND_SECONDS):
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap, acks="all", enable_idempotence=True, linger_ms=0
                )
                try:
                    await producer.start()
                except BaseException:
                    await _ended(producer)
                    raise
                self._producer = producer
            return [
                await self._producer.send(one.topic, value=body, key=one.claim_number.encode())
                for _, one, body in messages
            ]

    async def _drop(self) -> None:
        """Begin anew with another producer: after a failure nobody knows what this one still has in hand."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _ended(producer)

    async def close(self) -> None:
        """Hang up."""
        await self._drop()

    async def listen(self) -> None:
        """Read receipts until cancelled, whatever happens to the broker."""
        topics = [f"partners.{one}.receipts.v1" for one in self._garages]
        while True:
            consumer = AIOKafkaConsumer(
                *topics,
                bootstrap_servers=self._bootstrap,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
            )
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await consumer.start()
                await self._read(consumer)
            except (KafkaError, OSError, TimeoutError):
                continue
            finally:
                await _ended(consumer)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < SEND_SECONDS or not self.unanswered:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                quiet_since = time.monotonic()
                for record in records:
                    data = json.loads(record.value)["data"]
                    self.answered.setdefault(data["message_id"], data)


async def _ended(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Stop a client, whatever becomes of it: to a broker that was killed nobody can say goodbye."""
    task = asyncio.ensure_future(client.stop())
    await asyncio.wait({task}, timeout=GIVE_UP_SECONDS)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=GIVE_UP_SECONDS)  # the library does not always heed it
    if task.done() and not task.cancelled():
        task.exception()
