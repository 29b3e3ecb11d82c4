"""All SQL of the policy service. Every query that a person causes is limited to the agencies of his scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.policy.models import (
    AgencyReplica,
    ClientHistoryRow,
    ClientRow,
    ContractHistoryRow,
    ContractRow,
    PartnerReplica,
)
from shared.contracts.envelope import Actor, Change
from shared.contracts.identity import AgencyState, PartnerState
from shared.contracts.policy import ClientState, ContractState
from shared.db.tenancy import Scope, within
from shared.db.upsert import write_many
from shared.identifiers import new_id


async def client_row(
    session: AsyncSession, client_id: str, scope: Scope, *, for_update: bool = False
) -> ClientRow | None:
    """Give a client of the scope's agencies; `for_update` waits for a change that is under way."""
    if "\0" in client_id:
        return None  # PostgreSQL refuses to compare with it
    query = select(ClientRow).where(ClientRow.id == client_id, within(ClientRow.agency_id, scope))
    return (await session.scalars(query.with_for_update() if for_update else query)).one_or_none()


async def client_with_identity(session: AsyncSession, agency_id: str, fingerprint: str) -> str | None:
    """Give the id of the agency's client with this identity number."""
    query = select(ClientRow.id).where(
        ClientRow.agency_id == agency_id, ClientRow.identity_fingerprint == fingerprint
    )
    return (await session.scalars(query)).one_or_none()


def add_client(session: AsyncSession, state: ClientState) -> ClientRow:
    """Insert a new client, without identity number."""
    row = ClientRow(
        id=state.id,
        agency_id=state.agency_id,
        sequence=state.sequence,
        identity_cipher=None,
        identity_fingerprint=None,
        state=state.model_dump(mode="json"),
        updated_at=state.updated_at,
    )
    session.add(row)
    return row


def client_state(row: ClientRow) -> ClientState:
    """Read the state of a row."""
    return ClientState.model_validate(row.state)


def save_client(row: ClientRow, state: ClientState) -> None:
    """Replace the state of a row."""
    row.state = state.model_dump(mode="json")
    row.sequence = state.sequence
    row.updated_at = state.updated_at


async def contract_rows(
    session: AsyncSession,
    policy_number: str,
    scope: Scope,
    agency_id: str | None = None,
    *,
    for_update: bool = False,
) -> Sequence[ContractRow]:
    """Give the contracts of this number in the scope's agencies: one, unless two agencies use the same number."""
    if "\0" in policy_number:
        return ()  # PostgreSQL refuses to compare with it
    query = select(ContractRow).where(
        ContractRow.policy_number == policy_number, within(ContractRow.agency_id, scope)
    )
    if agency_id is not None:
        query = query.where(ContractRow.agency_id == agency_id)
    return (await session.scalars(query.with_for_update() if for_update else query)).all()


async def contract_rows_of_number(session: AsyncSession, policy_number: str) -> Sequence[ContractRow]:
    """Give the contracts of this number in all agencies, to change one: partners stand outside the agencies."""
    query = select(ContractRow).where(ContractRow.policy_number == policy_number).with_for_update()
    return (await session.scalars(query)).all()


async def contract_rows_of_client(session: AsyncSession, client: ClientState) -> Sequence[ContractRow]:
    """Give a client's contracts, to change them."""
    query = (
        select(ContractRow)
        .where(ContractRow.agency_id == client.agency_id, ContractRow.client_id == client.id)
        .order_by(ContractRow.id)
        .with_for_update()
    )
    return (await session.scalars(query)).all()


async def number_is_taken(
    session: AsyncSession, policy_number: str, agency_id: str, insurer_partner_id: str | None
) -> bool:
    """Say whether the agency, or the insurer anywhere, has a contract of this number already."""
    query = select(ContractRow.agency_id, ContractRow.insurer_partner_id).where(
        ContractRow.policy_number == policy_number
    )
    return any(
        row.agency_id == agency_id
        or (insurer_partner_id is not None and row.insurer_partner_id == insurer_partner_id)
        for row in await session.execute(query)
    )


