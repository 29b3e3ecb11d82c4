"""Taking turns about something that has no row yet, which could be locked."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.among import dialect_of

_KIND: Final = zlib.crc32(b"dossier.turn") >> 1
"""Advisory locks of two numbers are others than those of one, which the relay and the migrations take."""

_SLOTS: Final = 256
"""Names share so many locks: a server has room for a few thousand, and a batch may have five hundred names."""

_TAKE: Final = text(
    "SELECT pg_advisory_xact_lock(:kind, slot) FROM unnest(CAST(:slots AS INTEGER[])) AS slot"
)


async def take_turn(session: AsyncSession, names: Collection[str]) -> bool:
    """Wait until no other transaction has its turn about any of the names, and keep others waiting until this one ends.

    What the others wrote is seen by the statements that follow. Says whether there can have been others: SQLite has one writer.
    """
    if not names or dialect_of(session) != "postgresql":
        return False
    slots = sorted({zlib.crc32(name.encode()) % _SLOTS for name in names})
    await session.execute(_TAKE, {"kind": _KIND, "slots": slots})
    return True
