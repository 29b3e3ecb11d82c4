"""What happened to a claim, a client or a contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final, Literal

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import Activity
from services.gateway.queries.mapping import Names, activity_row, known_names
from services.gateway.queries.partners import partners_named
from services.gateway.queries.rows import ActivityRow
from services.gateway.queries.told import Rows, as_text
from shared.db.lookup import Lookup, Row, Terms

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
    as_text(Activity.changes),
    Activity.client_id,
    Activity.policy_number,
    Activity.claim_number,
)


async def history_of(
    session: AsyncSession, agency_id: str, about: About, subject: str, limit: int
) -> Rows[ActivityRow]:
    """Give what happened, newest first, with the names of partners."""
    found = await happened_to(session, agency_id, about, subject, limit)
    return history(found, await partners_named(session, partners_in(found)))


async def happened_to(
    session: AsyncSession, agency_id: str, about: About, subject: str, limit: int
) -> Sequence[Row]:
    """Give what happened, newest first, as the database tells it."""
    return await _lookup(about, limit).all(session, agency=agency_id, subject=subject)


def partners_in(found: Iterable[Row]) -> set[str]:
    """Give the partners that did something of it."""
    return {row["actor_id"] for row in found if row["actor_kind"] == "partner"}


def history(found: Sequence[Row], partners: Names) -> Rows[ActivityRow]:
    """Put what happened and the names of partners together."""
    acting = {one: partners[one] for one in partners_in(found) if one in partners}
    return Rows(found, lambda row: activity_row(row, acting), known_names(acting))


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
