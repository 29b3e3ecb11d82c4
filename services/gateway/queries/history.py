"""What happened to a claim, a client or a contract."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Literal

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import Activity
from services.gateway.queries.mapping import activity_row
from services.gateway.queries.partners import partners_named
from services.gateway.queries.rows import ActivityRow
from shared.db.lookup import Lookup, Terms

About = Literal["claim", "client", "contract"]
_SUBJECTS: Final = {
    "claim": Activity.claim_number,
    "client": Activity.client_id,
    "contract": Activity.policy_number,
}
ACTIVITY_COLUMNS: Final = (
    Activity.event_id,
    Activity.happening,
    Activity.aggregate,
    Activity.subject_id,
    Activity.sequence,
    Activity.at,
    Activity.actor_kind,
    Activity.actor_id,
    Activity.actor_name,
    Activity.changes,
    Activity.client_id,
    Activity.policy_number,
    Activity.claim_number,
)


async def history_of(
    session: AsyncSession, agency_id: str, about: About, subject: str, limit: int
) -> tuple[ActivityRow, ...]:
    """Give what happened, newest first, with the names of partners."""
    found = await _lookup(about, limit).all(session, agency=agency_id, subject=subject)
    actors = (row["actor_id"] for row in found if row["actor_kind"] == "partner")
    partners = await partners_named(session, actors)
    return tuple(activity_row(row, partners) for row in found)


@cache
def _lookup(about: About, limit: int) -> Lookup:
    def build(_terms: Terms) -> Select[Any]:
        return (
            select(*ACTIVITY_COLUMNS)
            .where(Activity.agency_id == bindparam("agency"), _SUBJECTS[about] == bindparam("subject"))
            .order_by(Activity.at.desc(), Activity.row.desc())
            .limit(limit)
        )

    return Lookup(build)
