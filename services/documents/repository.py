"""All SQL of the documents service. Every query that a person causes is limited to the agencies of his scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.documents.domain.bindings import Binding, Known
from services.documents.models import (
    ClaimReplica,
    ClientReplica,
    ContractReplica,
    DocumentHistoryRow,
    DocumentRow,
    PendingObject,
)
from shared.contracts.claims import ClaimState
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import Actor, Change
from shared.contracts.policy import ClientState, ContractState
from shared.db.tenancy import Scope, within
from shared.db.together import write_at_commit
from shared.identifiers import new_id


async def document_row(
    session: AsyncSession, document_id: str, scope: Scope, *, for_update: bool = False
) -> DocumentRow | None:
    """Give a file of the scope's agencies; `for_update` waits for a change that is under way."""
    if "\0" in document_id:
        return None  # PostgreSQL refuses to compare with it
    query = select(DocumentRow).where(DocumentRow.id == document_id, within(DocumentRow.agency_id, scope))
    return (await session.scalars(query.with_for_update() if for_update else query)).one_or_none()


async def document_rows(
    session: AsyncSession,
    scope: Scope,
    *,
    claim_number: str | None,
    policy_number: str | None,
    client_id: str | None,
    include_removed: bool,
    limit: int,
) -> Sequence[DocumentRow]:
    """Give the files bound to all of what is named, newest first."""
    query = select(DocumentRow).where(within(DocumentRow.agency_id, scope))
    for column, value in (
        (DocumentRow.claim_number, claim_number),
        (DocumentRow.policy_number, policy_number),
        (DocumentRow.client_id, client_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if not include_removed:
        query = query.where(DocumentRow.removed.is_(False))
    return (await session.scalars(query.order_by(DocumentRow.id.desc()).limit(limit))).all()


async def files_of(session: AsyncSession, binding: Binding) -> int:
    """Count the files of what a new one is bound to most closely."""
    if binding.claim_number is not None:
        closest = DocumentRow.claim_number == binding.claim_number
    elif binding.policy_number is not None:
        closest = DocumentRow.policy_number == binding.policy_number
    else:
        closest = DocumentRow.client_id == binding.client_id
    query = select(func.count()).where(DocumentRow.agency_id == binding.agency_id, closest)
    return (await session.scalars(query)).one()


def add_document(session: AsyncSession, state: DocumentState, object_key: str) -> None:
    """Insert a new file."""
    session.add(
        DocumentRow(
            id=state.id,
            agency_id=state.agency_id,
            object_key=object_key,
            client_id=state.client_id,
            claim_number=state.claim_number,
            policy_number=state.policy_number,
            removed=state.removed,
            sequence=state.sequence,
            state=state.model_dump(mode="json"),
            uploaded_at=state.uploaded_at,
        )
    )


def document_state(row: DocumentRow) -> DocumentState:
    """Read the state of a row."""
    return DocumentState.model_validate(row.state)


def save_document(row: DocumentRow, state: DocumentState) -> None:
    """Replace the state of a row."""
    row.state = state.model_dump(mode="json")
    row.removed = state.removed
    row.sequence = state.sequence


def add_history(
    session: AsyncSession,
    state: DocumentState,
    happening: str,
    changes: Sequence[Change],
    actor: Actor,
    at: datetime,
) -> None:
    """Append to a file's history."""
    session.add(
        DocumentHistoryRow(
            id=new_id(),
            agency_id=state.agency_id,
            document_id=state.id,
            sequence=state.sequence,
            happening=happening,
            changes=[change.model_dump(mode="json") for change in changes],
            actor=actor.model_dump(mode="json"),
            at=at,
        )
    )


def add_pending(session: AsyncSession, object_key: str, at: datetime) -> None:
    """Note an object before it is stored."""
    session.add(PendingObject(object_key=object_key, begun_at=at))


async def forget_pending(session: AsyncSession, object_key: str) -> bool:
    """Forget an object that is settled or gone; tells whether it was still noted."""
    statement = delete(PendingObject).where(PendingObject.object_key == object_key)
    return bool((await session.execute(statement.returning(PendingObject.object_key))).all())


async def pending_before(session: AsyncSession, instant: datetime, limit: int) -> Sequence[str]:
    """Give the objects that have been under way since before `instant`."""
    query = select(PendingObject.object_key).where(PendingObject.begun_at < instant)
    return (await session.scalars(query.order_by(PendingObject.begun_at).limit(limit))).all()


async def known_claim(session: AsyncSession, claim_number: str) -> Known | None:
    """Give what is known of a claim; its number is unique in the installation."""
    row = (
        await session.scalars(select(ClaimReplica).where(ClaimReplica.claim_number == claim_number))
    ).one_or_none()
    if row is None:
        return None
    return Known(row.agency_id, row.client_id, row.policy_number, frozenset(row.partner_ids))


async def known_contract(session: AsyncSession, agency_id: str, policy_number: str) -> Known | None:
    """Give what is known of a contract; its number is unique in its agency."""
    row = (
        await session.scalars(
            select(ContractReplica).where(
                ContractReplica.agency_id == agency_id, ContractReplica.policy_number == policy_number
            )
        )
    ).one_or_none()
    return None if row is None else Known(row.agency_id, row.client_id, row.policy_number)


async def agency_of_client(session: AsyncSession, client_id: str) -> str | None:
    """Give the agency that a client is known to be with."""
    return (
        await session.scalars(select(ClientReplica.agency_id).where(ClientReplica.id == client_id))
    ).one_or_none()


async def keep_claims(session: AsyncSession, states: Sequence[ClaimState]) -> None:
    """Keep claims; where a newer state is kept already, that one stays."""
    rows = [
        {
            "id": one.id,
            "claim_number": one.claim_number,
            "agency_id": one.agency_id,
            "client_id": one.client_id,
            "policy_number": one.policy_number,
            "partner_ids": sorted(
                {
                    firm.partner_id
                    for firm in (one.insurer, one.garage, one.appraiser)
                    if firm and firm.partner_id
                }
            ),
            "sequence": one.sequence,
        }
        for one in states
    ]
    await write_at_commit(session, ClaimReplica, rows, ["id"], replace=True, guard="sequence")


async def keep_contracts(session: AsyncSession, states: Sequence[ContractState]) -> None:
    """Keep contracts; where a newer state is kept already, that one stays."""
    rows = [
        {
            "id": one.id,
            "agency_id": one.agency_id,
            "policy_number": one.policy_number,
            "client_id": one.client_id,
            "sequence": one.sequence,
        }
        for one in states
    ]
    await write_at_commit(session, ContractReplica, rows, ["id"], replace=True, guard="sequence")


async def keep_clients(session: AsyncSession, states: Sequence[ClientState]) -> None:
    """Keep clients; where a newer state is kept already, that one stays."""
    rows = [{"id": one.id, "agency_id": one.agency_id, "sequence": one.sequence} for one in states]
    await write_at_commit(session, ClientReplica, rows, ["id"], replace=True, guard="sequence")
