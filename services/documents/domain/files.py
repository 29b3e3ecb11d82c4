"""A file's life: added, described anew, removed and taken back. Its content never changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.documents.domain.bindings import Binding
from shared.contracts.codes import DocumentType
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import Actor
from shared.errors import Conflict


@dataclass(frozen=True, slots=True)
class Content:
    """What was kept: `size` in bytes, `width` and `height` in pixels for pictures."""

    content_type: str
    size: int
    sha256: str
    width: int | None = None
    height: int | None = None


def added(
    document_id: str,
    binding: Binding,
    content: Content,
    *,
    name: str,
    type: DocumentType,
    actor: Actor,
    at: datetime,
) -> DocumentState:
    """Make the first state; `name` is sanitised already."""
    return DocumentState(
        id=document_id,
        agency_id=binding.agency_id,
        name=name,
        type=type,
        content_type=content.content_type,
        size=content.size,
        sha256=content.sha256,
        width=content.width,
        height=content.height,
        client_id=binding.client_id,
        claim_number=binding.claim_number,
        policy_number=binding.policy_number,
        uploaded_by=actor,
        uploaded_at=at,
        sequence=1,
        updated_at=at,
    )


def removed(state: DocumentState, at: datetime) -> DocumentState:
    """Put a file away; `restored` takes it back."""
    if state.removed:
        raise Conflict("file_removed", "This file is removed already.")
    return _next(state, at, removed=True)


def restored(state: DocumentState, at: datetime) -> DocumentState:
    """Undo a removal."""
    if not state.removed:
        raise Conflict("file_not_removed", "This file is not removed.")
    return _next(state, at, removed=False)


def retyped(state: DocumentState, type: DocumentType, at: datetime) -> DocumentState:
    """Say what the file is; gives `state` itself when that is known."""
    if state.removed:
        raise Conflict("file_removed", "This file is removed.")
    return state if state.type == type else _next(state, at, type=type)


def _next(state: DocumentState, at: datetime, **update: object) -> DocumentState:
    return state.model_copy(update={**update, "sequence": state.sequence + 1, "updated_at": at})
