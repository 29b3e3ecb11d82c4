"""`/api/v1/clients` and `/api/v1/contracts`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request

from services.gateway import commands
from services.gateway.api.bodies import ConfirmContactBody, JsonObject
from services.gateway.api.shapes import ClientDetailOut, ClientsOut, ContractDetailOut
from services.gateway.api.shaping import client_detail_out, clients_out, contract_detail_out
from services.gateway.identity.current import CurrentGateway, DeskUser
from services.gateway.queries import ClientQuery, get_client, get_contract, list_clients

router = APIRouter(prefix="/api/v1", tags=["clients"])

Text = Annotated[str | None, Query()]


@router.get("/clients")
async def listed(
    request: Request,
    gateway: CurrentGateway,
    user: DeskUser,
    q: Text = None,
    sort: Text = None,
    page: Text = None,
) -> ClientsOut:
    """List clients by name; `q` finds by anything. 50 a page."""
    del q, sort, page
    query = ClientQuery.parse(request.query_params)
    async with gateway.database.read(user.scope) as session:
        return clients_out(await list_clients(session, user.scope, query))


@router.get("/clients/{client_id}")
async def read(client_id: str, gateway: CurrentGateway, user: DeskUser) -> ClientDetailOut:
    """Give the aggregated client page."""
    async with gateway.database.read(user.scope) as session:
        return client_detail_out(await get_client(session, user.scope, client_id))


@router.post("/clients/{client_id}/confirm-contact")
async def confirm_contact(
    client_id: str, body: ConfirmContactBody, gateway: CurrentGateway, user: DeskUser
) -> dict[str, Any]:
    """Note that the client confirmed these details just now."""
    return await commands.confirm_contact(gateway, user, client_id, body.details)


@router.post("/clients/{client_id}/contact")
async def correct_contact(
    client_id: str, body: JsonObject, gateway: CurrentGateway, user: DeskUser
) -> dict[str, Any]:
    """Correct `email`, `phone` or `address`; what is corrected counts as confirmed."""
    return await commands.correct_contact(gateway, user, client_id, body)


@router.get("/contracts/{policy_number:path}")
async def read_contract(policy_number: str, gateway: CurrentGateway, user: DeskUser) -> ContractDetailOut:
    """Give a contract with its client, claims, files and events."""
    async with gateway.database.read(user.scope) as session:
        return contract_detail_out(await get_contract(session, user.scope, policy_number))
