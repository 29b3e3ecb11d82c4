"""Files: uploads bound to what they belong to, what a file is, and putting one away; the documents service does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

import orjson
from starlette.datastructures import UploadFile

from services.gateway.commands.answers import command, project_answer, segment
from services.gateway.context import Gateway
from services.gateway.identity.current import require_desk
from services.gateway.identity.sessions import CurrentUser
from services.gateway.queries.claim_rows import claim_rows
from services.gateway.queries.clients import get_client, get_contract
from services.gateway.queries.documents import get_document
from services.gateway.queries.rows import DocumentRow
from shared.contracts.codes import DocumentType
from shared.db.tenancy import Scope
from shared.errors import Invalid, NotFound
from shared.http.client import Upload

_CHUNK: Final = 256 * 1024
_LONGEST_NAME: Final = 200


async def upload_to_claim(
    gateway: Gateway, user: CurrentUser, claim_number: str, file: UploadFile, type: str | None = None
) -> dict[str, Any]:
    """Add a file to a claim; gives the file as the documents service describes it."""
    require_desk(user)
    async with gateway.database.read(user.scope) as session:
        rows = await claim_rows(session, user.scope, [claim_number])
    if not rows:
        raise NotFound("claim_not_found", "There is no such claim.")
    binding = {
        "agency_id": rows[0].agency_id,
        "client_id": rows[0].client_id,
        "claim_number": claim_number,
        "policy_number": None,
    }
    return await send_file(gateway, user.scope, binding, file, type)


async def upload_to_client(
    gateway: Gateway, user: CurrentUser, client_id: str, file: UploadFile, type: str | None = None
) -> dict[str, Any]:
    """Add a file to a client."""
    require_desk(user)
    async with gateway.database.read(user.scope) as session:
        client = (await get_client(session, user.scope, client_id)).state
    binding = {
        "agency_id": client.agency_id,
        "client_id": client_id,
        "claim_number": None,
        "policy_number": None,
    }
    return await send_file(gateway, user.scope, binding, file, type)


async def upload_to_contract(
    gateway: Gateway, user: CurrentUser, policy_number: str, file: UploadFile, type: str | None = None
) -> dict[str, Any]:
    """Add a file to a contract."""
    require_desk(user)
    async with gateway.database.read(user.scope) as session:
        row = (await get_contract(session, user.scope, policy_number)).row
    binding = {
        "agency_id": row.agency_id,
        "client_id": row.client_id,
        "claim_number": None,
        "policy_number": policy_number,
    }
    return await send_file(gateway, user.scope, binding, file, type)


async def remove_file(gateway: Gateway, user: CurrentUser, document_id: str) -> DocumentRow:
    """Put a file away, so that it can be taken back; gives what it was."""
    document = await _own(gateway, user, document_id)
    answer = await gateway.documents.delete(f"/files/{segment(document_id)}", scope=user.scope)
    await project_answer(gateway, answer)
    return document


async def restore_file(gateway: Gateway, user: CurrentUser, document_id: str) -> dict[str, Any]:
    """Take a removed file back. One that is not removed (any more) is left as it is by the service."""
    await _own(gateway, user, document_id, either=True)
    return await command(gateway, user, gateway.documents, f"/files/{segment(document_id)}/restore", {})


async def retype_file(gateway: Gateway, user: CurrentUser, document_id: str, type: str) -> dict[str, Any]:
    """Say what a file is."""
    _check_type(type)
    await _own(gateway, user, document_id)
    return await command(
        gateway, user, gateway.documents, f"/files/{segment(document_id)}/type", {"type": type}
    )


async def _own(gateway: Gateway, user: CurrentUser, document_id: str, *, either: bool = False) -> DocumentRow:
    """Find a file of the user's agencies before any service is asked; `either`: a removed one too."""
    require_desk(user)
    async with gateway.database.read(user.scope) as session:
        if either:
            with suppress(NotFound):
                return await get_document(session, user.scope, document_id, removed=True)
        return await get_document(session, user.scope, document_id)


def _check_type(type: str) -> None:
    if type not in {one.value for one in DocumentType}:
        raise Invalid("invalid_type", "The type is one of the document type codes.", "type")


async def send_file(
    gateway: Gateway, scope: Scope, binding: dict[str, str | None], file: UploadFile, type: str | None
) -> dict[str, Any]:
    """Stream a file to the documents service, on behalf of a user or a partner."""
    if type:
        _check_type(type)
    upload = Upload(
        name=(file.filename or "file")[-_LONGEST_NAME:],
        content_type=file.content_type or "application/octet-stream",
        content=_chunks(file),
    )
    fields = {
        "type": type or DocumentType.OTHER.value,
        "binding": orjson.dumps({name: value for name, value in binding.items() if value}).decode(),
    }
    answer = await gateway.documents.upload("/files", scope=scope, file=upload, fields=fields)
    return await project_answer(gateway, answer)


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(_CHUNK):
        yield chunk
