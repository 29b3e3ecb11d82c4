"""Partner messages inside a batch: read, refused or handed on, and answered, each exactly once."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.envelope import service_source, written_event
from shared.contracts.partners import RECEIPT_TYPE
from shared.contracts.topics import parse_partner_topic, receipts_topic
from shared.db.together import write_at_commit
from shared.messaging.dead_letters import put_aside
from shared.messaging.outbox import enqueue_bytes
from shared.messaging.partners import PartnerMessage, Reading, Verdict, read_message
from shared.messaging.records import Record, derived_id
from shared.messaging.tables import partner_message
from shared.messaging.taken import MessageKey, Taken
from shared.observability import metrics
from shared.observability.tracing import current_traceparent

PartnerHandler = Callable[[AsyncSession, PartnerMessage[Any]], Awaitable[Verdict]]
Preload = Callable[[AsyncSession, Sequence[PartnerMessage[Any]]], Awaitable[None]]

log = structlog.get_logger(__name__)
_stdlib = logging.getLogger(__name__)


@dataclass
class Batch:
    """What one transaction knows about its partner messages."""

    readings: dict[str, Reading] = field(default_factory=dict)
    named: list[MessageKey] = field(default_factory=list)
    accepted: dict[MessageKey, Verdict] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def discarded_on_error(self) -> Iterator[None]:
        """Forget what was accepted inside the block when the block fails: the partner of a savepoint."""
        kept = len(self.rows)
        try:
            yield
        except BaseException:
            for row in self.rows[kept:]:
                self.accepted.pop((row["partner_id"], row["message_id"]), None)
            del self.rows[kept:]
            raise


class Intake:
    """The partner topics of one service."""

    def __init__(self, service: str) -> None:
        """Start with no kinds."""
        self._service = service
        self._handlers: dict[str, tuple[PartnerHandler, Preload | None]] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of updates that are taken."""
        return tuple(sorted(self._handlers))

    def add(self, kind: str, handler: PartnerHandler, preload: Preload | None) -> None:
        """Take updates of this kind."""
        self._handlers[kind] = (handler, preload)

    def read(self, records: Iterable[Record]) -> Batch:
        """Read the partner messages among `records`."""
        batch = Batch()
        for record in records:
            topic = parse_partner_topic(record.topic)
            if topic is None or topic.kind not in self._handlers:
                continue
            reading = read_message(topic.partner_id, topic.kind, record.value, record.received_at)
            batch.readings[record.identity] = reading
            if reading.message_id is not None:
                batch.named.append((topic.partner_id, reading.message_id))
        return batch

    async def begin(self, session: AsyncSession, batch: Batch, taken: Taken) -> None:
        """Leave out the records that were taken before, note the messages that were, and let the services load what they need."""
        for identity in taken.records:
            batch.readings.pop(identity, None)
        for key, row in taken.messages.items():
            batch.accepted[key] = Verdict(
                "duplicate", row["sequence"], row["claim_number"], row["policy_number"]
            )
        await self._preload(session, batch)

    async def _preload(self, session: AsyncSession, batch: Batch) -> None:
        for kind, (_, preload) in self._handlers.items():
            if preload is None:
                continue
            found = [
                reading.message
                for reading in batch.readings.values()
                if reading.message is not None
                and reading.message.kind == kind
                and (reading.message.partner_id, reading.message.message_id) not in batch.accepted
            ]
            if found:
                await preload(session, found)

    async def apply(self, session: AsyncSession, record: Record, batch: Batch) -> None:
        """Take one record of a partner: exactly one receipt follows from it."""
        topic = parse_partner_topic(record.topic)
        reading = batch.readings.get(record.identity)
        if topic is None or reading is None:
            return
        message_id = reading.message_id
        if message_id is None:
            # Nothing in it names it: the sender gets its coordinates, operations the bytes.
            message_id = f"record:{record.coordinates}"
            put_aside(session, record, service=self._service, reason="unattributable", attempts=1)
        verdict = batch.accepted.get((topic.partner_id, message_id))
        if verdict is None:
            verdict = await self._decide(session, topic.kind, reading)
        self._answer(session, topic.partner_id, record, message_id, verdict)
        if verdict.outcome == "accepted":
            self._keep(batch, topic.partner_id, topic.kind, message_id, verdict, record)
        metrics.messages.labels(self._service, record.topic, verdict.outcome).inc()
        if _stdlib.isEnabledFor(
            logging.DEBUG
        ):  # asked first: putting a line together that nobody reads costs a message 30 µs
            log.debug(
                "partner.message_taken",
                partner=topic.partner_id,
                kind=topic.kind,
                outcome=verdict.outcome,
                reason=verdict.reason.code if verdict.reason else None,
            )

    async def _decide(self, session: AsyncSession, kind: str, reading: Reading) -> Verdict:
        if reading.message is not None:
            handler, _ = self._handlers[kind]
            return await handler(session, reading.message)
        if reading.verdict is None:  # pragma: no cover - a reading has one or the other
            raise AssertionError
        return reading.verdict

    def _answer(
        self, session: AsyncSession, partner_id: str, record: Record, message_id: str, verdict: Verdict
    ) -> None:
        """Enqueue the receipt; its id follows from the record, so that a redelivery is not answered twice."""
        event_id = derived_id("receipt", record.identity)
        body = written_event(
            event_id=event_id,
            source=service_source(self._service),
            event_type=RECEIPT_TYPE,
            subject=message_id,
            time=record.received_at,
            sequence=verdict.sequence or 0,
            traceparent=current_traceparent(),
            data=verdict.receipt(message_id),
        )
        enqueue_bytes(
            session, topic=receipts_topic(partner_id), key=message_id[:200], event_id=event_id, body=body
        )

    def _keep(
        self, batch: Batch, partner_id: str, kind: str, message_id: str, verdict: Verdict, record: Record
    ) -> None:
        batch.accepted[(partner_id, message_id)] = Verdict(
            "duplicate", verdict.sequence, verdict.claim_number, verdict.policy_number
        )
        batch.rows.append(
            {
                "partner_id": partner_id,
                "message_id": message_id,
                "kind": kind,
                "outcome": verdict.outcome,
                "claim_number": verdict.claim_number,
                "policy_number": verdict.policy_number,
                "sequence": verdict.sequence,
                "received_at": record.received_at,
            }
        )

    async def finish(self, session: AsyncSession, batch: Batch) -> None:
        """Write what was accepted, so that its repetition is known for ever."""
        await write_at_commit(session, partner_message, batch.rows, ["partner_id", "message_id"])
