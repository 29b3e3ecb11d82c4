"""The global search: the best few of each kind."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import ClientView, ContractView
from services.gateway.queries.claims import list_claims
from services.gateway.queries.clients import client_rows, contracts_where
from services.gateway.queries.parameters import ClaimQuery
from services.gateway.queries.rows import SearchResult
from services.gateway.search.matching import matches
from shared.db.tenancy import Scope, within


async def search(session: AsyncSession, scope: Scope, text: str, limit: int = 8) -> SearchResult:
    """Find claims (open or closed), clients and contracts that contain everything typed; nothing typed finds nothing."""
    if not text.strip():
        return SearchResult()
    claims = await list_claims(session, scope, ClaimQuery(q=text, state="all"), size=limit)
    clients = list(
        await session.scalars(
            select(ClientView)
            .where(within(ClientView.agency_id, scope), matches(session, ClientView, text, scope))
            .order_by(ClientView.last_activity_at.desc())
            .limit(limit)
        )
    )
    return SearchResult(
        claims=claims.items,
        clients=await client_rows(session, scope, clients),
        contracts=await contracts_where(session, scope, matches(session, ContractView, text, scope), limit),
    )
