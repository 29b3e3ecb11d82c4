"""Clients over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.policy.api.frame import CallerScope, CurrentFrame, agency_of
from services.policy.domain.clients import (
    ClientCorrection,
    ClientRegistration,
    Command,
    ContactCorrection,
    Detail,
)
from services.policy.handlers import clients
from shared.http.commands import Answer, actor_of, answer
from shared.http.idempotency import IdempotencyKey, Repeatable

router = APIRouter(prefix="/clients", tags=["clients"])


class NewClient(ClientRegistration):
    """A registration; `agency_id` may be left out by a caller of one agency."""

    agency_id: str | None = None


class ConfirmedDetails(Command):
    """What the client has just confirmed."""

    details: Annotated[frozenset[Detail], Field(min_length=1)]


@router.post("", status_code=201)
async def register(
    body: NewClient, scope: CallerScope, frame: CurrentFrame, request: Request, key: IdempotencyKey = None
) -> Answer:
    """Take a new client in."""

    async def work(session: AsyncSession, at: datetime) -> BaseModel:
        return await clients.register_client(
            session,
            scope=scope,
            actor=actor_of(scope),
            at=at,
            cipher=frame.cipher,
            agency_id=agency_of(scope, body.agency_id),
            registration=body,
        )

    secret = request.app.state.settings.secret
    return await frame.run_once(Repeatable.of(scope, "register-client", key, body, secret), work)


@router.get("/{client_id}")
async def read(client_id: str, scope: CallerScope, frame: CurrentFrame) -> Answer:
    """Give a client."""
    async with frame.database.read(scope) as session:
        return answer(await clients.read_client(session, scope=scope, client_id=client_id))


@router.get("/{client_id}/history")
async def history(
    client_id: str,
    scope: CallerScope,
    frame: CurrentFrame,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Answer:
    """Give a client's newest changes first."""
    async with frame.database.read(scope) as session:
        rows = await clients.read_client_history(session, scope=scope, client_id=client_id, limit=limit)
    items = [
        {
            "sequence": row.sequence,
            "happening": row.happening,
            "changes": row.changes,
            "actor": row.actor,
            "at": row.at,
        }
        for row in rows
    ]
    return answer({"items": items})


@router.post("/{client_id}/confirm-contact")
async def confirm_contact(
    client_id: str, body: ConfirmedDetails, scope: CallerScope, frame: CurrentFrame
) -> Answer:
    """Note that the client confirmed these details just now."""

    async def work(session: AsyncSession, at: datetime) -> BaseModel:
        return await clients.confirm_contact(
            session, scope=scope, actor=actor_of(scope), at=at, client_id=client_id, details=body.details
        )

    return await frame.run(scope, work)


@router.post("/{client_id}/contact")
async def correct_contact(
    client_id: str, body: ContactCorrection, scope: CallerScope, frame: CurrentFrame
) -> Answer:
    """Correct contact details; the corrected ones count as confirmed."""

    async def work(session: AsyncSession, at: datetime) -> BaseModel:
        return await clients.correct_contact(
            session, scope=scope, actor=actor_of(scope), at=at, client_id=client_id, correction=body
        )

    return await frame.run(scope, work)


@router.post("/{client_id}/particulars")
async def correct_particulars(
    client_id: str, body: ClientCorrection, scope: CallerScope, frame: CurrentFrame
) -> Answer:
    """Correct names, birth, language or identity number."""

    async def work(session: AsyncSession, at: datetime) -> BaseModel:
        return await clients.correct_client(
            session,
            scope=scope,
            actor=actor_of(scope),
            at=at,
            cipher=frame.cipher,
            client_id=client_id,
            correction=body,
        )

    return await frame.run(scope, work)


@router.get("/{client_id}/identity-number")
async def reveal_identity_number(
    client_id: str, scope: CallerScope, frame: CurrentFrame, response: Response
) -> Answer:
    """Give the full identity number; each look is kept in the client's history."""
    response.headers["Cache-Control"] = "no-store"
    async with frame.database.write(scope) as session:
        number = await clients.reveal_identity_number(
            session,
            scope=scope,
            actor=actor_of(scope),
            at=frame.clock.now(),
            client_id=client_id,
            cipher=frame.cipher,
        )
    return answer({"identity_number": number})
