"""Clients and the client: contact details to confirm at every call, contracts, claims, files, what changed."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Response

from services.gateway.commands import (
    confirm_contact,
    correct_contact,
    correct_particulars,
    mark_file_read,
    reveal_identity_number,
)
from services.gateway.pages.client_values import DETAILS, contact_values, particular_values
from services.gateway.pages.languages import translations
from services.gateway.pages.visits import PageRoute, Visit, desk_visit, reading_visit
from services.gateway.queries import (
    ClientQuery,
    ToldClient,
    get_client,
    list_clients,
    tell_client,
)
from shared.contracts.policy import ClientState
from shared.errors import DomainError
from shared.http.problems import Problem

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Desk = Annotated[Visit, Depends(desk_visit)]
Reading = Annotated[Visit, Depends(reading_visit)]
_REFUSALS: Final = (DomainError, Problem)
PARTICULARS: Final = ("first_name", "last_name", "company_name", "born_on", "language", "identity_number")
_SHOWN: Final = 60
"""Changes that the page shows."""


@router.get("/clients")
async def clients_list(visit: Desk) -> Response:
    query = ClientQuery.parse(visit.request.query_params)
    async with visit.gateway.database.read(visit.user.scope) as session:
        page = await list_clients(session, visit.user.scope, query)
    parameters = {
        key: value
        for key, value in visit.request.query_params.items()
        if key in ClientQuery.__slots__ and value
    }
    context: dict[str, Any] = {"page": page, "query_": query, "parameters": parameters}
    if visit.fragment:
        address = query.url_parameters()
        headers = {"hx-replace-url": f"/clients?{address}" if address else "/clients"}
        return visit.part("clients/_list.html", headers=headers, **context)
    return visit.page("clients/list.html", _text(visit, "Clients"), "clients", **context)


@router.get("/clients/{client_id}")
async def client_page(visit: Reading, client_id: str) -> Response:
    """Show a client; opening the page is reading the alerts that are about him alone."""
    async with visit.reading(client_id=client_id) as session:
        client = await tell_client(session, visit.user.scope, client_id, activity=_SHOWN)
    if visit.alerted:
        visit.unread -= await mark_file_read(visit.gateway, visit.user, client_id=client_id)
    return _client_response(visit, client)


@router.post("/clients/{client_id}/identity-number")
async def reveal(visit: Desk, client_id: str) -> Response:
    """Show the full identity number; the policy service keeps who looked at it, and nobody may keep the answer."""
    number = await reveal_identity_number(visit.gateway, visit.user, client_id)
    if visit.fragment:
        return visit.part("clients/_identity.html", number=number, headers={"cache-control": "no-store"})
    response = await _client_page(visit, client_id, identity_number=number)
    response.headers["cache-control"] = "no-store"
    return response


@router.post("/clients/{client_id}/particulars")
async def particulars(visit: Desk, client_id: str) -> Response:
    """Correct what differs from what is known of the client: names, birth, language, identity number."""
    form = await visit.request.form()
    typed = {name: str(form.get(name, "")).strip() for name in PARTICULARS}
    async with visit.gateway.database.read(visit.user.scope) as session:
        state = (await get_client(session, visit.user.scope, client_id)).state
    body = particulars_command(state, typed)
    path = visit.request.url.path.removesuffix("/particulars")
    if not body:
        return visit.redirect(path)
    try:
        await correct_particulars(visit.gateway, visit.user, client_id, body)
    except _REFUSALS as error:
        errors = visit.errors_of(error)
        known = {name: text for name, text in errors.items() if name in typed}
        refused = {"values": typed, "errors": known or {"": next(iter(errors.values()))}}
        return await _client_page(visit, client_id, particulars=refused, status=_status(error))
    return visit.redirect(path, "particulars_changed")


@router.post("/clients/{client_id}/confirm-contact")
async def confirm(
    visit: Desk, client_id: str, detail: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Note that the client confirmed the details just now; without a choice, all that are known."""
    details = [one for one in (detail or []) if one in DETAILS]
    if not details:
        async with visit.gateway.database.read(visit.user.scope) as session:
            state = (await get_client(session, visit.user.scope, client_id)).state
        details = [one for one in DETAILS if getattr(state, one) is not None]
    try:
        await confirm_contact(visit.gateway, visit.user, client_id, details)
    except _REFUSALS as error:
        return await _client_page(
            visit, client_id, notice_error=visit.errors_of(error), status=_status(error)
        )
    return visit.redirect(visit.request.url.path.removesuffix("/confirm-contact"), "contact_confirmed")


