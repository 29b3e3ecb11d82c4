"""What every route here shares: who asks, what he is called in histories, and the form of an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.documents.handlers.intake import Intake
from services.documents.settings import SERVICE, DocumentsSettings
from shared.clock import Clock
from shared.contracts.envelope import Actor
from shared.db.database import Database
from shared.db.tenancy import Scope
from shared.http.problems import Problem
from shared.http.tokens import USERS, internal_scope
from shared.messaging.outbox import committed_events
from shared.storage.port import ObjectStore, StorageUnavailable

CallerScope = Annotated[Scope, Depends(internal_scope(SERVICE))]

SenderScope = Annotated[Scope, Depends(internal_scope(SERVICE, roles=(*USERS, "partner")))]
"""Partners may add files, and nothing else here."""

Answer = dict[str, Any]
"""`{"result": ..., "events": [...]}`: the events that were committed with it, for the caller's read model."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The service as a route sees it."""

    settings: DocumentsSettings
    database: Database
    clock: Clock
    store: ObjectStore
    intake: Intake

    async def command(self, work: Callable[[AsyncSession, datetime], Awaitable[BaseModel]]) -> Answer:
        """Run one handler in one transaction."""
        async with self.database.write() as session:
            return answer(await work(session, self.clock.now()), committed_events(session))


def answer(result: BaseModel | dict[str, Any], events: list[dict[str, Any]] | None = None) -> Answer:
    """Put an answer into its form."""
    content = result.model_dump(mode="json") if isinstance(result, BaseModel) else result
    return {"result": content, "events": events or []}


def _frame(request: Request) -> Frame:
    frame: Frame = request.app.state.frame
    return frame


CurrentFrame = Annotated[Frame, Depends(_frame)]


def actor_of(scope: Scope) -> Actor:
    """Give the caller as the author of a change."""
    if scope.partner_id is not None:
        return Actor(kind="partner", id=scope.partner_id, name=scope.name)
    return Actor(kind="user", id=scope.user_id, name=scope.name)


@contextmanager
def answering_for_storage() -> Iterator[None]:
    """Turn a store that is away into a 503: nothing was kept, and trying again may help."""
    try:
        yield
    except StorageUnavailable as error:
        detail = "Files cannot be stored or read at the moment; nothing was lost. Try again shortly."
        raise Problem(503, "storage_unavailable", detail, headers={"Retry-After": "5"}) from error
