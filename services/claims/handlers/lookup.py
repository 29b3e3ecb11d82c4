"""Finding what a command or a message names, or saying that it cannot be found."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.claims import repository
from services.claims.domain.assignment import require_assigned
from services.claims.domain.claim_number import as_stored
from services.claims.repository import ClaimBook
from shared.contracts.claims import ClaimState
from shared.contracts.partners import ClaimUpdate
from shared.contracts.policy import ContractState
from shared.db.tenancy import Scope
from shared.errors import Conflict, NotFound

_UNKNOWN = "unknown_claim"


async def claim_in_scope(session: AsyncSession, scope: Scope, claim_number: str) -> ClaimState:
    """Find a claim for the desk, in a write session; another agency's is as unknown as none."""
    number = as_stored(claim_number)
    claim = await repository.find_claim(session, scope, number)
    if claim is not None:
        claim = await ClaimBook.of(session).by_number(number)
    if claim is None:
        raise NotFound(_UNKNOWN, "there is no such claim")
    return claim


async def claim_with_history(
    session: AsyncSession, scope: Scope, claim_number: str, limit: int
) -> tuple[ClaimState, list[dict[str, Any]]]:
    """Read a claim of the desk and its newest changes, newest first."""
    claim = await repository.find_claim(session, scope, as_stored(claim_number))
    if claim is None:
        raise NotFound(_UNKNOWN, "there is no such claim")
    return claim, await repository.history_of(session, claim, limit)


async def claim_for_update(session: AsyncSession, claim_number: str) -> ClaimState:
    """Find the claim that a partner names; whether it may touch it is checked next."""
    claim = await ClaimBook.of(session).by_number(as_stored(claim_number))
    if claim is None:
        raise NotFound(_UNKNOWN, "there is no claim with this number", "claim_number")
    return claim


async def claim_for_insurer(session: AsyncSession, partner_id: str, update: ClaimUpdate) -> ClaimState:
    """Find the claim that an insurer names by our number, by its own reference, or by both, which must agree.

    A reference is only looked for within that insurer. Raises `unknown_claim`, `not_assigned`.
    """
    book = ClaimBook.of(session)
    reference = (update.insurer_reference or "").strip()
    same = await book.by_reference(partner_id, reference) if reference else None
    if update.claim_number is None:
        if same is None:
            raise NotFound(_UNKNOWN, "this insurer has no claim with this reference", "insurer_reference")
        return same
    claim = await claim_for_update(session, update.claim_number)
    require_assigned(claim.insurer, partner_id, "insurer")
    if not reference:
        return claim
    if (same is not None and same.id != claim.id) or claim.insurer_reference not in {"", reference}:
        raise NotFound(
            _UNKNOWN, "claim number and insurer's reference name different claims", "insurer_reference"
        )
    return claim


async def contract_in_scope(
    session: AsyncSession, scope: Scope, policy_number: str, agency_id: str | None = None
) -> ContractState:
    """Find the contract of a new claim in the caller's agencies. Raises `unknown_policy`, `ambiguous_policy`."""
    found = await repository.contracts_numbered(session, scope, policy_number.strip())
    if agency_id is not None:
        found = [contract for contract in found if contract.agency_id == agency_id]
    if not found:
        raise NotFound("unknown_policy", "there is no contract with this number", "policy_number")
    if len(found) > 1:
        raise Conflict("ambiguous_policy", "two agencies have this number: name the agency", "agency_id")
    return found[0]
