"""Files: uploads to a claim, and what is shown or saved, streamed from the documents service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, Header, UploadFile
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from services.gateway.api.bodies import NewFileType
from services.gateway.api.shapes import FileOut
from services.gateway.api.shaping import file_out
from services.gateway.commands import remove_file, restore_file, retype_file, upload_to_claim
from services.gateway.commands.answers import segment
from services.gateway.context import Gateway
from services.gateway.identity.current import CurrentGateway, DeskUser
from services.gateway.identity.sessions import CurrentUser
from services.gateway.queries import get_document

router = APIRouter(prefix="/api/v1", tags=["files"])

_PASSED_BACK: Final = (
    "content-type",
    "content-length",
    "content-disposition",
    "content-range",
    "accept-ranges",
    "etag",
    "cache-control",
    "vary",
    "content-security-policy",
    "cross-origin-resource-policy",
    "x-content-type-options",
    "referrer-policy",
)

Range = Annotated[str | None, Header(alias="Range")]
IfRange = Annotated[str | None, Header(alias="If-Range")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]


@router.post("/claims/{claim_number}/files", status_code=201)
async def upload(
    claim_number: str,
    file: Annotated[UploadFile, File()],
    gateway: CurrentGateway,
    user: DeskUser,
    type: Annotated[str | None, Form()] = None,
) -> FileOut:
    """Add a file to a claim."""
    found = await upload_to_claim(gateway, user, claim_number, file, type)
    return FileOut.model_validate({**found, "uploaded_by": user.name})


@router.get("/files/{document_id}")
async def read(document_id: str, gateway: CurrentGateway, user: DeskUser) -> FileOut:
    """Give what is known of a file."""
    async with gateway.database.read(user.scope) as session:
        return file_out(await get_document(session, user.scope, document_id))


@router.delete("/files/{document_id}", status_code=204)
async def remove(document_id: str, gateway: CurrentGateway, user: DeskUser) -> Response:
    """Put a file away; `restore` takes it back."""
    await remove_file(gateway, user, document_id)
    return Response(status_code=204)


@router.post("/files/{document_id}/restore")
async def restore(document_id: str, gateway: CurrentGateway, user: DeskUser) -> FileOut:
    """Take a removed file back."""
    await restore_file(gateway, user, document_id)
    return await read(document_id, gateway, user)


@router.post("/files/{document_id}/type")
async def retype(document_id: str, body: NewFileType, gateway: CurrentGateway, user: DeskUser) -> FileOut:
    """Say what a file is."""
    await retype_file(gateway, user, document_id, body.type)
    return await read(document_id, gateway, user)


@router.get("/files/{document_id}/content", response_class=StreamingResponse)
async def content(
    document_id: str,
    gateway: CurrentGateway,
    user: DeskUser,
    range_: Range = None,
    if_range: IfRange = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Give the content to be shown."""
    asked = {"Range": range_, "If-Range": if_range, "If-None-Match": if_none_match}
    return await _streamed(gateway, user, document_id, "content", asked)


@router.get("/files/{document_id}/thumbnail", response_class=StreamingResponse)
async def thumbnail(
    document_id: str, gateway: CurrentGateway, user: DeskUser, if_none_match: IfNoneMatch = None
) -> Response:
    """Give the small rendition of a picture: a few kilobytes, for lists. 404 for what is no picture."""
    return await _streamed(gateway, user, document_id, "thumbnail", {"If-None-Match": if_none_match})


@router.get("/files/{document_id}/download", response_class=StreamingResponse)
async def download(
    document_id: str,
    gateway: CurrentGateway,
    user: DeskUser,
    range_: Range = None,
    if_range: IfRange = None,
) -> Response:
    """Give the content as an attachment."""
    return await _streamed(gateway, user, document_id, "download", {"Range": range_, "If-Range": if_range})


async def _streamed(
    gateway: Gateway, user: CurrentUser, document_id: str, what: str, asked: dict[str, str | None]
) -> Response:
    """Pass the answer of the documents service through, piece by piece; it checks the agency, as the query does."""
    async with gateway.database.read(user.scope) as session:
        await get_document(session, user.scope, document_id)
    stack = AsyncExitStack()
    try:
        answer = await stack.enter_async_context(
            gateway.documents.stream(
                f"/files/{segment(document_id)}/{what}",
                scope=user.scope,
                headers={name: value for name, value in asked.items() if value},
            )
        )
    except BaseException:
        await stack.aclose()
        raise
    headers = {name: answer.headers[name] for name in _PASSED_BACK if name in answer.headers}

    async def pieces() -> AsyncIterator[bytes]:
        async with stack:
            async for piece in answer.chunks:
                yield piece

    return StreamingResponse(
        pieces(), status_code=answer.status, headers=headers, background=BackgroundTask(stack.aclose)
    )
