"""Registering a claim."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.claims import repository
from services.claims.domain.claim_number import claim_number
from services.claims.domain.registration import RegisterClaim, registered
from services.claims.publishing import publish_change
from services.claims.repository import ClaimBook
from shared.contracts.claims import ClaimState
from shared.contracts.envelope import Actor
from shared.contracts.policy import ClientState, ContractState
from shared.errors import Conflict
from shared.identifiers import new_id


async def register_claim(
    session: AsyncSession,
    command: RegisterClaim,
    *,
    contract: ContractState,
    actor: Actor,
    at: datetime,
    client: ClientState | None = None,
) -> ClaimState:
    """Open a claim under the contract, with the next number of the year in which it is registered (UTC).

    Without `client` the service's own copy is asked. Raises `event_in_future`, `insurer_reference_taken`.
    """
    number = claim_number(at.year, await repository.next_in_series(session, at.year))
    claim = registered(
        command,
        claim_id=new_id(),
        claim_number=number,
        contract=contract,
        client=client or await repository.client_of(session, contract),
        at=at,
    )
    await require_free_reference(session, claim)
    return publish_change(session, None, claim, actor=actor, at=at)


async def require_free_reference(session: AsyncSession, claim: ClaimState) -> None:
    """Refuse an insurer's reference that names another claim of that insurer: its updates would go astray.

    The other claim may be another agency's, so nothing is said of it.
    """
    if not claim.insurer_reference or not claim.insurer.partner_id:
        return
    other = await ClaimBook.of(session).by_reference(claim.insurer.partner_id, claim.insurer_reference)
    if other is not None and other.id != claim.id:
        raise Conflict(
            "insurer_reference_taken",
            "the insurer uses this reference for another claim",
            "insurer_reference",
        )
