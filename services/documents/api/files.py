"""Files over HTTP: what is known of them, and their life."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from services.documents.api.frame import CallerScope, CurrentFrame
from services.documents.handlers import files
from shared.contracts.codes import DocumentType
from shared.http.commands import Answer, actor_of, answer

router = APIRouter(prefix="/files", tags=["files"])

Name = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class NewType(BaseModel):
    """What a file is."""

    model_config = ConfigDict(extra="forbid")

    type: DocumentType


@router.get("")
async def listed(
    scope: CallerScope,
    frame: CurrentFrame,
    claim_number: Name = None,
    policy_number: Name = None,
    client_id: Name = None,
    include_removed: bool = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
) -> Answer:
    """Give the files of a claim, contract or client, newest first."""
    async with frame.database.read(scope) as session:
        found = await files.list_documents(
            session,
            scope=scope,
            claim_number=claim_number,
            policy_number=policy_number,
            client_id=client_id,
            include_removed=include_removed,
            limit=limit,
        )
    return answer({"items": [state.model_dump(mode="json") for state in found]})


@router.get("/{document_id}")
async def read(document_id: str, scope: CallerScope, frame: CurrentFrame) -> Answer:
    """Give what is known of a file, a removed one too."""
    async with frame.database.read(scope) as session:
        return answer(await files.read_document(session, scope=scope, document_id=document_id))


@router.delete("/{document_id}")
async def remove(document_id: str, scope: CallerScope, frame: CurrentFrame) -> Answer:
    """Put a file away."""

    async def work(session: AsyncSession, at: datetime) -> BaseModel:
        return await files.remove_document(
            session, scope=scope, actor=actor_of(scope), at=at, document_id=document_id
        )

    return await frame.run(scope, work)


@router.post("/{document_id}/restore")
async def restore(document_id: str, scope: CallerScope, frame: CurrentFrame) -> Answer:
    """Take a removed file back."""

    async def work(session: AsyncSession, at: datetime) -> BaseModel:
        return await files.restore_document(
            session, scope=scope, actor=actor_of(scope), at=at, document_id=document_id
        )

    return await frame.run(scope, work)


@router.post("/{document_id}/type")
async def retype(document_id: str, body: NewType, scope: CallerScope, frame: CurrentFrame) -> Answer:
    """Say what a file is."""

    async def work(session: AsyncSession, at: datetime) -> BaseModel:
        return await files.retype_document(
            session, scope=scope, actor=actor_of(scope), at=at, document_id=document_id, type=body.type
        )

    return await frame.run(scope, work)
