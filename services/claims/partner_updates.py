"""Where the partners' language ends: a well-formed message becomes one handler's call, a rule's refusal a receipt.

The order in which a partner is answered: (the kit: size, JSON, envelope, sender, repetition, schema,) `unknown_claim`,
`not_assigned`, `plate_mismatch`, stale, `illegal_transition`, accepted. What is refused uses up no sequence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, cast, get_args

from sqlalchemy.ext.asyncio import AsyncSession

from services.claims import handlers
from services.claims.domain.assignment import StaleUpdate
from services.claims.domain.claim_number import as_stored
from services.claims.repository import ClaimBook
from shared.clock import Clock
from shared.contracts.claims import ClaimState
from shared.contracts.envelope import Actor
from shared.contracts.partners import AppraisalUpdate, ClaimUpdate, ReasonCode, RepairUpdate
from shared.contracts.policy import PartnerReference
from shared.errors import DomainError
from shared.messaging.partners import PartnerMessage, Verdict

_CODES = frozenset(get_args(ReasonCode))
_FOREIGN = frozenset({"unknown_claim", "not_assigned"})
"""Refusals that must not tell anything of the claim: it may be none of this partner's business."""

Recorded = Callable[[ClaimState, datetime], Awaitable[ClaimState]]


class PartnerUpdates:
    """Takes the updates of garages, insurers and appraisers. `at` is our own clock: a partner's may be wrong."""

    def __init__(self, clock: Clock) -> None:
        """Take time from `clock`."""
        self._clock = clock

    async def preload(self, session: AsyncSession, messages: Sequence[PartnerMessage[Any]]) -> None:
        """Load the claims of a whole batch at once."""
        numbers, references = set(), set()
        for message in messages:
            if message.data.claim_number is not None:
                numbers.add(as_stored(message.data.claim_number))
            reference = (getattr(message.data, "insurer_reference", None) or "").strip()
            if reference:
                references.add((message.partner_id, reference))
        await ClaimBook.of(session).load(numbers, references)

    async def repair(self, session: AsyncSession, message: PartnerMessage[RepairUpdate]) -> Verdict:
        """Take a garage's report."""

        async def record(claim: ClaimState, at: datetime) -> ClaimState:
            return await handlers.record_repair_update(
                session,
                claim,
                message.data,
                partner_id=message.partner_id,
                actor=_actor(message, claim.garage),
                at=at,
                occurred_at=message.occurred_at,
            )

        return await self._answer(
            handlers.claim_for_update(session, message.data.claim_number), record, message
        )

    async def claim(self, session: AsyncSession, message: PartnerMessage[ClaimUpdate]) -> Verdict:
        """Take an insurer's update."""

        async def record(claim: ClaimState, at: datetime) -> ClaimState:
            return await handlers.record_claim_update(
                session,
                claim,
                message.data,
                partner_id=message.partner_id,
                actor=_actor(message, claim.insurer),
                at=at,
            )

        return await self._answer(
            handlers.claim_for_insurer(session, message.partner_id, message.data), record, message
        )

    async def appraisal(self, session: AsyncSession, message: PartnerMessage[AppraisalUpdate]) -> Verdict:
        """Take an appraiser's report."""

        async def record(claim: ClaimState, at: datetime) -> ClaimState:
            return await handlers.record_appraisal_update(
                session,
                claim,
                message.data,
                partner_id=message.partner_id,
                actor=_actor(message, claim.appraiser),
                at=at,
            )

        return await self._answer(
            handlers.claim_for_update(session, message.data.claim_number), record, message
        )

    async def _answer(
        self, found: Awaitable[ClaimState], record: Recorded, message: PartnerMessage[Any]
    ) -> Verdict:
        """Find, record, and say what became of it. What is no rule's refusal is the consumer's to retry."""
        claim: ClaimState | None = None
        try:
            claim = await found
            kept = await record(claim, self._clock.now())
        except StaleUpdate as stale:
            return Verdict.stale(stale.sequence, claim_number=claim.claim_number if claim else None)
        except DomainError as error:
            if error.code not in _CODES:
                raise
            known = claim if error.code not in _FOREIGN else None
            return Verdict.rejected(
                cast("ReasonCode", error.code),
                error.detail,
                error.field,
                sequence=known.sequence if known else None,
                claim_number=known.claim_number if known else message.data.claim_number,
            )
        return Verdict.accepted(kept.sequence, claim_number=kept.claim_number)


def _actor(message: PartnerMessage[Any], party: PartnerReference | None) -> Actor:
    """The partner as the claim names it: people know the garage, not its id."""
    return message.actor(party.name if party is not None else "")
