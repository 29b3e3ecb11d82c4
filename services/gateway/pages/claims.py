"""The claims list and the claim."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Response

from services.gateway.commands import change_cheque, change_claim_status, mark_claim_seen, note_claim
from services.gateway.pages.changes import change_texts
from services.gateway.pages.claim_changes import changed_fields, since_of
from services.gateway.pages.figures import Reader
from services.gateway.pages.languages import translations
from services.gateway.pages.visits import PageRoute, Visit, desk_visit
from services.gateway.queries import ClaimDetail, ClaimQuery, claim_filters, get_claim, list_claims
from shared.errors import DomainError
from shared.http.problems import Problem

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Desk = Annotated[Visit, Depends(desk_visit)]
_FILTERS: Final = (
    "status",
    "kind",
    "insurer",
    "garage",
    "event_from",
    "event_to",
    "claim_number",
    "plate",
    "client",
)
_REFUSALS: Final = (DomainError, Problem)


@router.get("/claims")
async def claims_list(visit: Desk) -> Response:
    query = ClaimQuery.parse(visit.request.query_params)
    async with visit.gateway.database.read() as session:
        page = await list_claims(session, visit.user.scope, query)
        filters = {} if visit.fragment else await claim_filters(session, visit.user.scope)
    parameters = {
        key: value
        for key, value in visit.request.query_params.items()
        if key in ClaimQuery.__slots__ and value
    }
    more = any(getattr(query, name) for name in _FILTERS)
    context: dict[str, Any] = {
        "page": page,
        "query_": query,
        "parameters": parameters,
        "filtered": more or bool(query.q) or query.unread or query.state == "closed",
    }
    if visit.fragment:
        address = query.url_parameters()
        headers = {"hx-replace-url": f"/claims?{address}" if address else "/claims"}
        return visit.part("claims/_list.html", headers=headers, **context)
    title = translations(visit.reader.language.code).gettext("Claims")
    return visit.page("claims/list.html", title, "claims", filters=filters, more_filters=more, **context)


@router.get("/claims/{claim_number}")
async def claim_page(visit: Desk, claim_number: str, since: str = "") -> Response:
    """Show a claim, with what changed since this user last opened it; opening it marks it as seen.

    While the page stays open its script asks for the claim's part again with `since`, the instant from which the marks
    count, so that marks do not vanish with the next update.
    """
    async with visit.gateway.database.read() as session:
        claim = await get_claim(session, visit.user.scope, claim_number)
    response = _claim_response(visit, claim, since=_instant(since))
    await mark_claim_seen(visit.gateway, visit.user, claim_number)
    return response


@router.post("/claims/{claim_number}/note")
async def add_note(visit: Desk, claim_number: str, note: Annotated[str, Form()] = "") -> Response:
    values = {"note": note}
    if not note.strip():
        return await _again(visit, claim_number, "note", values, {"note": _required(visit)})
    try:
        await note_claim(visit.gateway, visit.user, claim_number, note.strip())
    except _REFUSALS as error:
        return await _again(visit, claim_number, "note", values, visit.errors_of(error))
    return visit.redirect(visit.request.url.path.removesuffix("/note"), "note_saved")


@router.post("/claims/{claim_number}/status")
async def change_status(
    visit: Desk, claim_number: str, status: Annotated[str, Form()] = "", note: Annotated[str, Form()] = ""
) -> Response:
    values = {"status": status, "note": note}
    try:
        await change_claim_status(visit.gateway, visit.user, claim_number, status, note.strip())
    except _REFUSALS as error:
        return await _again(visit, claim_number, "status", values, visit.errors_of(error))
    return visit.redirect(visit.request.url.path.removesuffix("/status"), "status_changed")


@router.post("/claims/{claim_number}/cheques/{payment_reference:path}")
async def change_cheque_status(
    visit: Desk,
    claim_number: str,
    payment_reference: str,
    status: Annotated[str, Form()] = "",
    dialog: Annotated[str, Form()] = "",
) -> Response:
    try:
        await change_cheque(visit.gateway, visit.user, claim_number, payment_reference, status)
    except _REFUSALS as error:
        return await _again(visit, claim_number, dialog, {"status": status}, visit.errors_of(error))
    return visit.redirect(visit.request.url.path.partition("/cheques/")[0] + "#settlement", "cheque_changed")


def claim_context(
    claim: ClaimDetail,
    reader: Reader,
    user_id: str,
    *,
    since: datetime | None = None,
    form: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Give what the claim's template shows: the claim, and which fields are marked as changed."""
    changed = claim.changed if since is None else changed_fields(claim.history, since, user_id)
    by_field = {one.field: one for one in changed}
    lines = {one.field: change_texts([one], reader) for one in changed}
    return {
        "claim": claim,
        "claim_changed": by_field,
        "changed_lines": change_texts(changed, reader),
        "change_line": lambda change: (
            lines[change.field][0] if lines[change.field] else {"old": "", "new": ""}
        ),
        "changed_prefix": lambda prefix: any(field.startswith(prefix + ".") for field in by_field),
        "since": (since or since_of(claim, reader.now)).isoformat(),
        "form": form or {"dialog": "", "typed": {}, "errors": None},
    }


def _claim_response(
    visit: Visit,
    claim: ClaimDetail,
    *,
    since: datetime | None = None,
    form: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    context = claim_context(claim, visit.reader, visit.user.user_id, since=since, form=form)
    if visit.fragment:
        return visit.part("claims/_claim.html", **context)
    title = f"{claim.state.plate or claim.state.claim_number} · {claim.state.insured.name or claim.state.client_name}"
    return visit.page("claims/claim.html", title, "claims", status=status, **context)


async def _again(
    visit: Visit, claim_number: str, dialog: str, values: dict[str, str], errors: dict[str, str]
) -> Response:
    """Show the claim with the dialog open, what was typed, and what is wrong with it."""
    async with visit.gateway.database.read() as session:
        claim = await get_claim(session, visit.user.scope, claim_number)
    known = {name: text for name, text in errors.items() if name in values}
    shown = known or {"": next(iter(errors.values()))}
    return _claim_response(
        visit, claim, form={"dialog": dialog, "typed": values, "errors": shown}, status=422
    )


def _required(visit: Visit) -> str:
    return translations(visit.reader.language.code).gettext("Please fill this in.")


def _instant(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
