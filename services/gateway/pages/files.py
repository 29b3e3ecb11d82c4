"""Uploads to a claim, client or contract, and the page of one file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile

from services.gateway.commands import upload_to_claim, upload_to_client, upload_to_contract
from services.gateway.pages.problem_texts import problem_text
from services.gateway.pages.visits import PageRoute, Visit, desk_visit
from services.gateway.queries import get_document
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
    async with visit.gateway.database.read() as session:
        document = await get_document(session, visit.user.scope, file_id)
    return visit.page("files/file.html", document.name, document=document)


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
