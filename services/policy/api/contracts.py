"""Contracts over HTTP. `agency_id` is needed only where two agencies of the caller use the same number."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.policy.api.frame import CallerScope, CurrentFrame, agency_of
from services.policy.domain.clients import Command
from services.policy.domain.contracts import ContractAmendment, ContractRegistration
from services.policy.handlers import contracts
from shared.contracts.codes import ContractStatus
from shared.http.commands import Answer, actor_of, answer
from shared.http.idempotency import IdempotencyKey, Repeatable

router = APIRouter(prefix="/contracts", tags=["contracts"])


AgencyId = Annotated[str | None, Query(max_length=36, pattern=r"^[^\x00-\x1f]+$")]


class NewContract(ContractRegistration):
    """A registration; `agency_id` may be left out by a caller of one agency."""

    agency_id: str | None = None


class NewStatus(Command):
    """One step of the contract's life."""

    status: ContractStatus
    reason: Annotated[str, Field(max_length=1000)] = ""


@router.post("", status_code=201)
async def register(
    body: NewContract, scope: CallerScope, frame: CurrentFrame, request: Request, key: IdempotencyKey = None
) -> Answer:
    """Take a new contract in."""

    async def work(session: AsyncSession, at: datetime) -> BaseModel:
        return await contracts.register_contract(
            session,
            scope=scope,
            actor=actor_of(scope),
            at=at,
            agency_id=agency_of(scope, body.agency_id),
            registration=body,
        )

    secret = request.app.state.settings.secret
    return await frame.run_once(Repeatable.of(scope, "register-contract", key, body, secret), work)


@router.get("/{policy_number}")
async def read(
    policy_number: str, scope: CallerScope, frame: CurrentFrame, agency_id: AgencyId = None
) -> Answer:
    """Give a contract in its current version."""
    async with frame.database.read(scope) as session:
        return answer(
            await contracts.read_contract(
                session, scope=scope, policy_number=policy_number, agency_id=agency_id
            )
        )


@router.get("/{policy_number}/history")
async def history(
    policy_number: str,
    scope: CallerScope,
    frame: CurrentFrame,
    agency_id: AgencyId = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Answer:
    """Give a contract's newest changes first."""
    async with frame.database.read(scope) as session:
        rows = await contracts.read_contract_history(
            session, scope=scope, policy_number=policy_number, limit=limit, agency_id=agency_id
        )
    items = [
        {
            "sequence": row.sequence,
            "version": row.version,
            "happening": row.happening,
            "changes": row.changes,
            "actor": row.actor,
            "at": row.at,
        }
        for row in rows
    ]
    return answer({"items": items})


@router.post("/{policy_number}/status")
async def change_status(
    policy_number: str, body: NewStatus, scope: CallerScope, frame: CurrentFrame, agency_id: AgencyId = None
) -> Answer:
    """Take one legal step of the contract's life."""

    async def work(session: AsyncSession, at: datetime) -> BaseModel:
        return await contracts.change_contract_status(
            session,
            scope=scope,
            actor=actor_of(scope),
            at=at,
            policy_number=policy_number,
            status=body.status,
            reason=body.reason,
            agency_id=agency_id,
        )

    return await frame.run(scope, work)


@router.post("/{policy_number}/amendments", status_code=201)
async def amend(
    policy_number: str,
    body: ContractAmendment,
    scope: CallerScope,
    frame: CurrentFrame,
    request: Request,
    agency_id: AgencyId = None,
    key: IdempotencyKey = None,
) -> Answer:
    """Change the conditions: a new version."""

    async def work(session: AsyncSession, at: datetime) -> BaseModel:
        return await contracts.amend_contract(
            session,
            scope=scope,
            actor=actor_of(scope),
            at=at,
            policy_number=policy_number,
            amendment=body,
            agency_id=agency_id,
        )

    operation = f"amend-contract:{policy_number}"[:100]
    secret = request.app.state.settings.secret
    return await frame.run_once(Repeatable.of(scope, operation, key, body, secret), work)
