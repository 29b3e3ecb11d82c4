"""`/api/v1/claims`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request

from services.gateway import commands
from services.gateway.api.bodies import ChequeBody, ClaimStatusBody, JsonObject, NoteBody
from services.gateway.api.shapes import ClaimDetailOut, ClaimsOut
from services.gateway.api.shaping import claim_detail_out, claims_out
from services.gateway.identity.current import CurrentGateway, DeskUser
from services.gateway.queries import ClaimQuery, get_claim, list_claims
from shared.http.idempotency import IdempotencyKey

router = APIRouter(prefix="/api/v1/claims", tags=["claims"])

Text = Annotated[str | None, Query()]


@router.get("")
async def listed(
    request: Request,
    gateway: CurrentGateway,
    user: DeskUser,
    q: Text = None,
    claim_number: Text = None,
    plate: Text = None,
    client: Text = None,
    state: Text = None,
    status: Text = None,
    kind: Text = None,
    insurer: Text = None,
    garage: Text = None,
    unread: Text = None,
    event_from: Text = None,
    event_to: Text = None,
    sort: Text = None,
    page: Text = None,
) -> ClaimsOut:
    """List claims, newest change first; open ones unless `state` says otherwise. 50 a page."""
    del q, claim_number, plate, client, state, status, kind, insurer, garage, unread
    del event_from, event_to, sort, page
    query = ClaimQuery.parse(request.query_params)
    async with gateway.database.read(user.scope) as session:
        return claims_out(await list_claims(session, user.scope, query))


@router.post("", status_code=201)
async def register(
    body: JsonObject, gateway: CurrentGateway, user: DeskUser, key: IdempotencyKey = None
) -> dict[str, Any]:
    """Open a claim under a contract: `policy_number`, `kind`, `event_date` and what else is known."""
    return await commands.register_claim(gateway, user, body, idempotency_key=key)


@router.get("/{claim_number}")
async def read(claim_number: str, gateway: CurrentGateway, user: DeskUser) -> ClaimDetailOut:
    """Give one claim. Reading it marks nothing as seen."""
    async with gateway.database.read(user.scope) as session:
        return claim_detail_out(await get_claim(session, user.scope, claim_number))


@router.post("/{claim_number}/seen")
async def seen(claim_number: str, gateway: CurrentGateway, user: DeskUser) -> dict[str, Any]:
    """Note that this user has seen the claim as it is now."""
    sequence = await commands.mark_claim_seen(gateway, user, claim_number)
    return {"claim_number": claim_number, "sequence": sequence}


@router.post("/{claim_number}/status")
async def set_status(
    claim_number: str, body: ClaimStatusBody, gateway: CurrentGateway, user: DeskUser
) -> dict[str, Any]:
    """Move the claim to another status."""
    return await commands.change_claim_status(gateway, user, claim_number, body.status.value, body.note)


@router.post("/{claim_number}/parties")
async def change_parties(
    claim_number: str, body: JsonObject, gateway: CurrentGateway, user: DeskUser
) -> dict[str, Any]:
    """Assign `garage`, `appraiser`, `third_parties`, `third_party_agent`; null takes one off."""
    return await commands.change_claim_parties(gateway, user, claim_number, body)


@router.post("/{claim_number}/note")
async def note(claim_number: str, body: NoteBody, gateway: CurrentGateway, user: DeskUser) -> dict[str, Any]:
    """Write a note into the claim's history."""
    return await commands.note_claim(gateway, user, claim_number, body.note)


@router.post("/{claim_number}/cheques/{payment_reference:path}")
async def set_cheque(
    claim_number: str, payment_reference: str, body: ChequeBody, gateway: CurrentGateway, user: DeskUser
) -> dict[str, Any]:
    """Set the status of a payment's cheque. References are the insurers' and may contain slashes."""
    return await commands.change_cheque(gateway, user, claim_number, payment_reference, body.status.value)
