"""The global search: the best few of each kind."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import ClientView, ContractView
from services.gateway.queries.agencies import on_page
from services.gateway.queries.claims import list_claims
from services.gateway.queries.clients import client_rows, contracts_where
from services.gateway.queries.parameters import ClaimQuery
from services.gateway.queries.rows import SearchResult
from services.gateway.search.matching import matches
from shared.db.among import dialect_of
from shared.db.tenancy import Scope, within


async def search(session: AsyncSession, scope: Scope, text: str, limit: int = 8) -> SearchResult:
    """Find claims (open or closed), clients and contracts that contain everything typed; nothing typed finds nothing."""
    if not text.strip():
        return SearchResult()
    claims = await list_claims(session, scope, ClaimQuery(q=text, state="all"), size=limit)
    ordered = (ClientView.last_activity_at.desc(), ClientView.row.desc())

    def matching(one: Scope) -> Select[Any]:
        return select(ClientView.row).where(
            within(ClientView.agency_id, one), matches(dialect_of(session), ClientView, text, one)
        )

    clients = list(
        await session.scalars(
            select(ClientView)
            .where(on_page(ClientView.row, scope, matching, ordered, size=limit))
            .order_by(*ordered)
            .limit(limit)
        )
    )
    return SearchResult(
        claims=claims.items,
        clients=await client_rows(session, scope, clients),
        contracts=await contracts_where(
            session, scope, matches(dialect_of(session), ContractView, text, scope), limit
        ),
    )
