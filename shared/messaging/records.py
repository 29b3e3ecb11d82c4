"""One record of a topic, free of the client library, and what names it for ever."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

import uuid_utils

EVENT_ID_HEADER: Final = "dossier-event-id"
"""Set by our relays: a record that is published a second time keeps it, whatever its new offset is."""


@dataclass(frozen=True)
class Record:
    """A Kafka record. `timestamp` is in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @cached_property
    def received_at(self) -> datetime:
        """When the broker took it, as far as it says so."""
        return datetime.fromtimestamp(max(self.timestamp, 0) / 1000, tz=UTC)

    @cached_property
    def identity(self) -> str:
        """A name that a redelivery of the same record has too, and no other record, not even after the broker lost its memory."""
        event_id = self.headers.get(EVENT_ID_HEADER)
        if event_id:
            return f"{self.topic}/event/{event_id}"[:400]
        return f"{self.topic}/{self.partition}/{self.offset}/{self.timestamp}"

    @property
    def coordinates(self) -> str:
        """Where an operator or a partner finds it."""
        return f"{self.topic}:{self.partition}:{self.offset}"


def derived_id(*parts: str) -> str:
    """A UUID that follows from its parts, so that the same cause never has two answers."""
    return str(uuid_utils.uuid5(uuid_utils.NAMESPACE_URL, "urn:dossier:" + "/".join(parts)))


def record_of(message: Any) -> Record:
    """Take over a record of the client library; a header of a foreign producer may be null or no text."""
    headers = {
        name: value.decode("utf-8", "replace")
        for name, value in (message.headers or ())
        if isinstance(value, bytes)
    }
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp=message.timestamp,
        key=message.key,
        value=message.value or b"",
        headers=headers,
    )
