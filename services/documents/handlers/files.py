"""Commands on files and their binding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.documents import repository
from services.documents.domain import files
from services.documents.domain.bindings import Binding, agreed
from services.documents.domain.files import Content
from services.documents.domain.names import sanitised
from services.documents.models import DocumentRow
from services.documents.publishing import document_changed
from shared.contracts.codes import DocumentType
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import Actor
from shared.db.tenancy import Scope
from shared.errors import Conflict, Invalid, NotFound
from shared.identifiers import new_id

log = structlog.get_logger(__name__)


async def check_binding(session: AsyncSession, *, scope: Scope, binding: Binding, max_files: int) -> Binding:
    """Complete a binding by what is known, or refuse it; `max_files` is what one claim or client may have."""
    if not scope.may_see(binding.agency_id):
        raise NotFound("agency_unknown", "There is no such agency.", "binding.agency_id")
    claim = await repository.known_claim(session, binding.claim_number) if binding.claim_number else None
    policy_number = binding.policy_number
    contract = (
        await repository.known_contract(session, binding.agency_id, policy_number) if policy_number else None
    )
    client_agency = (
        await repository.agency_of_client(session, binding.client_id) if binding.client_id else None
    )
    complete = agreed(
        binding, claim=claim, contract=contract, client_agency=client_agency, partner_id=scope.partner_id
    )
    if await repository.files_of(session, complete) >= max_files:
        raise Conflict("too_many_files", f"There are {max_files} files here already.", "binding")
    return complete


async def add_document(
    session: AsyncSession,
    *,
    actor: Actor,
    at: datetime,
    binding: Binding,
    type: DocumentType,
    name: str,
    content: Content,
    object_key: str,
) -> DocumentState:
    """Add a file whose object is stored already; `binding` has passed `check_binding`, `name` is as typed."""
    state = files.added(
        new_id(),
        binding,
        content,
        name=sanitised(name, content.content_type),
        type=type,
        actor=actor,
        at=at,
    )
    if not await repository.forget_pending(session, object_key):
        raise Conflict("upload_expired", "The upload took too long; send the file again.")
    repository.add_document(session, state, object_key)
    document_changed(session, "document-added", state, None, actor, at)
    log.info("document.added", document_id=state.id, agency_id=state.agency_id, size=state.size)
    return state


async def remove_document(
    session: AsyncSession, *, scope: Scope, actor: Actor, at: datetime, document_id: str
) -> DocumentState:
    """Put a file away; its content stays, so that it can be restored."""
    row = await _found(session, document_id, scope, for_update=True)
    old = repository.document_state(row)
    new = files.removed(old, at)
    repository.save_document(row, new)
    document_changed(session, "document-removed", new, old, actor, at)
    log.info("document.removed", document_id=document_id)
    return new


async def restore_document(
    session: AsyncSession, *, scope: Scope, actor: Actor, at: datetime, document_id: str
) -> DocumentState:
    """Take a removed file back."""
    row = await _found(session, document_id, scope, for_update=True)
    old = repository.document_state(row)
    new = files.restored(old, at)
    repository.save_document(row, new)
    document_changed(session, "document-changed", new, old, actor, at)
    log.info("document.restored", document_id=document_id)
    return new


async def retype_document(
    session: AsyncSession, *, scope: Scope, actor: Actor, at: datetime, document_id: str, type: DocumentType
) -> DocumentState:
    """Say what a file is: uploads from telephones often come without."""
    row = await _found(session, document_id, scope, for_update=True)
    old = repository.document_state(row)
    new = files.retyped(old, type, at)
    if new is not old:
        repository.save_document(row, new)
        document_changed(session, "document-changed", new, old, actor, at)
        log.info("document.retyped", document_id=document_id, type=type.value)
    return new


async def read_document(session: AsyncSession, *, scope: Scope, document_id: str) -> DocumentState:
    """Give what is known of a file, a removed one too."""
    return repository.document_state(await _found(session, document_id, scope))


async def locate_content(
    session: AsyncSession, *, scope: Scope, document_id: str
) -> tuple[DocumentState, str]:
    """Give a file and the key of its object; a removed file has no content to show."""
    row = await _found(session, document_id, scope)
    state = repository.document_state(row)
    if state.removed:
        raise NotFound("file_removed", "This file is removed; restore it to see it.")
    return state, row.object_key


async def list_documents(
    session: AsyncSession,
    *,
    scope: Scope,
    claim_number: str | None = None,
    policy_number: str | None = None,
    client_id: str | None = None,
    include_removed: bool = False,
    limit: int = 500,
) -> Sequence[DocumentState]:
    """Give the files of a claim, contract or client, newest first."""
    if claim_number is None and policy_number is None and client_id is None:
        detail = "Name a claim, a contract or a client."
        raise Invalid("filter_missing", detail, "claim_number")
    rows = await repository.document_rows(
        session,
        scope,
        claim_number=claim_number,
        policy_number=policy_number,
        client_id=client_id,
        include_removed=include_removed,
        limit=limit,
    )
    return [repository.document_state(row) for row in rows]


async def _found(
    session: AsyncSession, document_id: str, scope: Scope, *, for_update: bool = False
) -> DocumentRow:
    row = await repository.document_row(session, document_id, scope, for_update=for_update)
    if row is None:
        raise NotFound("file_unknown", "There is no such file.")
    return row