@router.post("/clients/{client_id}/contact")
async def correct(
    visit: Desk,
    client_id: str,
    email: Annotated[str, Form()] = "",
    phone: Annotated[str, Form()] = "",
    street: Annotated[str, Form()] = "",
    postal_code: Annotated[str, Form()] = "",
    city: Annotated[str, Form()] = "",
    country: Annotated[str, Form()] = "",
) -> Response:
    """Correct what differs from what is known; only that is sent, so that nothing else counts as confirmed."""
    values = {
        "email": email.strip(),
        "phone": phone.strip(),
        "street": street.strip(),
        "postal_code": postal_code.strip(),
        "city": city.strip(),
        "country": country.strip().upper(),
    }
    async with visit.gateway.database.read(visit.user.scope) as session:
        state = (await get_client(session, visit.user.scope, client_id)).state
    body = _corrections(state, values)
    path = visit.request.url.path.removesuffix("/contact")
    if not body:
        return visit.redirect(path)
    try:
        await correct_contact(visit.gateway, visit.user, client_id, body)
    except _REFUSALS as error:
        errors = visit.errors_of(error)
        if "address" in errors:
            errors["street"] = errors.pop("address")
        known = {name: text for name, text in errors.items() if name in values}
        form = {"values": values, "errors": known or {"": next(iter(errors.values()))}}
        return await _client_page(visit, client_id, form=form, status=_status(error))
    return visit.redirect(path, "contact_corrected")


async def _client_page(
    visit: Visit,
    client_id: str,
    *,
    form: dict[str, Any] | None = None,
    particulars: dict[str, Any] | None = None,
    notice_error: dict[str, str] | None = None,
    identity_number: str = "",
    status: int = 200,
) -> Response:
    async with visit.reading() as session:
        client = await tell_client(session, visit.user.scope, client_id, activity=_SHOWN)
    return _client_response(
        visit,
        client,
        form=form,
        particulars=particulars,
        notice_error=notice_error,
        identity_number=identity_number,
        status=status,
    )


def _client_response(
    visit: Visit,
    client: ToldClient,
    *,
    form: dict[str, Any] | None = None,
    particulars: dict[str, Any] | None = None,
    notice_error: dict[str, str] | None = None,
    identity_number: str = "",
    status: int = 200,
) -> Response:
    return visit.page(
        "clients/client.html",
        client.name,
        "clients",
        status=status,
        client=client,
        form=form,
        notice_error=notice_error,
        identity_number=identity_number,
        particulars=particulars,
    )


def particulars_command(state: ClientState, typed: dict[str, str]) -> dict[str, Any]:
    """Give what differs; an emptied field is no correction."""
    before = particular_values(state)
    return {name: value for name, value in typed.items() if value and value != before[name]}


def _corrections(state: ClientState, values: dict[str, str]) -> dict[str, Any]:
    before = contact_values(state)
    body: dict[str, Any] = {
        name: values[name] for name in ("email", "phone") if values[name] and values[name] != before[name]
    }
    address = {name: values[name] for name in ("street", "postal_code", "city", "country")}
    if address != {name: before[name] for name in address} and any(address.values()):
        body["address"] = address
    return body


def _status(error: DomainError | Problem) -> int:
    return error.status if isinstance(error, Problem) else 422


def _text(visit: Visit, message: str) -> str:
    return translations(visit.reader.language.code).gettext(message)
