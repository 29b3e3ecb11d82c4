"""Records that nobody could take: kept with their original bytes, the reason beside them, to be sent again by an operator."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.topics import dead_letter_topic
from shared.messaging.outbox import enqueue_bytes
from shared.messaging.records import Record, derived_id
from shared.observability import metrics


def put_aside(session: AsyncSession, record: Record, *, service: str, reason: str, attempts: int) -> None:
    """Enqueue the original bytes for the dead letter topic of the record's topic, once however often it is redelivered."""
    enqueue_bytes(
        session,
        topic=dead_letter_topic(record.topic),
        key=(record.key or b"").decode("utf-8", "replace")[:200],
        event_id=derived_id("dead-letter", service, record.identity),
        body=record.value,
        headers={
            "dossier-reason": reason,
            "dossier-service": service,
            "dossier-attempts": str(attempts),
            "dossier-topic": record.topic,
            "dossier-partition": str(record.partition),
            "dossier-offset": str(record.offset),
            "dossier-timestamp": str(record.timestamp),
        },
    )
    metrics.dead_letters.labels(service, record.topic).inc()
