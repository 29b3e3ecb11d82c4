"""Rows of claims: what a list shows of each, and whether it is unread for who asks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import ClaimView, SeenMark
from services.gateway.queries.agencies import on_page
from services.gateway.queries.file_changes import file_changes
from services.gateway.queries.mapping import CLAIM_COLUMNS, claim_actors, claim_row, known_names
from services.gateway.queries.parameters import PAGE_SIZE
from services.gateway.queries.partners import partners_named
from services.gateway.queries.rows import ClaimRow
from services.gateway.queries.told import Rows
from services.gateway.queries.unread import asked_by, is_unread, with_mark
from shared.db.lookup import Lookup, Row, Terms
from shared.db.tenancy import Scope, within

_OF_A_CLIENT: Final = 200
"""Claims of one client that his page shows."""


async def claim_rows(
    session: AsyncSession, scope: Scope, claim_numbers: Sequence[str]
) -> tuple[ClaimRow, ...]:
    """Give some rows, newest change first: what a live event says has changed. Foreign ones are left out."""
    if not claim_numbers:
        return ()
    return await rows_of(
        session,
        select_rows(scope)
        .where(within(ClaimView.agency_id, scope), ClaimView.claim_number.in_(claim_numbers[:PAGE_SIZE]))
        .order_by(ClaimView.last_activity_at.desc()),
    )


async def claims_where(
    session: AsyncSession, scope: Scope, condition: ColumnElement[bool], limit: int = 200
) -> tuple[ClaimRow, ...]:
    """Give the claims of a client or contract, newest change first."""
    return await rows_of(
        session,
        select_rows(scope)
        .where(within(ClaimView.agency_id, scope), condition)
        .order_by(ClaimView.last_activity_at.desc(), ClaimView.row.desc())
        .limit(limit),
    )


async def claims_of_client(session: AsyncSession, scope: Scope, client_id: str) -> Rows[ClaimRow]:
    """Give the claims of a client, newest change first."""
    return await mapped(session, await _CLIENTS.rows(session, scope, asking=scope.user_id, client=client_id))


def _clients(terms: Terms) -> Select[Any]:
    return (
        select_rows(asked_by())
        .where(terms.within(ClaimView.agency_id), ClaimView.client_id == bindparam("client"))
        .order_by(ClaimView.last_activity_at.desc(), ClaimView.row.desc())
        .limit(_OF_A_CLIENT)
    )


_CLIENTS: Final = Lookup(_clients)


async def recently_opened(session: AsyncSession, scope: Scope, limit: int = 8) -> tuple[ClaimRow, ...]:
    """Give the claims that this user opened, the latest first; what he only marked as read in a list does not count."""
    ordered = (SeenMark.at.desc(), ClaimView.row.desc())

    def opened(one: Scope) -> Select[Any]:
        return (
            select(ClaimView.row)
            .select_from(with_mark(one))
            .where(within(ClaimView.agency_id, one), SeenMark.at.is_not(None), SeenMark.undo_id.is_(None))
        )

    chosen = on_page(ClaimView.row, scope, opened, ordered, size=limit)
    return await rows_of(session, select_rows(scope).where(chosen).order_by(*ordered).limit(limit))


def select_rows(scope: Scope) -> Select[Any]:
    """Begin a statement that gives rows."""
    return _rows_for(scope.user_id)


@lru_cache(maxsize=512)
def _rows_for(user_id: str) -> Select[Any]:
    """The columns of a row and whether it is unread, kept for each user: they are put together for every list."""
    scope = Scope(user_id, "broker")
    return select(*CLAIM_COLUMNS, is_unread(scope).label("unread")).select_from(with_mark(scope))


async def rows_of(session: AsyncSession, statement: Select[Any]) -> tuple[ClaimRow, ...]:
    """Run a statement that `select_rows` began, and map what it gives."""
    return tuple(await mapped(session, (await session.execute(statement)).mappings().all()))


async def mapped(session: AsyncSession, found: Sequence[Row]) -> Rows[ClaimRow]:
    """Map rows, with the names of the partners that changed them last, and what was done to files since."""
    partners = await partners_named(session, claim_actors(found))
    files = await file_changes(session, found)

    def make(row: Row) -> ClaimRow:
        changed = files.get(row["id"])
        return claim_row(row, partners, changed.value if changed else None)

    beside = (known_names(partners), tuple((claim_id, one.key) for claim_id, one in files.items()))
    return Rows(found, make, beside)
