"""Publishing the outbox: in order per key, at least once, for ever if need be.

One relay per service is active: on PostgreSQL the one that holds an advisory lock, on SQLite the only one there is. It reads and marks
rows through the connection that has the lock: who has lost it cannot go on, and nothing else is asked in between. A row whose topic does
not exist, or whose record the broker refuses, holds back the rows of its own key alone.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.database import Database
from shared.db.failures import is_passing
from shared.db.lookup import Row
from shared.db.sessions import uninterrupted
from shared.db.tenancy import NO_AGENCY
from shared.db.upsert import upsert
from shared.messaging.connection import finish_within, producer_options
from shared.messaging.records import EVENT_ID_HEADER
from shared.messaging.tables import outbox, relay_state
from shared.messaging.waiting import BATCH, Held, mark_published, waiting_rows
from shared.observability import metrics
from shared.settings import Settings

_SEND_SECONDS: Final = 12.0
_STOP_SECONDS: Final = 2.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_IDLE_SECONDS: Final = {"sqlite": 5.0, "postgresql": 0.25}
"""How long an idle relay waits for a wake-up before it looks by itself: on PostgreSQL other replicas commit, too."""
_REPUBLISH_WINDOW: Final = timedelta(hours=24)
_REPUBLISH_MOST: Final = 20_000

log = structlog.get_logger(__name__)


class Relay:
    """Publishes one service's outbox."""

    def __init__(self, service: str, settings: Settings, database: Database) -> None:
        """Prepare; nothing is connected before `run`."""
        self._service = service
        self._settings = settings
        self._database = database
        self._wake = asyncio.Event()
        self._producer: AIOKafkaProducer | None = None
        self._held = Held()
        self.active = False

    def wake(self) -> None:
        """Say that something was committed."""
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._lead()
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("relay.broker_away", service=self._service, error=type(error).__name__)
            except Exception as error:
                if is_passing(error):
                    log.warning("relay.database_away", service=self._service, error=type(error).__name__)
                else:
                    log.exception("relay.failed", service=self._service)
            finally:
                self.active = False
                await self._drop_producer()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def health(self) -> dict[str, Any]:
        """How many rows wait, and since when the oldest does."""
        async with self._database.read(NO_AGENCY) as session:
            pending, oldest = (
                await session.execute(
                    select(func.count(), func.min(outbox.c.created_at)).where(outbox.c.published_at.is_(None))
                )
            ).one()
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        metrics.outbox_pending.labels(self._service).set(pending)
        metrics.outbox_age.labels(self._service).set(age)
        return {"active": self.active, "pending": pending, "oldest_seconds": round(age, 1)}

    async def _lead(self) -> None:
        """Publish for as long as this is the active relay."""
        if self._database.dialect == "sqlite":
            await self._publish_for_ever(None)
            return
        async with self._database.engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            try:
                lock = zlib.crc32(f"dossier.relay.{self._service}".encode())
                taken = text("SELECT pg_try_advisory_lock(:lock)")
                while not await connection.scalar(taken, {"lock": lock}):  # noqa: ASYNC110 - another process has it
                    await asyncio.sleep(1)
                # What was published and forgotten is published again: no reason to wait for the disk.
                await connection.execute(text("SET synchronous_commit = off"))
                await self._publish_for_ever(connection)
            finally:
                # Neither the lock nor the setting may go back to the pool with it.
                await uninterrupted(connection.invalidate())

    async def _publish_for_ever(self, lock: AsyncConnection | None) -> None:
        await self._connect()
        await self._republish_after_restart()
        self.active = True
        while True:
            self._wake.clear()
            if not await self._publish_batch(lock):
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause()):
                        await self._wake.wait()

    def _pause(self) -> float:
        held = self._held.seconds()
        idle = _IDLE_SECONDS[self._database.dialect]
        return idle if held is None else min(held, idle)

    async def _connect(self) -> None:
        producer = AIOKafkaProducer(**producer_options(self._settings))
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await producer.start()
        except BaseException:
            await finish_within(producer.stop(), _STOP_SECONDS)
            raise
        self._producer = producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await finish_within(producer.stop(), _STOP_SECONDS)

    async def _republish_after_restart(self) -> None:
        """Publish the recent outbox again when the embedded broker has begun a new life: it remembers nothing."""
        epoch = self._settings.broker_epoch
        if epoch is None:
            return
        async with self._database.write(NO_AGENCY) as session:
            known = await session.scalar(select(relay_state.c.broker_epoch).where(relay_state.c.id == 1))
            if known == epoch:
                return
            newest = await session.scalar(select(func.max(outbox.c.position))) or 0
            result = await session.execute(
                update(outbox)
                .where(
                    outbox.c.published_at >= datetime.now(UTC) - _REPUBLISH_WINDOW,
                    outbox.c.position > newest - _REPUBLISH_MOST,
                )
                .values(published_at=None, republished=True)
            )
            await session.execute(
                upsert(self._database.dialect, relay_state, [{"id": 1, "broker_epoch": epoch}], ["id"])
            )
        log.info("relay.republishing", service=self._service, rows=getattr(result, "rowcount", 0))

    async def _publish_batch(self, lock: AsyncConnection | None) -> bool:
        """Publish up to one batch; says whether there may be more. Whoever commits meanwhile wakes us, what is held back has its pause."""
        rows = await waiting_rows(self._database, lock, self._held)
        sent = await self._send(rows) if rows else []
        if sent:
            await mark_published(self._database, lock, sent)
        return len(rows) == BATCH

    async def _send(self, rows: Sequence[Row]) -> list[int]:
        """Send the rows and wait for the acknowledgements; gives the positions that are safely on the broker."""
        producer = self._producer
        if producer is None:  # pragma: no cover - `_lead` connects first
            raise RuntimeError
        missing = await self._missing_topics(producer, {row["topic"] for row in rows})
        waiting: list[tuple[Row, asyncio.Future[Any]]] = []
        blocked: set[tuple[str, str]] = set()
        for row in rows:
            key = (row["topic"], row["key"])
            if key in blocked or self._held.held(key):
                blocked.add(key)
                continue
            if row["topic"] in missing:
                self._refused(row, "no such topic", blocked)
                continue
            headers = [(EVENT_ID_HEADER, row["event_id"].encode())]
            headers += [
                (name, value.encode()) for name, value in row["headers"].items() if name != EVENT_ID_HEADER
            ]
            try:
                async with asyncio.timeout(_SEND_SECONDS):
                    future = await producer.send(
                        row["topic"], value=row["body"], key=row["key"].encode(), headers=headers
                    )
            except KafkaError as error:
                self._refused(row, type(error).__name__, blocked)
                continue
            waiting.append((row, future))
        return await self._acknowledged(waiting, blocked)

    async def _acknowledged(
        self, waiting: list[tuple[Row, asyncio.Future[Any]]], blocked: set[tuple[str, str]]
    ) -> list[int]:
        if not waiting:
            return []
        await asyncio.wait([future for _, future in waiting], timeout=_SEND_SECONDS)
        sent: list[int] = []
        for row, future in waiting:
            key = (row["topic"], row["key"])
            if not future.done():
                # The client may hang for ever on a broker that went away: begin again with a new one.
                raise TimeoutError
            error = future.exception()
            if error is not None:
                self._refused(row, type(error).__name__, blocked)
            elif key not in blocked:
                self._held.release(key)
                sent.append(row["position"])
                metrics.published.labels(self._service, row["topic"]).inc()
        return sent

    def _refused(self, row: Row, reason: str, blocked: set[tuple[str, str]]) -> None:
        key = (row["topic"], row["key"])
        blocked.add(key)
        self._held.hold(key)
        log.warning(
            "relay.held_back",
            service=self._service,
            topic=row["topic"],
            position=row["position"],
            reason=reason,
        )

    async def _missing_topics(self, producer: AIOKafkaProducer, topics: set[str]) -> set[str]:
        """Topics that the broker does not have: asked for once, so that one of them cannot delay the others."""
        known = producer.client.cluster
        unknown = {topic for topic in topics if not known.partitions_for_topic(topic)}
        if not unknown:
            return set()
        for topic in unknown:
            producer.client.add_topic(topic)
        async with asyncio.timeout(_SEND_SECONDS):
            await producer.client.force_metadata_update()
        return {topic for topic in unknown if not known.partitions_for_topic(topic)}
