"""Taking records: each one exactly once in its effect, none at the expense of its neighbours.

A batch is one transaction, and the events in it are handed on together. When anything fails, the batch is done again with a
savepoint around each record, so that only the record at fault is put aside, in its dead letter topic, with its original bytes. The dead letter goes through the outbox like every
other message: it is as durable as the effects of its neighbours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
import structlog
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock, SystemClock
from shared.contracts import topics
from shared.contracts.envelope import CloudEvent
from shared.contracts.events import aggregate_of_state, aggregate_of_type
from shared.db.database import Database
from shared.db.failures import is_passing
from shared.db.tenancy import EVERY_AGENCY, NO_AGENCY
from shared.db.together import write_at_commit
from shared.messaging.dead_letters import put_aside
from shared.messaging.events import (
    Events,
    ReceiptsHandler,
    StatesHandler,
    Told,
    Unprocessable,
    event_adapter,
)
from shared.messaging.intake import Batch, Intake, PartnerHandler, Preload
from shared.messaging.outbox import discarded_on_error
from shared.messaging.records import EVENT_ID_HEADER, Record
from shared.messaging.tables import consumer_position, inbox
from shared.messaging.taken import taken_before
from shared.observability import metrics
from shared.observability.tracing import bind_traceparent, current_traceparent

TailHandler = Callable[[CloudEvent[Any]], Awaitable[None]]

_ATTEMPTS_OF_A_RECORD = 3
_ATTEMPTS_OF_A_BATCH = 8
_REMEMBERED = timedelta(days=30)
_PRUNED_AT_ONCE = 10_000
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0

log = structlog.get_logger(__name__)


class Stuck(Exception):  # noqa: N818
    """The database did not take a batch within the bounded attempts: the records stay where they are."""


def _unwatched() -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class _Tail:
    topic: str
    adapter: TypeAdapter[Any]
    handler: TailHandler


class Consumer:
    """What a service listens to. Handlers get a session of the batch's transaction and never commit."""

    def __init__(self, *, service: str, database: Database, clock: Clock | None = None) -> None:
        """Start with nothing to listen to."""
        self.service = service
        self.tails: list[_Tail] = []
        self._database = database
        self._clock = clock or SystemClock()
        self._events = Events()
        self._intake = Intake(service)
        self._epoch: str | None = None

    def keep_positions(self, broker_epoch: str) -> None:
        """Write down, with each batch, where it ended: for a broker that is used without a group, in this life of it."""
        self._epoch = broker_epoch

    async def positions(self) -> dict[tuple[str, int], int]:
        """Topic and partition -> the next offset to take, as written down in this life of the broker."""
        async with self._database.read(NO_AGENCY) as session:
            statement = select(consumer_position).where(consumer_position.c.broker_epoch == self._epoch)
            return {(row.topic, row.partition): row.next_offset for row in await session.execute(statement)}

    def on_states(self, states: Iterable[type[BaseModel]], handler: StatesHandler) -> None:
        """Hand every event of these aggregates to `handler(session, events)`, once: those of a batch together, in their order.

        It keeps the state with the highest sequence. What it writes with a trace carries that of the event.
        """
        self._events.add(states, handler)

    def on_partner(self, kind: str, handler: PartnerHandler, preload: Preload | None = None) -> None:
        """Hand well-formed updates of this kind, of every partner, to `handler`; it returns a `Verdict`."""
        self._intake.add(kind, handler, preload)

    def on_receipts(self, handler: ReceiptsHandler) -> None:
        """Hand the receipts of all partners to `handler(session, [(partner_id, event), ...])`."""
        self._events.add_receipts(handler)

    def tail(self, state: type[BaseModel], handler: TailHandler) -> None:
        """Hand every new event of this aggregate to `handler`, on each replica, outside any group and any transaction."""
        self.tails.append(_Tail(aggregate_of_state(state).topic, event_adapter(state), handler))

    @property
    def topics(self) -> tuple[str, ...]:
        """Our own topics that are listened to."""
        return self._events.topics

    @property
    def partner_kinds(self) -> tuple[str, ...]:
        """Kinds of partner topics that are listened to."""
        return (*self._intake.kinds, *((topics.RECEIPTS,) if self._events.wants_receipts else ()))

    @property
    def listened_to(self) -> tuple[str, ...]:
        """All of it; empty for a service that only publishes."""
        return (*self.topics, *self.partner_kinds)

    async def take(self, records: Sequence[Record], moved: Callable[[], None] = _unwatched) -> None:
        """Apply a batch durably; raises `Stuck` when the database does not take it.

        `moved` is called whenever it gets on: a large batch on a busy machine is slow, and does not hang.
        """
        pause = _FIRST_PAUSE
        isolate = False
        for attempt in range(1, _ATTEMPTS_OF_A_BATCH + 1):
            try:
                moved()
                await self._apply(records, moved, isolate=isolate)
            except Exception as error:  # noqa: BLE001 - every failure of a batch is either passing or isolated
                if not is_passing(error) and not isolate:
                    isolate = True
                    continue
                log.warning(
                    "consumer.batch_failed", attempt=attempt, records=len(records), error=type(error).__name__
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return
        raise Stuck

    async def prune(self) -> int:
        """Forget records taken longer ago than any broker redelivers or any relay republishes; says how many."""
        before = self._clock.now() - _REMEMBERED
        old = inbox.c.received_at < before
        edge = (
            select(inbox.c.received_at)
            .where(old)
            .order_by(inbox.c.received_at)
            .offset(_PRUNED_AT_ONCE)
            .limit(1)
        )
        forgotten = 0
        while True:
            # In pieces: a busy hour's records at once would take longer than a statement may, every hour again.
            async with self._database.write(NO_AGENCY) as session:
                until = await session.scalar(edge)
                piece = old if until is None else inbox.c.received_at <= until
                result = await session.execute(delete(inbox).where(piece))
            forgotten += int(getattr(result, "rowcount", 0))
            if until is None:
                return forgotten

    async def take_events(self, events: Sequence[dict[str, Any]]) -> None:
        """Apply events that a command answered with, before their copies come by the topic: brokers read their own writes."""
        records = [record for event in events if (record := _record_of_event(event)) is not None]
        if records:
            await self.take(records)

    async def _apply(self, records: Sequence[Record], moved: Callable[[], None], *, isolate: bool) -> None:
        async with self._database.write(EVERY_AGENCY) as session:
            fresh, batch = await self._fresh(session, records)
            told = self._read(session, fresh)
            # Before the partners' updates: one may be about a contract or a claim that came to be known just now.
            if isolate:
                for one in told:
                    hand_on = partial(self._events.hand_on, session, [one], moved)
                    await self._alone(session, one.record, batch, hand_on)
            else:
                _bind(told)
                await self._events.hand_on(session, told, moved)
            for record in fresh:
                if record.identity not in batch.readings:
                    continue
                apply = partial(self._intake.apply, session, record, batch)
                if isolate:
                    await self._alone(session, record, batch, apply)
                else:
                    bind_traceparent(record.headers.get("traceparent"))
                    await apply()
                moved()
            await self._intake.finish(session, batch)
            await self._remember(session, fresh)
            await self._write_positions(session, records)
        for record in fresh:
            metrics.messages.labels(self.service, record.topic, "applied").inc()
        metrics.messages.labels(self.service, "", "duplicate").inc(len(records) - len(fresh))

    def _read(self, session: AsyncSession, records: Sequence[Record]) -> list[Told]:
        """Read our own events among `records`; one that cannot be read goes to the dead letters at once."""
        told: list[Told] = []
        for record in records:
            try:
                found = self._events.read(record)
            except Unprocessable as error:
                bind_traceparent(record.headers.get("traceparent"))
                self._bury(session, record, error, attempts=1)
                continue
            if found is not None:
                told.append(found)
        return told

    async def _alone(
        self, session: AsyncSession, record: Record, batch: Batch, apply: Callable[[], Awaitable[None]]
    ) -> None:
        """Apply one record inside a savepoint; what fails for good goes to the dead letters."""
        bind_traceparent(record.headers.get("traceparent"))
        for attempt in range(1, _ATTEMPTS_OF_A_RECORD + 1):
            try:
                with discarded_on_error(session), batch.discarded_on_error():
                    async with session.begin_nested():
                        await apply()
            except Exception as error:
                if is_passing(error):
                    raise
                if attempt < _ATTEMPTS_OF_A_RECORD:
                    await asyncio.sleep(_FIRST_PAUSE * attempt)
                    continue
                self._bury(session, record, error, attempts=attempt)
            return

    def _bury(self, session: AsyncSession, record: Record, error: Exception, *, attempts: int) -> None:
        reason = type(error).__name__
        log.warning("consumer.dead_letter", record=record.coordinates, error=reason, exc_info=error)
        put_aside(session, record, service=self.service, reason=reason, attempts=attempts)

    async def _fresh(self, session: AsyncSession, records: Sequence[Record]) -> tuple[list[Record], Batch]:
        """Those records that were not taken before, each once, in order, and what partners say in them."""
        unique: dict[str, Record] = {}
        for record in records:
            unique.setdefault(record.identity, record)
        batch = self._intake.read(unique.values())
        taken = await taken_before(session, unique, batch.named)
        await self._intake.begin(session, batch, taken)
        return [record for identity, record in unique.items() if identity not in taken.records], batch

    async def _remember(self, session: AsyncSession, records: Sequence[Record]) -> None:
        if not records:
            return
        now = self._clock.now()
        rows = [{"record_id": record.identity, "received_at": now} for record in records]
        await write_at_commit(session, inbox, rows, ["record_id"])

    async def _write_positions(self, session: AsyncSession, records: Sequence[Record]) -> None:
        ends = {
            (record.topic, record.partition): record.offset + 1 for record in records if record.partition >= 0
        }
        if self._epoch is None or not ends:
            return
        rows = [
            {"topic": topic, "partition": partition, "broker_epoch": self._epoch, "next_offset": end}
            for (topic, partition), end in ends.items()
        ]
        await write_at_commit(session, consumer_position, rows, ["topic", "partition"], replace=True)


def _bind(told: Sequence[Told]) -> None:
    """A batch of one goes on with the trace of its record; one of many has its own, and its handlers look at each event's."""
    bind_traceparent(told[0].record.headers.get("traceparent") if len(told) == 1 else None)


def _record_of_event(event: dict[str, Any]) -> Record | None:
    aggregate = aggregate_of_type(str(event.get("type")))
    if aggregate is None:
        return None
    headers = {EVENT_ID_HEADER: str(event["id"]), "traceparent": current_traceparent()}
    return Record(aggregate.topic, -1, -1, 0, None, orjson.dumps(event), headers)
