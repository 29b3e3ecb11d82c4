"""Uploads: passed on to the documents service, bound to what they belong to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import orjson
from starlette.datastructures import UploadFile

from services.gateway.commands.answers import project_answer
from services.gateway.context import Gateway
from services.gateway.identity.current import require_desk
from services.gateway.identity.sessions import CurrentUser
from services.gateway.queries.claims import claim_rows
from services.gateway.queries.clients import get_client, get_contract
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
    async with gateway.database.read() as session:
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
    async with gateway.database.read() as session:
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
    async with gateway.database.read() as session:
        row = (await get_contract(session, user.scope, policy_number)).row
    binding = {
        "agency_id": row.agency_id,
        "client_id": row.client_id,
        "claim_number": None,
        "policy_number": policy_number,
    }
    return await send_file(gateway, user.scope, binding, file, type)


async def send_file(
    gateway: Gateway, scope: Scope, binding: dict[str, str | None], file: UploadFile, type: str | None
) -> dict[str, Any]:
    """Stream a file to the documents service, on behalf of a user or a partner."""
    if type and type not in {one.value for one in DocumentType}:
        raise Invalid("invalid_type", "The type is one of the document type codes.", "type")
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
