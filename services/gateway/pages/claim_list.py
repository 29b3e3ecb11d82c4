"""The claims list: filters, views, and marking many claims as read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends, Form, Response

from services.gateway.commands import (
    delete_view,
    mark_claims_seen,
    move_view,
    rename_view,
    restore_view,
    save_view,
    unmark_claims_seen,
)
from services.gateway.pages.claim_views import BUILT_IN
from services.gateway.pages.visits import PageRoute, Visit, desk_visit, local_path, reading_visit
from services.gateway.queries import (
    ClaimPage,
    ClaimQuery,
    Told,
    ViewRow,
    claim_filters,
    list_claims,
    saved_views,
)
from shared.errors import Conflict, DomainError, Invalid, NotFound
from shared.http.problems import Problem

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Desk = Annotated[Visit, Depends(desk_visit)]
Reading = Annotated[Visit, Depends(reading_visit)]
Filters = Mapping[str, tuple[tuple[str, str], ...]]
"""What can be chosen as insurer and garage."""


@router.get("/claims")
async def claims_list(visit: Reading) -> Response:
    query = ClaimQuery.parse(visit.request.query_params)
    context = await _list_context(visit, query)
    if visit.fragment:
        address = query.url_parameters()
        headers = {"hx-replace-url": f"/claims?{address}" if address else "/claims"}
        return visit.part("claims/_answer.html", headers=headers, **context)
    return visit.page("claims/list.html", visit.text("Claims"), "claims", **context)


@router.get("/claims/views/{view_id}")
async def open_view(visit: Desk, view_id: str) -> Response:
    """Go to the list that a view names."""
    parameters = BUILT_IN.get(view_id)
    if parameters is None:
        async with visit.gateway.database.read(visit.user.scope) as session:
            rows = await saved_views(session, visit.user.scope)
        parameters = next((one.query for one in rows if one.id == view_id), None)
    if parameters is None:
        raise NotFound("view_not_found", "There is no such view.")
    return visit.redirect(f"/claims?{parameters}" if parameters else "/claims")


@router.post("/claims/views")
async def save(
    visit: Desk, name: Annotated[str, Form()] = "", query: Annotated[str, Form()] = ""
) -> Response:
    """Save the list that is shown under a name."""
    wanted = ClaimQuery.parse(dict(parse_qsl(query))).with_(page=1)
    try:
        await save_view(visit.gateway, visit.user, name, wanted.url_parameters())
    except (DomainError, Problem) as error:
        form = {"dialog": "save", "view": "", "name": name, "errors": visit.errors_of(error)}
        return await _again(visit, wanted, form)
    return visit.redirect(f"/claims?{wanted.url_parameters()}", "view_saved")


@router.post("/claims/views/{view_id}/rename")
async def rename(visit: Desk, view_id: str, name: Annotated[str, Form()] = "") -> Response:
    try:
        await rename_view(visit.gateway, visit.user, view_id, name)
    except (Conflict, Invalid) as error:
        form = {"dialog": "manage", "view": view_id, "name": name, "errors": visit.errors_of(error)}
        return await _again(visit, ClaimQuery(), form)
    return visit.redirect(_back(visit), "view_renamed")


@router.post("/claims/views/{view_id}/move")
async def move(visit: Desk, view_id: str, steps: Annotated[int, Form()] = 1) -> Response:
    await move_view(visit.gateway, visit.user, view_id, steps)
    path = _back(visit).partition("#")[0]
    return visit.redirect(f"{path}#dialog-views")


@router.post("/claims/views/{view_id}/delete")
async def delete(visit: Desk, view_id: str) -> Response:
    await delete_view(visit.gateway, visit.user, view_id)
    return visit.redirect(_back(visit), "view_deleted", view_id)


@router.post("/claims/views/{view_id}/restore")
async def restore(visit: Desk, view_id: str) -> Response:
    await restore_view(visit.gateway, visit.user, view_id)
    return visit.redirect(_back(visit), "view_restored")


@router.post("/claims/read")
async def mark_read(
    visit: Desk,
    claim: Annotated[list[str] | None, Form()] = None,
    which: Annotated[str, Form()] = "chosen",
    query: Annotated[str, Form()] = "",
) -> Response:
    """Mark the chosen claims as read, or all of the list (`which=all`, with the list's parameters)."""
    chosen = ClaimQuery.parse(dict(parse_qsl(query))) if which == "all" else claim or []
    number, undo_id = await mark_claims_seen(visit.gateway, visit.user, chosen)
    if visit.fragment:
        return visit.part("claims/_read.html", number=number, undo_id=undo_id)
    return visit.redirect(_back(visit), "claims_read" if number else "", undo_id)


@router.post("/claims/read/{undo_id}/undo")
async def mark_unread(visit: Desk, undo_id: str) -> Response:
    await unmark_claims_seen(visit.gateway, visit.user, undo_id)
    if visit.fragment:
        return Response(status_code=204)
    return visit.redirect(_back(visit), "claims_unread")


async def _list_context(visit: Visit, query: ClaimQuery) -> dict[str, Any]:
    now = visit.reader.now.astimezone(visit.reader.zone)
    async with visit.reading() as session:
        page = await list_claims(session, visit.user.scope, query, now=now)
        filters = await claim_filters(session, visit.user.scope)
        rows = await saved_views(session, visit.user.scope)
    return list_context(query, page, filters, rows)


def list_context(
    query: ClaimQuery, page: ClaimPage, filters: Filters, rows: Sequence[ViewRow]
) -> dict[str, Any]:
    """Give what the list's templates show."""
    return {
        "page": Told.of(page) if query.typed else page,  # what somebody typed is seldom asked for again
        "query_": query,
        "filters": tuple(filters.items()),
        "own": tuple(rows),
        "form": {"dialog": "", "view": "", "name": "", "errors": None},
    }


async def _again(visit: Visit, query: ClaimQuery, form: dict[str, Any]) -> Response:
    """Show the list with the form open, what was typed, and what is wrong with it."""
    context = {**await _list_context(visit, query), "form": form}
    return visit.page("claims/list.html", visit.text("Claims"), "claims", status=422, **context)


def _back(visit: Visit) -> str:
    """The list that a form was sent from, as it was filtered."""
    parts = urlsplit(visit.request.headers.get("referer", ""))
    path = local_path(parts.path) if parts.path == "/claims" else "/claims"
    return f"{path}?{parts.query}" if path == parts.path and parts.query else path
