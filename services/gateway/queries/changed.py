"""What changed since this user last opened a claim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import User
from services.gateway.queries.rows import ActivityRow, ChangedField
from services.gateway.queries.told import Rows
from shared.db.lookup import Row
from shared.db.tenancy import Scope

_NOT_A_CHANGE: Final = frozenset({"claim-registered"})
"""Opening a file sets every field; listing them all would say nothing."""

FILES: Final = "files"
"""The field under which new files stand; `new` is the file's name."""


async def changed_since(
    session: AsyncSession,
    scope: Scope,
    history: Rows[ActivityRow],
    *,
    sequence: int | None,
    at: datetime | None,
    files_at: datetime | None,
) -> tuple[ChangedField, ...]:
    """Fold the changes by others since the mark (or since the account was made) into one entry per field.

    `old` is the value at the mark, `new` the value now; a field that went and came back is left out. The newest
    change stands first.
    """
    born: datetime | None = None
    if sequence is None:
        born = await session.scalar(select(User.baseline_at).where(User.id == scope.user_id))
    news = history.where(
        lambda row: (
            row["actor_kind"] != "import"
            and row["actor_id"] != scope.user_id
            and _is_new(row, sequence, at, files_at, born)
        )
    )
    return (*_files(news), *_fields(reversed(news)))


def _is_new(
    row: Row,
    sequence: int | None,
    at: datetime | None,
    files_at: datetime | None,
    born: datetime | None,
) -> bool:
    if row["aggregate"] == "claim":
        return bool(row["sequence"] > sequence if sequence is not None else born and row["at"] > born)
    since = files_at or at or born
    return bool(row["aggregate"] == "document" and since and row["at"] > since)


def _fields(oldest_first: Iterable[ActivityRow]) -> list[ChangedField]:
    folded: dict[str, ChangedField] = {}
    for one in oldest_first:
        if one.aggregate != "claim" or one.happening in _NOT_A_CHANGE:
            continue
        for change in one.changes:
            known = folded.pop(change.field, None)
            entry = ChangedField(change.field, change.old, change.new, one.at, one.actor_name)
            folded[change.field] = replace(entry, old=known.old) if known else entry
    return [entry for entry in reversed(folded.values()) if entry.old != entry.new]


def _files(newest_first: Iterable[ActivityRow]) -> list[ChangedField]:
    found = []
    for one in newest_first:
        if one.aggregate == "document" and one.happening == "document-added":
            name = next((change.new for change in one.changes if change.field == "name"), one.subject_id)
            found.append(ChangedField(FILES, None, name, one.at, one.actor_name))
    return found
