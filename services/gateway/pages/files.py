"""Files: uploads, the page of one file and what the viewer tells of it, its kind, and putting it away with undo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from starlette.datastructures import UploadFile

from services.gateway.commands import (
    remove_file,
    restore_file,
    retype_file,
    upload_to_claim,
    upload_to_client,
    upload_to_contract,
)
from services.gateway.pages.problem_texts import problem_text
from services.gateway.pages.visits import PageRoute, Visit, desk_visit
from services.gateway.queries import DocumentRow, get_document
from shared.errors import DomainError, Invalid
from shared.http.problems import Problem, problem_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Desk = Annotated[Visit, Depends(desk_visit)]
Send = Callable[[UploadFile, str | None], Awaitable[dict[str, Any]]]
MAX_FILES: Final = 30
"""Files of one form without scripts; the uploader sends one at a time."""


@router.post("/claims/{claim_number}/files")
async def to_claim(visit: Desk, request: Request, claim_number: str) -> Response:
    return await _upload(
        visit,
        request,
        lambda file, kind: upload_to_claim(visit.gateway, visit.user, claim_number, file, kind),
    )


@router.post("/clients/{client_id}/files")
async def to_client(visit: Desk, request: Request, client_id: str) -> Response:
    return await _upload(
        visit, request, lambda file, kind: upload_to_client(visit.gateway, visit.user, client_id, file, kind)
    )


@router.post("/contracts/{policy_number:path}/files")
async def to_contract(visit: Desk, request: Request, policy_number: str) -> Response:
    return await _upload(
        visit,
        request,
        lambda file, kind: upload_to_contract(visit.gateway, visit.user, policy_number, file, kind),
    )


@router.get("/files/{file_id}")
async def file_page(visit: Desk, file_id: str) -> Response:
    """Show a file; the viewer over other pages asks for what is known of it."""
    return _file_response(visit, await _document(visit, file_id))


@router.post("/files/{file_id}/type")
async def retype(visit: Desk, file_id: str, type: Annotated[str, Form()] = "") -> Response:
    await retype_file(visit.gateway, visit.user, file_id, type)
    if visit.fragment:
        return _file_response(visit, await _document(visit, file_id))
    return visit.redirect(f"/files/{quote(file_id, safe='')}", "file_retyped")


@router.post("/files/{file_id}/remove")
async def remove(visit: Desk, file_id: str) -> Response:
    """Put a file away at once; the answer offers to take that back."""
    document = await remove_file(visit.gateway, visit.user, file_id)
    if visit.fragment:
        return visit.part("files/_removed.html", document=document)
    return visit.redirect(place_of(document), "file_removed", document.id)


@router.post("/files/{file_id}/restore")
async def restore(visit: Desk, file_id: str) -> Response:
    await restore_file(visit.gateway, visit.user, file_id)
    if visit.fragment:
        return Response(status_code=204)
    return visit.redirect(place_of(await _document(visit, file_id)), "file_restored")


def place_of(document: DocumentRow) -> str:
    """Give the page that a file stands on."""
    if document.claim_number:
        return f"/claims/{quote(document.claim_number, safe='')}#files"
    if document.policy_number:
        return f"/contracts/{quote(document.policy_number, safe='')}/documents"
    return f"/clients/{quote(document.client_id or '', safe='')}#files"


async def _document(visit: Visit, file_id: str) -> DocumentRow:
    async with visit.gateway.database.read(visit.user.scope) as session:
        return await get_document(session, visit.user.scope, file_id)


def _file_response(visit: Visit, document: DocumentRow) -> Response:
    context: dict[str, Any] = {"document": document, "place": place_of(document)}
    if visit.fragment:
        return visit.part("files/_about.html", **context)
    return visit.page("files/file.html", document.name, **context)


async def _upload(visit: Visit, request: Request, send: Send) -> Response:
    """Take one file from the uploader, or several from a plain form; the uploader is answered in words, with no page."""
    async with request.form(max_files=MAX_FILES) as form:
        files = [one for one in form.getlist("file") if isinstance(one, UploadFile) and one.filename]
        kind = form.get("type")
        try:
            if not files:
                raise Invalid("no_file", "Choose a file first.", "file")
            for file in files:
                await send(file, kind if isinstance(kind, str) and kind else None)
        except (DomainError, Problem) as error:
            if request.headers.get("x-uploader") != "1":
                raise
            problem = problem_of(error)
            return Response(
                problem_text(problem.code, visit.reader.language.code),
                problem.status,
                media_type="text/plain; charset=utf-8",
            )
    if request.headers.get("x-uploader") == "1":
        return Response(status_code=201)
    return visit.redirect(request.url.path.removesuffix("/files") + "#files", "files_added")
