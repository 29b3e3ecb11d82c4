"""What commands of the JSON API take. What a claim or its parties hold is checked by the service that owns them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.codes import ChequeStatus, ClaimStatus, DocumentType


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Credentials(_Body):
    """A log-in."""

    email: Annotated[str, Field(min_length=1, max_length=320)]
    password: Annotated[str, Field(min_length=1, max_length=1000)]


class ClaimStatusBody(_Body):
    """The next status of a claim, with a note for its history."""

    status: ClaimStatus
    note: Annotated[str, Field(max_length=8000)] = ""


class NoteBody(_Body):
    """A note for a claim's history."""

    note: Annotated[str, Field(min_length=1, max_length=8000)]


class ChequeBody(_Body):
    """The next status of a cheque."""

    status: ChequeStatus


class NewFileType(_Body):
    """What a file is."""

    type: DocumentType


class ConfirmContactBody(_Body):
    """The details that the client confirmed just now."""

    details: Annotated[list[Literal["email", "phone", "address"]], Field(min_length=1, max_length=3)]


JsonObject = dict[str, Any]
"""An object that is passed on to the service that owns it, which names any field at fault."""
