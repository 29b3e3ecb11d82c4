"""Taking records: each one exactly once in its effect, none at the expense of its neighbours.

A batch is one transaction. When anything in it fails, the batch is done again with a savepoint around each record, so that only the
record at fault is put aside, in its dead letter topic, with its original bytes. The dead letter goes through the outbox like every
other message: it is as durable as the effects of its neighbours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import structlog
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock, SystemClock
from shared.contracts import topics
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.events import aggregate_of_state, aggregate_of_type
from shared.contracts.partners import Receipt
from shared.db.among import among
from shared.db.database import Database
from shared.db.failures import is_passing
from shared.db.tenancy import EVERY_AGENCY, NO_AGENCY
from shared.db.upsert import write_many
from shared.messaging.dead_letters import put_aside
from shared.messaging.intake import Batch, Intake, PartnerHandler, Preload
from shared.messaging.outbox import discarded_on_error
from shared.messaging.records import EVENT_ID_HEADER, Record
from shared.messaging.tables import consumer_position, inbox
from shared.observability import metrics
from shared.observability.tracing import bind_traceparent, current_traceparent

StateHandler = Callable[[AsyncSession, CloudEvent[Any]], Awaitable[None]]
ReceiptHandler = Callable[[AsyncSession, str, CloudEvent[Receipt]], Awaitable[None]]
TailHandler = Callable[[CloudEvent[Any]], Awaitable[None]]

_ATTEMPTS_OF_A_RECORD = 3
_ATTEMPTS_OF_A_BATCH = 8
_REMEMBERED = timedelta(days=30)
_PRUNED_AT_ONCE = 10_000
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0
_RECEIPT = TypeAdapter(CloudEvent[Receipt])

log = structlog.get_logger(__name__)


class Unprocessable(Exception):  # noqa: N818 - said of a record, not of a program
    """A record that cannot be read, however often it is tried."""


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
        self._states: dict[type[BaseModel], tuple[TypeAdapter[Any], list[StateHandler]]] = {}
        self._intake = Intake(service)
        self._receipts: ReceiptHandler | None = None
        self._epoch: str | None = None

    def keep_positions(self, broker_epoch: str) -> None:
        """Write down, with each batch, where it ended: for a broker that is used without a group, in this life of it."""
        self._epoch = broker_epoch

    async def positions(self) -> dict[tuple[str, int], int]:
        """Topic and partition -> the next offset to take, as written down in this life of the broker."""
        async with self._database.read(NO_AGENCY) as session:
            statement = select(consumer_position).where(consumer_position.c.broker_epoch == self._epoch)
            return {(row.topic, row.partition): row.next_offset for row in await session.execute(statement)}

    def on_state(self, state: type[BaseModel], handler: StateHandler) -> None:
        """Hand every event of this aggregate to `handler`, once. It keeps the state with the highest sequence."""
        adapter, handlers = self._states.setdefault(state, (_adapter(state), []))
        del adapter
        handlers.append(handler)

    def on_partner(self, kind: str, handler: PartnerHandler, preload: Preload | None = None) -> None:
        """Hand well-formed updates of this kind, of every partner, to `handler`; it returns a `Verdict`."""
        self._intake.add(kind, handler, preload)

    def on_receipt(self, handler: ReceiptHandler) -> None:
        """Hand the receipts of all partners to `handler(session, partner_id, event)`."""
        self._receipts = handler

    def tail(self, state: type[BaseModel], handler: TailHandler) -> None:
        """Hand every new event of this aggregate to `handler`, on each replica, outside any group and any transaction."""
        self.tails.append(_Tail(aggregate_of_state(state).topic, _adapter(state), handler))

    @property
    def topics(self) -> tuple[str, ...]:
        """Our own topics that are listened to."""
        return tuple(sorted({aggregate_of_state(state).topic for state in self._states}))

    @property
    def partner_kinds(self) -> tuple[str, ...]:
        """Kinds of partner topics that are listened to."""
        return (*self._intake.kinds, *((topics.RECEIPTS,) if self._receipts else ()))

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
            fresh = await self._fresh(session, records)
            batch = await self._intake.begin(session, fresh)
            for record in fresh:
                bind_traceparent(record.headers.get("traceparent"))
                if isolate:
                    await self._apply_alone(session, record, batch)
                else:
                    await self._apply_one(session, record, batch)
                moved()
            await self._intake.finish(session, batch)
            await self._remember(session, fresh)
            await self._write_positions(session, records)
        for record in fresh:
            metrics.messages.labels(self.service, record.topic, "applied").inc()
        metrics.messages.labels(self.service, "", "duplicate").inc(len(records) - len(fresh))

    async def _apply_alone(self, session: AsyncSession, record: Record, batch: Batch) -> None:
        """Apply one record inside a savepoint; what fails for good goes to the dead letters."""
        for attempt in range(1, _ATTEMPTS_OF_A_RECORD + 1):
            try:
                with discarded_on_error(session), batch.discarded_on_error():
                    async with session.begin_nested():
                        await self._apply_one(session, record, batch)
            except Exception as error:
                if is_passing(error):
                    raise
                if attempt < _ATTEMPTS_OF_A_RECORD and not isinstance(error, Unprocessable):
                    await asyncio.sleep(_FIRST_PAUSE * attempt)
                    continue
                log.warning(
                    "consumer.dead_letter",
                    record=record.coordinates,
                    error=type(error).__name__,
                    exc_info=error,
                )
                put_aside(
                    session, record, service=self.service, reason=type(error).__name__, attempts=attempt
                )
            return

    async def _apply_one(self, session: AsyncSession, record: Record, batch: Batch) -> None:
        partner = topics.parse_partner_topic(record.topic)
        if partner is None:
            await self._apply_event(session, record)
        elif partner.kind == topics.RECEIPTS:
            await self._apply_receipt(session, partner.partner_id, record)
        else:
            await self._intake.apply(session, record, batch)

    async def _apply_event(self, session: AsyncSession, record: Record) -> None:
        event_type = _type_of(record)
        aggregate = aggregate_of_type(event_type)
        listened = self._states.get(aggregate.state) if aggregate else None
        if listened is None:
            return
        adapter, handlers = listened
        try:
            event = adapter.validate_json(record.value)
        except ValueError as error:
            raise Unprocessable(event_type) from error
        for handler in handlers:
            await handler(session, event)

    async def _apply_receipt(self, session: AsyncSession, partner_id: str, record: Record) -> None:
        try:
            event = _RECEIPT.validate_json(record.value)
        except ValueError as error:
            raise Unprocessable(topics.RECEIPTS) from error
        if self._receipts is not None:
            await self._receipts(session, partner_id, event)

    async def _fresh(self, session: AsyncSession, records: Sequence[Record]) -> list[Record]:
        """Those records that were not taken before, each once, in order."""
        unique = {record.identity: record for record in reversed(records)}
        known = set(
            await session.scalars(
                select(inbox.c.record_id).where(among(session, inbox.c.record_id, list(unique)))
            )
        )
        return [record for identity, record in reversed(unique.items()) if identity not in known]

    async def _remember(self, session: AsyncSession, records: Sequence[Record]) -> None:
        if not records:
            return
        now = self._clock.now()
        rows = [{"record_id": record.identity, "received_at": now} for record in records]
        await write_many(session, inbox, rows, ["record_id"])

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
        await write_many(session, consumer_position, rows, ["topic", "partition"], replace=True)


def _adapter(state: type[BaseModel]) -> TypeAdapter[Any]:
    return TypeAdapter(CloudEvent[ChangeData[state]])  # type: ignore[valid-type]


def _record_of_event(event: dict[str, Any]) -> Record | None:
    aggregate = aggregate_of_type(str(event.get("type")))
    if aggregate is None:
        return None
    headers = {EVENT_ID_HEADER: str(event["id"]), "traceparent": current_traceparent()}
    return Record(aggregate.topic, -1, -1, 0, None, orjson.dumps(event), headers)


class _Typed(BaseModel):
    type: str


def _type_of(record: Record) -> str:
    try:
        return _Typed.model_validate_json(record.value).type
    except ValueError as error:
        raise Unprocessable("envelope") from error
