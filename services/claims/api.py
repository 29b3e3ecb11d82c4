"""Claims over HTTP, for the gateway: parse, call one handler, answer `{"result", "events"}`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.claims import handlers
from services.claims.domain.parties import ChangeParties
from services.claims.domain.registration import Command, RegisterClaim
from services.claims.settings import ClaimsSettings
from shared.contracts.claims import ClaimState
from shared.contracts.codes import ChequeStatus, ClaimStatus
from shared.contracts.envelope import Actor
from shared.db.tenancy import Scope
from shared.http.commands import Answer, Commands, actor_of
from shared.http.idempotency import IdempotencyKey, Repeatable
from shared.http.tokens import internal_scope


class NewStatus(Command):
    """One step of the claim."""

    status: ClaimStatus
    note: str = ""


class NewNote(Command):
    """A note for the claim's history."""

    note: Annotated[str, Field(min_length=1, pattern=r"\S")]


class NewChequeStatus(Command):
    """One step of a cheque."""

    status: ChequeStatus


@dataclass(frozen=True, slots=True)
class Desk(Commands):
    """Who asks, and what he works with."""

    scope: Scope
    settings: ClaimsSettings

    @property
    def actor(self) -> Actor:
        """The caller as the author of a change."""
        return actor_of(self.scope)

    async def change(
        self, claim_number: str, work: Callable[[AsyncSession, ClaimState, datetime], Awaitable[ClaimState]]
    ) -> Answer:
        """Run one handler on a claim of the caller's agencies in one transaction."""

        async def on_the_claim(session: AsyncSession, at: datetime) -> ClaimState:
            return await work(session, await handlers.claim_in_scope(session, self.scope, claim_number), at)

        return await self.run(self.scope, on_the_claim)


def _desk(request: Request, scope: Annotated[Scope, Depends(internal_scope("claims"))]) -> Desk:
    state = request.app.state
    return Desk(state.database, state.clock, scope, state.settings)


AtDesk = Annotated[Desk, Depends(_desk)]
router = APIRouter(prefix="/claims", tags=["claims"])


@router.post("", status_code=201)
async def register(body: RegisterClaim, desk: AtDesk, key: IdempotencyKey = None) -> Answer:
    """Open a claim under a contract of the agency and give it its number."""

    async def work(session: AsyncSession, at: datetime) -> ClaimState:
        contract = await handlers.contract_in_scope(session, desk.scope, body.policy_number, body.agency_id)
        return await handlers.register_claim(session, body, contract=contract, actor=desk.actor, at=at)

    repeatable = Repeatable.of(desk.scope, "register-claim", key, body, desk.settings.secret)
    return await desk.run_once(repeatable, work)


@router.get("/{claim_number}")
async def read(claim_number: str, desk: AtDesk) -> dict[str, Any]:
    """Give a claim with its newest changes, newest first."""
    async with desk.database.read(desk.scope) as session:
        claim, history = await handlers.claim_with_history(
            session, desk.scope, claim_number, desk.settings.claims_history_limit
        )
    return {"result": claim.model_dump(mode="json"), "history": history}


@router.post("/{claim_number}/status")
async def set_status(claim_number: str, body: NewStatus, desk: AtDesk) -> Answer:
    """Move the claim to another status."""

    async def work(session: AsyncSession, claim: ClaimState, at: datetime) -> ClaimState:
        return await handlers.set_status(session, claim, body.status, actor=desk.actor, at=at, note=body.note)

    return await desk.change(claim_number, work)


@router.post("/{claim_number}/parties")
async def change_parties(claim_number: str, body: ChangeParties, desk: AtDesk) -> Answer:
    """Assign or take off garage, appraiser, third parties and their agent."""

    async def work(session: AsyncSession, claim: ClaimState, at: datetime) -> ClaimState:
        return await handlers.change_parties(session, claim, body, actor=desk.actor, at=at)

    return await desk.change(claim_number, work)


@router.post("/{claim_number}/note")
async def add_note(claim_number: str, body: NewNote, desk: AtDesk) -> Answer:
    """Write a note into the claim's history."""

    async def work(session: AsyncSession, claim: ClaimState, at: datetime) -> ClaimState:
        return await handlers.add_note(session, claim, body.note, actor=desk.actor, at=at)

    return await desk.change(claim_number, work)


@router.post("/{claim_number}/cheques/{payment_reference:path}")
async def set_cheque_status(
    claim_number: str, payment_reference: str, body: NewChequeStatus, desk: AtDesk
) -> Answer:
    """Set the status of a payment's cheque; references are the insurers' and may contain slashes."""

    async def work(session: AsyncSession, claim: ClaimState, at: datetime) -> ClaimState:
        return await handlers.set_cheque_status(
            session, claim, payment_reference, body.status, actor=desk.actor, at=at
        )

    return await desk.change(claim_number, work)
