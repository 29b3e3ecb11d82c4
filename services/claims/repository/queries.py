"""Reading claims for the desk, the number series, and the copies of policy's state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from services.claims.models import Claim, ClaimHistory, ClaimSeries, ClientReplica, ContractReplica
from services.claims.repository.book import dialect_of, table_of
from shared.contracts.claims import ClaimState
from shared.contracts.policy import ClientState, ContractState
from shared.db.tenancy import Scope, within
from shared.db.upsert import write_many


async def find_claim(session: AsyncSession, scope: Scope, number: str) -> ClaimState | None:
    """Read a claim of the caller's agencies."""
    state = await session.scalar(
        select(Claim.state).where(within(Claim.agency_id, scope), Claim.claim_number == number)
    )
    return ClaimState.model_validate(state) if state is not None else None


async def history_of(session: AsyncSession, claim: ClaimState, limit: int) -> list[dict[str, Any]]:
    """Read the newest changes of a claim, newest first."""
    rows = await session.execute(
        select(
            ClaimHistory.sequence,
            ClaimHistory.happening,
            ClaimHistory.at,
            ClaimHistory.actor,
            ClaimHistory.changes,
        )
        .where(ClaimHistory.agency_id == claim.agency_id, ClaimHistory.claim_id == claim.id)
        .order_by(ClaimHistory.sequence.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


async def next_in_series(session: AsyncSession, year: int) -> int:
    """Give the next claim number of a year. The row stays locked until the commit, so no number is given out twice."""
    builder = postgresql.insert if dialect_of(session) == "postgresql" else sqlite.insert
    statement = builder(table_of(ClaimSeries)).values(year=year, last=1)
    following: int | None = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["year"], set_={"last": ClaimSeries.last + 1}
        ).returning(ClaimSeries.last)
    )
    assert following is not None
    return following


async def keep_contracts(session: AsyncSession, states: Sequence[ContractState]) -> None:
    """Keep contracts; where a newer version is known, that one stays."""
    rows = [
        {
            "agency_id": one.agency_id,
            "id": one.id,
            "policy_number": one.policy_number,
            "sequence": one.sequence,
            "state": one.model_dump(mode="json"),
        }
        for one in states
    ]
    await write_many(session, ContractReplica, rows, ["agency_id", "id"], replace=True, guard="sequence")


async def keep_clients(session: AsyncSession, states: Sequence[ClientState]) -> None:
    """Keep clients; where a newer version is known, that one stays."""
    rows = [
        {
            "agency_id": one.agency_id,
            "id": one.id,
            "sequence": one.sequence,
            "state": one.model_dump(mode="json"),
        }
        for one in states
    ]
    await write_many(session, ClientReplica, rows, ["agency_id", "id"], replace=True, guard="sequence")


async def contracts_numbered(session: AsyncSession, scope: Scope, policy_number: str) -> list[ContractState]:
    """Read the contracts with this number in the caller's agencies: two agencies may have the same number."""
    rows = await session.scalars(
        select(ContractReplica.state).where(
            within(ContractReplica.agency_id, scope), ContractReplica.policy_number == policy_number
        )
    )
    return [ContractState.model_validate(state) for state in rows]


async def client_of(session: AsyncSession, contract: ContractState) -> ClientState | None:
    """Read the contract's client; None while its event has not come."""
    state = await session.scalar(
        select(ClientReplica.state).where(
            ClientReplica.agency_id == contract.agency_id, ClientReplica.id == contract.client_id
        )
    )
    return ClientState.model_validate(state) if state is not None else None
