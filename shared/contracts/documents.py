"""Files, as the documents service publishes them on `documents.events.v1`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from shared.contracts.codes import DocumentType
from shared.contracts.envelope import Actor, Contract


class DocumentState(Contract):
    """A file bound to a claim, contract or client. `content_type` is found by content, never by name."""

    id: str
    agency_id: str
    name: str
    type: DocumentType
    content_type: str
    size: Annotated[int, Field(ge=0)]
    sha256: str
    width: int | None = None
    height: int | None = None
    client_id: str | None = None
    claim_number: str | None = None
    policy_number: str | None = None
    uploaded_by: Actor
    uploaded_at: AwareDatetime
    removed: bool = False
    sequence: int = 0
    updated_at: AwareDatetime
