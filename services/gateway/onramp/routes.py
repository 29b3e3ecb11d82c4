"""`/partners/v1`: the on-ramp of partners without Kafka (interface.md, "Partner on-ramp")."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from sqlalchemy import or_, select
from starlette.requests import Request
from starlette.responses import JSONResponse

from services.gateway.commands.files import send_file
from services.gateway.identity.current import CurrentGateway
from services.gateway.models import ClaimView
from services.gateway.onramp.identity import CallingPartner
from services.gateway.onramp.messages import (
    accept_message,
    check_kind,
    check_message,
    find_receipt,
    too_large,
)
from shared.contracts.partners import MAX_MESSAGE_BYTES, UPDATE_MODELS, UPDATE_TYPES
from shared.db.tenancy import EVERY_AGENCY, NO_AGENCY, Scope
from shared.errors import NotFound

router = APIRouter(prefix="/partners/v1", tags=["partners"])


def _description(kind: str) -> dict[str, Any]:
    """Describe the body by its contract, which the route checks itself, to answer with a receipt's reasons."""
    data = UPDATE_MODELS[kind].model_json_schema(ref_template=f"#/components/schemas/{kind}-{{model}}")
    data.pop("$defs", None)
    schema = {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string"},
            "source": {"type": "string", "description": "urn:dossier:partner:<partner id>"},
            "type": {"const": UPDATE_TYPES[kind]},
            "time": {"type": "string", "format": "date-time"},
            "data": {"type": "object", "description": f"See the AsyncAPI document: {data['title']}."},
        },
    }
    return {
        "requestBody": {"required": True, "content": {"application/cloudevents+json": {"schema": schema}}}
    }


def _endpoint(kind: str) -> Callable[..., Awaitable[JSONResponse]]:
    async def take(request: Request, gateway: CurrentGateway, partner: CallingPartner) -> JSONResponse:
        check_kind(partner, kind)
        body = await _read(request)
        now = gateway.clock.now()
        message_id, key = check_message(partner, kind, body, now)
        async with gateway.database.write(NO_AGENCY) as session:
            await accept_message(session, partner, kind, message_id, key, body, now)
        return JSONResponse({"message_id": message_id}, status_code=202)

    take.__name__ = f"take_{kind.replace('-', '_')}"
    take.__doc__ = (
        f"Take one of the partner's {kind} in: 202 once it is durable; the receipt tells what became of it."
    )
    return take


for _kind in UPDATE_MODELS:
    router.post(f"/{_kind}", status_code=202, openapi_extra=_description(_kind))(_endpoint(_kind))


@router.get("/receipts/{message_id:path}")
async def receipt(message_id: str, gateway: CurrentGateway, partner: CallingPartner) -> JSONResponse:
    """Give what became of a message: 200 with its receipt, 202 `pending` while it has none, 404 if it never came."""
    async with gateway.database.read(NO_AGENCY) as session:
        found = await find_receipt(session, partner, message_id)
    if found is None:
        pending = {"message_id": message_id, "outcome": None, "status": "pending"}
        return JSONResponse(pending, status_code=202, headers={"Retry-After": "1"})
    return JSONResponse(found)


@router.post("/claims/{claim_number}/files", status_code=201)
async def upload(
    claim_number: str,
    file: Annotated[UploadFile, File()],
    gateway: CurrentGateway,
    partner: CallingPartner,
    type: Annotated[str | None, Form()] = None,
) -> dict[str, Any]:
    """Add a photo, invoice or report to a claim that this partner works on; 404 for any other."""
    async with gateway.database.read(EVERY_AGENCY) as session:
        claim = (
            await session.execute(
                select(ClaimView.agency_id, ClaimView.client_id).where(
                    ClaimView.claim_number == claim_number,
                    or_(
                        ClaimView.insurer == partner.id,
                        ClaimView.garage == partner.id,
                        ClaimView.appraiser == partner.id,
                    ),
                )
            )
        ).first()
    if claim is None:
        raise NotFound("claim_not_found", "There is no such claim of this partner.")
    scope = Scope(
        user_id=partner.id,
        role="partner",
        agency_ids=(claim.agency_id,),
        name=partner.name,
        partner_id=partner.id,
    )
    binding = {"agency_id": claim.agency_id, "client_id": claim.client_id, "claim_number": claim_number}
    found = await send_file(gateway, scope, binding, file, type)
    return {name: found[name] for name in ("id", "name", "type", "content_type", "size")}


async def _read(request: Request) -> bytes:
    """Read the body up to the limit of a message, whatever its length claims to be."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > MAX_MESSAGE_BYTES:
        raise too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_MESSAGE_BYTES:
            raise too_large()
    return bytes(body)
