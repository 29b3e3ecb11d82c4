"""What every route here shares: who asks, what a command works with, and what a store that is away means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.documents.handlers.intake import Intake
from services.documents.settings import SERVICE, DocumentsSettings
from shared.db.tenancy import Scope
from shared.http.commands import Commands
from shared.http.problems import Problem
from shared.http.tokens import USERS, internal_scope
from shared.storage.port import ObjectStore, StorageUnavailable

CallerScope = Annotated[Scope, Depends(internal_scope(SERVICE))]

SenderScope = Annotated[Scope, Depends(internal_scope(SERVICE, roles=(*USERS, "partner")))]
"""Partners may add files, and nothing else here."""


@dataclass(frozen=True, slots=True)
class Frame(Commands):
    """The service as a route sees it."""

    settings: DocumentsSettings
    store: ObjectStore
    intake: Intake


def _frame(request: Request) -> Frame:
    frame: Frame = request.app.state.frame
    return frame


CurrentFrame = Annotated[Frame, Depends(_frame)]


@contextmanager
def answering_for_storage() -> Iterator[None]:
    """Turn a store that is away into a 503: nothing was kept, and trying again may help."""
    try:
        yield
    except StorageUnavailable as error:
        detail = "Files cannot be stored or read at the moment; nothing was lost. Try again shortly."
        raise Problem(503, "storage_unavailable", detail, headers={"Retry-After": "5"}) from error
