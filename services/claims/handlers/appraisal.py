"""An appraiser's report."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.claims.domain import appraisal, assignment
from services.claims.publishing import publish_change
from services.claims.repository import ClaimBook
from shared.contracts.claims import ClaimState
from shared.contracts.envelope import Actor
from shared.contracts.partners import AppraisalUpdate
from shared.contracts.topics import APPRAISAL_UPDATES


async def record_appraisal_update(
    session: AsyncSession,
    claim: ClaimState,
    update: AppraisalUpdate,
    *,
    partner_id: str,
    actor: Actor,
    at: datetime,
) -> ClaimState:
    """Apply the report; raises, in this order, `not_assigned`, `StaleUpdate`, `illegal_transition` or `schema`."""
    book = ClaimBook.of(session)
    assignment.require_assigned(claim.appraiser, partner_id, "appraiser")
    assignment.require_news(claim, update.sequence, book.position(claim, partner_id, APPRAISAL_UPDATES))
    assignment.require_open(claim, "status")
    progressed = appraisal.progressed(claim.appraisal, update, at=at)
    new = claim if progressed is claim.appraisal else claim.model_copy(update={"appraisal": progressed})
    kept = publish_change(session, claim, new, actor=actor, at=at)
    book.move(kept, partner_id, APPRAISAL_UPDATES, update.sequence)
    return kept
