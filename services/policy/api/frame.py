"""What every route here shares: who asks, and what a command works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.policy.settings import SERVICE
from shared.db.tenancy import Scope
from shared.encryption import FieldCipher
from shared.errors import Invalid
from shared.http.commands import Commands
from shared.http.tokens import internal_scope

CallerScope = Annotated[Scope, Depends(internal_scope(SERVICE))]


@dataclass(frozen=True, slots=True)
class Frame(Commands):
    """The service as a route sees it."""

    cipher: FieldCipher


def _frame(request: Request) -> Frame:
    frame: Frame = request.app.state.frame
    return frame


CurrentFrame = Annotated[Frame, Depends(_frame)]


def agency_of(scope: Scope, given: str | None) -> str:
    """Give the agency of something new: the one named, else the only one of the caller."""
    if given is not None:
        return given
    if len(scope.agency_ids) != 1:
        raise Invalid("agency_missing", "Name the agency: you work for several.", "agency_id")
    return scope.agency_ids[0]
