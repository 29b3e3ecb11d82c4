"""What people at the desk do with a claim: status, parties, notes, cheques."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.claims.domain import parties, settlement, status
from services.claims.domain.parties import ChangeParties
from services.claims.handlers.registration import require_free_reference
from services.claims.publishing import publish_change
from shared.contracts.claims import ClaimState
from shared.contracts.codes import ChequeStatus, ClaimStatus
from shared.contracts.envelope import Actor


async def set_status(
    session: AsyncSession,
    claim: ClaimState,
    following: ClaimStatus,
    *,
    actor: Actor,
    at: datetime,
    note: str = "",
) -> ClaimState:
    """Move the claim; raises `illegal_transition`."""
    moved = status.moved(claim.status, following)
    new = claim if moved is claim.status else claim.model_copy(update={"status": moved})
    return publish_change(session, claim, new, actor=actor, at=at, note=note.strip())


async def change_parties(
    session: AsyncSession, claim: ClaimState, command: ChangeParties, *, actor: Actor, at: datetime
) -> ClaimState:
    """Assign or take off garage, appraiser, third parties, their agent; raises `insurer_reference_taken`."""
    new = parties.changed(claim, command, at=at)
    await require_free_reference(session, new)
    return publish_change(session, claim, new, actor=actor, at=at)


async def add_note(
    session: AsyncSession, claim: ClaimState, note: str, *, actor: Actor, at: datetime
) -> ClaimState:
    """Write a note into the claim's history."""
    return publish_change(session, claim, claim, actor=actor, at=at, note=note.strip())


async def set_cheque_status(
    session: AsyncSession,
    claim: ClaimState,
    payment_reference: str,
    following: ChequeStatus,
    *,
    actor: Actor,
    at: datetime,
) -> ClaimState:
    """Set the status of a payment's cheque; raises `unknown_cheque`, `illegal_transition`."""
    new = settlement.with_cheque_status(claim.settlement, payment_reference, following, at=at)
    changed = claim if new is claim.settlement else claim.model_copy(update={"settlement": new})
    return publish_change(session, claim, changed, actor=actor, at=at)
