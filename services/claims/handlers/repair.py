"""A garage's report."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.claims.domain import assignment, repair
from services.claims.publishing import publish_change
from services.claims.repository import ClaimBook
from shared.contracts.claims import ClaimState
from shared.contracts.envelope import Actor
from shared.contracts.partners import RepairUpdate
from shared.contracts.topics import REPAIR_UPDATES


async def record_repair_update(
    session: AsyncSession,
    claim: ClaimState,
    update: RepairUpdate,
    *,
    partner_id: str,
    actor: Actor,
    at: datetime,
    occurred_at: datetime | None = None,
) -> ClaimState:
    """Apply the report; raises, in this order, `not_assigned`, `plate_mismatch`, `StaleUpdate`, `illegal_transition`."""
    book = ClaimBook.of(session)
    assignment.require_assigned(claim.garage, partner_id, "garage")
    assignment.require_plate(claim, update.plate)
    assignment.require_news(claim, update.sequence, book.position(claim, partner_id, REPAIR_UPDATES))
    assignment.require_open(claim, "phase")
    progressed = repair.progressed(
        claim.repair, update, at=at, occurred_at=occurred_at or update.occurred_at or at
    )
    new = claim if progressed is claim.repair else claim.model_copy(update={"repair": progressed})
    kept = publish_change(session, claim, new, actor=actor, at=at)
    book.move(kept, partner_id, REPAIR_UPDATES, update.sequence)
    return kept