def add_contract(session: AsyncSession, state: ContractState) -> ContractRow:
    """Insert a new contract."""
    row = ContractRow(
        id=state.id,
        agency_id=state.agency_id,
        policy_number=state.policy_number,
        client_id=state.client_id,
        insurer_partner_id=state.insurer.partner_id,
        insurer_sequence=None,
        sequence=state.sequence,
        state=state.model_dump(mode="json"),
        updated_at=state.updated_at,
    )
    session.add(row)
    return row


def contract_state(row: ContractRow) -> ContractState:
    """Read the state of a row."""
    return ContractState.model_validate(row.state)


def save_contract(row: ContractRow, state: ContractState) -> None:
    """Replace the state of a row."""
    row.state = state.model_dump(mode="json")
    row.sequence = state.sequence
    row.updated_at = state.updated_at


def add_client_history(
    session: AsyncSession,
    state: ClientState,
    happening: str,
    changes: Sequence[Change],
    actor: Actor,
    at: datetime,
) -> None:
    """Append to a client's history."""
    session.add(
        ClientHistoryRow(
            id=new_id(),
            agency_id=state.agency_id,
            client_id=state.id,
            sequence=state.sequence,
            happening=happening,
            changes=_documents(changes),
            actor=actor.model_dump(mode="json"),
            at=at,
        )
    )


def add_contract_history(
    session: AsyncSession,
    state: ContractState,
    happening: str,
    changes: Sequence[Change],
    actor: Actor,
    at: datetime,
) -> None:
    """Append to a contract's history."""
    session.add(
        ContractHistoryRow(
            id=new_id(),
            agency_id=state.agency_id,
            contract_id=state.id,
            sequence=state.sequence,
            version=state.version,
            happening=happening,
            changes=_documents(changes),
            actor=actor.model_dump(mode="json"),
            at=at,
        )
    )


async def client_history(
    session: AsyncSession, client: ClientState, scope: Scope, limit: int
) -> Sequence[ClientHistoryRow]:
    """Give a client's newest changes first."""
    query = (
        select(ClientHistoryRow)
        .where(within(ClientHistoryRow.agency_id, scope), ClientHistoryRow.client_id == client.id)
        .order_by(ClientHistoryRow.id.desc())
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def contract_history(
    session: AsyncSession, contract: ContractState, scope: Scope, limit: int
) -> Sequence[ContractHistoryRow]:
    """Give a contract's newest changes first."""
    query = (
        select(ContractHistoryRow)
        .where(within(ContractHistoryRow.agency_id, scope), ContractHistoryRow.contract_id == contract.id)
        .order_by(ContractHistoryRow.id.desc())
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def agency(session: AsyncSession, agency_id: str) -> AgencyReplica | None:
    """Give what is known of an agency; None until its event has come."""
    return await session.get(AgencyReplica, agency_id)


async def partner(session: AsyncSession, partner_id: str) -> PartnerReplica | None:
    """Give what is known of a partner; None until its event has come."""
    return await session.get(PartnerReplica, partner_id)


async def keep_agencies(session: AsyncSession, states: Sequence[AgencyState]) -> None:
    """Keep agencies; where a newer state is kept already, that one stays."""
    rows = [
        {"id": one.id, "country": one.country, "language": one.language, "sequence": one.sequence}
        for one in states
    ]
    await write_many(session, AgencyReplica, rows, ["id"], replace=True, guard="sequence")


async def keep_partners(session: AsyncSession, states: Sequence[PartnerState]) -> None:
    """Keep partners; where a newer state is kept already, that one stays."""
    rows = [
        {"id": one.id, "kind": one.kind.value, "name": one.name, "sequence": one.sequence} for one in states
    ]
    await write_many(session, PartnerReplica, rows, ["id"], replace=True, guard="sequence")


def _documents(changes: Sequence[Change]) -> list[dict[str, Any]]:
    return [change.model_dump(mode="json") for change in changes]
