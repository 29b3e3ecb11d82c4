"""What of an outbox waits to be published, and what is held back: the questions of the relay."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, Update, and_, bindparam, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.among import named_among
from shared.db.database import Database
from shared.db.lookup import Lookup, Row
from shared.db.sessions import DIALECT, uninterrupted
from shared.db.tenancy import NO_AGENCY
from shared.db.types import UtcDateTime
from shared.messaging.tables import outbox

BATCH: Final = 500
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_MOST_HELD_KEYS: Final = 100


@dataclass
class Held:
    """Keys that wait, until when (monotonic seconds), after a refusal."""

    until: dict[tuple[str, str], float] = field(default_factory=dict)
    pauses: dict[tuple[str, str], float] = field(default_factory=dict)

    def hold(self, key: tuple[str, str]) -> None:
        pause = min(self.pauses.get(key, _FIRST_PAUSE) * 2, _LONGEST_PAUSE)
        self.pauses[key] = pause
        self.until[key] = time.monotonic() + pause

    def release(self, key: tuple[str, str]) -> None:
        self.until.pop(key, None)
        self.pauses.pop(key, None)

    def held(self, key: tuple[str, str]) -> bool:
        return self.until.get(key, 0.0) > time.monotonic()

    def seconds(self) -> float | None:
        """How long until the first of them is tried again; None when nothing is held."""
        now = time.monotonic()
        waiting = [until - now for until in self.until.values() if until > now]
        return min(waiting) if waiting else None

    def excluded(self) -> ColumnElement[bool]:
        """The condition that leaves them out, so that a full batch of one held key cannot starve the others."""
        waiting = [key for key in self.until if self.held(key)]
        if len(waiting) > _MOST_HELD_KEYS:
            return outbox.c.topic.not_in({topic for topic, _ in waiting})
        return and_(true(), *(or_(outbox.c.topic != topic, outbox.c.key != key) for topic, key in waiting))


async def waiting_rows(database: Database, lock: AsyncConnection | None, held: Held) -> Sequence[Row]:
    """Up to a batch of the rows that wait, in their order; through the connection that has the lock, if there is one."""
    if lock is not None and not held.until:
        return await _NEXT.through(lock)
    statement = _next(held.excluded())
    found: Sequence[Row]
    if lock is not None:
        found = (await uninterrupted(lock.execute(statement))).mappings().all()
        return found
    async with database.read(NO_AGENCY) as session:
        found = (await session.execute(statement)).mappings().all()
        return found


async def mark_published(database: Database, lock: AsyncConnection | None, positions: Sequence[int]) -> None:
    """Write down what is safely on the broker."""
    values = {"positions": positions, "at": datetime.now(UTC)}
    if lock is not None:
        await _MARK.through(lock, **values)
        return
    async with database.write(NO_AGENCY) as session:
        await session.execute(_marked(session.info[DIALECT]), values)


def _next(wanted: ColumnElement[bool]) -> Select[Any]:
    """Rows that wait, in their order."""
    names = ("position", "event_id", "topic", "key", "body", "headers")
    return (
        select(*(outbox.c[name] for name in names))
        .where(outbox.c.published_at.is_(None), wanted)
        .order_by(outbox.c.position)
        .limit(BATCH)
    )


def _marked(dialect: str) -> Update:
    return (
        update(outbox)
        .where(named_among(dialect, outbox.c.position, "positions", BigInteger))
        .values(published_at=bindparam("at", type_=UtcDateTime()))
    )


_NEXT: Final = Lookup(lambda _terms: _next(true()))
_MARK: Final = Lookup(lambda terms: _marked(terms.dialect))
