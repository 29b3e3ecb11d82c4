"""What was done to a claim's files after the claim itself changed last: then that is what a list tells beside the time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import Activity
from services.gateway.queries.history import ACTIVITY_COLUMNS
from services.gateway.queries.mapping import Names, activity_row, known_names, last_change_of
from services.gateway.queries.partners import partners_named
from services.gateway.queries.rows import LastChange
from services.gateway.queries.told import Told, values_of
from shared.db.lookup import Row


async def file_changes(session: AsyncSession, found: Iterable[Row]) -> dict[str, Told[LastChange]]:
    """Give the newest change of the files by claim id, for rows of `CLAIM_COLUMNS` whose files changed last.

    The row holds when that was and not what: the history is asked only where it is needed, and for nobody else's rows.
    """
    wanted = {
        (row["agency_id"], row["claim_number"], row["files_at"]): row["id"] for row in found if _newer(row)
    }
    if not wanted:
        return {}
    statement = select(*ACTIVITY_COLUMNS).where(
        tuple_(Activity.agency_id, Activity.claim_number, Activity.at).in_(list(wanted)),
        Activity.aggregate == "document",
    )
    rows = (await session.execute(statement.add_columns(Activity.agency_id))).mappings().all()
    changed = {wanted[row["agency_id"], row["claim_number"], row["at"]]: row for row in rows}
    partners = await partners_named(session, (row["actor_id"] for row in rows))
    return {claim_id: _told(row, partners) for claim_id, row in changed.items()}


def _told(row: Row, partners: Names) -> Told[LastChange]:
    def make() -> LastChange:
        made = activity_row(row, partners)
        return LastChange(made.happening, made.actor_name, made.actor_kind, made.at, made.changes)

    return Told((values_of(row), known_names(partners)), make)


def _newer(row: Row) -> bool:
    files_at: datetime | None = row["files_at"]
    change = last_change_of(row)
    return files_at is not None and (change is None or files_at > datetime.fromisoformat(change["at"]))
