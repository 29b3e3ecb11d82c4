"""Readers of several agencies: each agency's rows by its own index, then put together.

An index that leads with the agency gives the rows of one agency in order; asked for a list of agencies it gives them in
none, so that a page of 50 would read and sort everything there is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from shared.db.tenancy import Scope

Matching = Callable[[Scope], Select[Any]]
"""Gives the rows that match in a scope: `SELECT ... FROM ... WHERE ...`, without order."""


async def counted(session: AsyncSession, scope: Scope, matching: Matching) -> int:
    """Count what matches in all agencies of the scope."""
    if not scope.agency_ids:
        return 0
    counts = [
        matching(scope.of_agency(one)).with_only_columns(
            func.count().label("number"), maintain_column_froms=True
        )
        for one in scope.agency_ids
    ]
    if len(counts) == 1:
        return await session.scalar(counts[0]) or 0
    return int(await session.scalar(select(func.sum(union_all(*counts).subquery().c.number))) or 0)


def on_page(
    row: InstrumentedAttribute[int],
    scope: Scope,
    matching: Matching,
    order: Sequence[Any],
    *,
    size: int,
) -> ColumnElement[bool]:
    """Say which rows may stand on a page: the first `size` of each agency, in the page's own order."""
    parts = []
    for one in scope.agency_ids:
        best = matching(scope.of_agency(one)).with_only_columns(row, maintain_column_froms=True)
        parts.append(select(best.order_by(*order).limit(size).subquery().c.row))
    return row.in_(union_all(*parts)) if parts else false()
