"""Writing to the outbox: an event is durable exactly when the state that it tells of is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.database import leaves_something_to_publish, on_before_commit
from shared.db.together import write_at_commit
from shared.messaging.tables import outbox
from shared.observability.tracing import current_traceparent

_PENDING = "dossier.outbox"


@dataclass
class _Pending:
    """What one transaction will publish: written in one statement when it commits."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)


def enqueue_bytes(
    session: AsyncSession,
    *,
    topic: str,
    key: str,
    event_id: str,
    body: bytes,
    headers: dict[str, str] | None = None,
    internal: bool = False,
) -> None:
    """Publish `body` once this write session commits. A known `event_id` is not published a second time.

    `internal` marks events of our own aggregates: they go into the answer of a command (`committed_events`).
    """
    pending = _pending(session)
    traceparent = current_traceparent()
    if not pending.rows:  # also when a later hook of this transaction publishes, after others were written
        on_before_commit(session, _write)
    pending.rows.append(
        {
            "event_id": event_id,
            "topic": topic,
            "key": key,
            "body": body,
            "headers": {
                "content-type": "application/cloudevents+json",
                "traceparent": traceparent,
                **(headers or {}),
            },
            "created_at": datetime.now(UTC),
        }
    )
    if internal:
        pending.events.append(body)


def committed_events(session: AsyncSession) -> list[dict[str, Any]]:
    """The events of this write session as JSON, for the answer of a command: the gateway projects them at once."""
    return [orjson.loads(body) for body in _pending(session).events]


@contextmanager
def discarded_on_error(session: AsyncSession) -> Iterator[None]:
    """Forget what was enqueued inside the block when the block fails: the partner of a savepoint."""
    pending = _pending(session)
    rows, events = len(pending.rows), len(pending.events)
    try:
        yield
    except BaseException:
        del pending.rows[rows:]
        del pending.events[events:]
        raise


def _pending(session: AsyncSession) -> _Pending:
    pending = session.info.get(_PENDING)
    if not isinstance(pending, _Pending):
        pending = _Pending()
        session.info[_PENDING] = pending
    return pending


async def _write(session: AsyncSession) -> None:
    """Insert all rows in order. The same event twice in one transaction is one row."""
    pending = _pending(session)
    rows = list({row["event_id"]: row for row in pending.rows}.values())
    pending.rows.clear()
    await write_at_commit(session, outbox, rows, ["event_id"])
    leaves_something_to_publish(session)
