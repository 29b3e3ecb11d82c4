"""The trail that an update left in the services' own books: outboxes and inboxes say when it passed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NEWEST = 400


@dataclass(frozen=True)
class Trail:
    """Instants in seconds since 1970. `sequence` is the claim's version that the update made."""

    sequence: int
    claims_taken: float
    claims_published: float
    notifications_taken: float
    notifications_published: float
    projected: float


def trail_of(data_dir: Path, note: str) -> Trail | None:
    """Find the update by its note; None when a part of its trail is missing."""
    claim = _find(
        data_dir / "claims.db", lambda state: bool(state.get("repair")) and state["repair"]["note"] == note
    )
    if claim is None:
        return None
    event, created, published = claim
    state = event["data"]["state"]
    name = f"claims.events.v1/event/{event['id']}"
    subject = (state["id"], state["sequence"])
    alert = _find(
        data_dir / "notifications.db",
        lambda one: (one.get("subject_id"), one.get("subject_sequence")) == subject,
    )
    told = _received(data_dir / "notifications.db", name)
    projected = _received(data_dir / "gateway.db", name)
    if alert is None or told is None or projected is None or published is None or alert[2] is None:
        return None
    return Trail(int(state["sequence"]), created, published, told, alert[2], projected)


def _find(
    file: Path, wanted: Callable[[dict[str, Any]], bool]
) -> tuple[dict[str, Any], float, float | None] | None:
    """Find an event by its state: the event, when it was written and when published."""
    query = (
        "SELECT body, created_at, published_at FROM outbox WHERE topic LIKE '%.events.v1'"
        " ORDER BY position DESC LIMIT ?"
    )
    for body, created, published in _rows(file, query, NEWEST):
        event = json.loads(body)
        if wanted(event["data"]["state"]):
            return event, _instant(created), _instant(published) if published else None
    return None


def _received(file: Path, name: str) -> float | None:
    rows = _rows(file, "SELECT received_at FROM inbox WHERE record_id = ?", name)
    return _instant(rows[0][0]) if rows else None


def _rows(file: Path, query: str, *parameters: Any) -> list[Any]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return connection.execute(query, parameters).fetchall()


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
