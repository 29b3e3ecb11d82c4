"""The bytes of a file: shown in the browser's own viewer, or saved. They can run nothing on our pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Header
from starlette.responses import Response, StreamingResponse

from services.documents.api.frame import CallerScope, CurrentFrame, Frame, answering_for_storage
from services.documents.domain.content import SHOWN_INLINE, Kind
from services.documents.domain.names import content_disposition
from services.documents.domain.ranges import Part, requested_part
from services.documents.handlers import files, thumbnails
from shared.contracts.documents import DocumentState
from shared.db.tenancy import Scope
from shared.errors import Invalid, NotFound
from shared.http.problems import Problem
from shared.storage.port import ObjectMissing

_LOCKED: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
"""No script, no form, no origin: even a file that slipped through could do nothing."""

_LOCKED_VIEWER: Final = f"{_LOCKED} allow-scripts"
"""Chromium's own PDF viewer stays blank in a sandbox without scripts (seen in version 156).
The origin stays opaque, and `default-src 'none'` allows no script to come from anywhere."""

_SMALL_KEPT: Final = "private, max-age=3600"
"""A rendition never changes; `Vary: Cookie` keeps it from whoever logs in next at the same browser."""

router = APIRouter(prefix="/files", tags=["files"])

RangeHeader = Annotated[str | None, Header(alias="Range")]
IfRange = Annotated[str | None, Header(alias="If-Range")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]


@router.get("/{document_id}/content", response_class=StreamingResponse)
async def show(
    document_id: str,
    scope: CallerScope,
    frame: CurrentFrame,
    range_: RangeHeader = None,
    if_range: IfRange = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Give the content to be shown."""
    return await _content(frame, scope, document_id, range_, if_range, if_none_match, inline=True)


@router.get("/{document_id}/download", response_class=StreamingResponse)
async def download(
    document_id: str,
    scope: CallerScope,
    frame: CurrentFrame,
    range_: RangeHeader = None,
    if_range: IfRange = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Give the content to be saved."""
    return await _content(frame, scope, document_id, range_, if_range, if_none_match, inline=False)


@router.get("/{document_id}/thumbnail")
async def small(
    document_id: str, scope: CallerScope, frame: CurrentFrame, if_none_match: IfNoneMatch = None
) -> Response:
    """Give the small rendition of a picture, for lists."""
    async with frame.database.read(scope) as session:
        state, object_key = await files.locate_content(session, scope=scope, document_id=document_id)
    tag = f'"{state.sha256}{thumbnails.SUFFIX}"'
    headers = _headers(state, tag, inline=True) | {
        "Content-Disposition": "inline",
        "Cache-Control": _SMALL_KEPT,
        "Vary": "Cookie",
    }
    if _has_already(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    with _telling_what_is_missing():
        found = await thumbnails.thumbnail(frame.store, frame.intake, state, object_key)
    if found is None:
        raise NotFound("no_thumbnail", "Only pictures have a small rendition.")
    return Response(found, headers=headers, media_type=thumbnails.CONTENT_TYPE)


async def _content(
    frame: Frame,
    scope: Scope,
    document_id: str,
    range_: str | None,
    if_range: str | None,
    if_none_match: str | None,
    *,
    inline: bool,
) -> Response:
    async with frame.database.read(scope) as session:
        state, object_key = await files.locate_content(session, scope=scope, document_id=document_id)
    tag = f'"{state.sha256}"'
    headers = _headers(state, tag, inline=inline and state.content_type in SHOWN_INLINE)
    if _has_already(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    part = _part(range_ if if_range in {None, tag} else None, state.size)
    pieces = await _begun(frame.store.get(object_key))
    length = state.size
    if part is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{state.size}"
        pieces, length = _cut(pieces, part), part.length
    headers["Content-Length"] = str(length)
    return StreamingResponse(
        pieces, status_code=206 if part else 200, headers=headers, media_type=state.content_type
    )


def _headers(state: DocumentState, tag: str, *, inline: bool) -> dict[str, str]:
    return {
        "Content-Disposition": content_disposition(state.name, inline=inline),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _LOCKED_VIEWER if state.content_type == Kind.PDF else _LOCKED,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
        "ETag": tag,
    }


def _part(header: str | None, size: int) -> Part | None:
    try:
        return requested_part(header, size)
    except Invalid as error:
        raise Problem(
            416, error.code, error.detail, field=error.field, headers={"Content-Range": f"bytes */{size}"}
        ) from error


def _has_already(if_none_match: str | None, tag: str) -> bool:
    return if_none_match is not None and tag in {one.strip() for one in if_none_match.split(",")}


@contextmanager
def _telling_what_is_missing() -> Iterator[None]:
    try:
        with answering_for_storage():
            yield
    except ObjectMissing as error:
        raise Problem(503, "content_missing", "The content of this file is not in the store.") from error


async def _begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Read the first piece before the answer begins: only then can a failure still be told as a problem."""
    with _telling_what_is_missing():
        first = await anext(pieces, b"")

    async def all_of_it() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return all_of_it()


async def _cut(pieces: AsyncIterator[bytes], part: Part) -> AsyncIterator[bytes]:
    position = 0
    async for piece in pieces:
        begin = max(part.first - position, 0)
        end = min(part.last + 1 - position, len(piece))
        if begin < end:
            yield piece[begin:end]
        position += len(piece)
        if position > part.last:
            return
