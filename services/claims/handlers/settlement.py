"""An insurer's word on a claim."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.claims.domain import assignment, settlement, status
from services.claims.publishing import publish_change
from services.claims.repository import ClaimBook
from shared.contracts.claims import ClaimState
from shared.contracts.envelope import Actor
from shared.contracts.partners import ClaimUpdate
from shared.contracts.topics import CLAIM_UPDATES


async def record_claim_update(
    session: AsyncSession,
    claim: ClaimState,
    update: ClaimUpdate,
    *,
    partner_id: str,
    actor: Actor,
    at: datetime,
) -> ClaimState:
    """Apply the update; raises, in this order, `not_assigned`, `StaleUpdate`, `illegal_transition` or `too_large`.

    A closed claim still takes payments and cheques (they clear after the closing); only its status needs reopening.
    An insurer's reference that was not known yet is stored: the caller has checked that it is free.
    """
    book = ClaimBook.of(session)
    assignment.require_assigned(claim.insurer, partner_id, "insurer")
    assignment.require_news(claim, update.sequence, book.position(claim, partner_id, CLAIM_UPDATES))
    kept = publish_change(session, claim, _applied(claim, update, at), actor=actor, at=at)
    book.move(kept, partner_id, CLAIM_UPDATES, update.sequence)
    return kept


def _applied(claim: ClaimState, update: ClaimUpdate, at: datetime) -> ClaimState:
    changed: dict[str, Any] = {}
    if update.status is not None and status.moved(claim.status, update.status) is not claim.status:
        changed["status"] = update.status
    following = settlement.updated(claim.settlement, update, at=at)
    if following is not claim.settlement:
        changed["settlement"] = following
    reference = (update.insurer_reference or "").strip()
    if reference and not claim.insurer_reference:
        changed["insurer_reference"] = reference
    return claim.model_copy(update=changed) if changed else claim
