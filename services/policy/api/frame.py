"""What every route here shares: who asks, what he is called in histories, and the form of an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.policy.settings import SERVICE
from shared.clock import Clock
from shared.contracts.envelope import Actor
from shared.db.database import Database
from shared.db.tenancy import Scope
from shared.encryption import FieldCipher
from shared.errors import Invalid
from shared.http.idempotency import Repeatable
from shared.http.tokens import internal_scope
from shared.messaging.outbox import committed_events

CallerScope = Annotated[Scope, Depends(internal_scope(SERVICE))]

Answer = dict[str, Any]
"""`{"result": ..., "events": [...]}`: the events that were committed with it, for the caller's read model."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The service as a route sees it."""

    database: Database
    clock: Clock
    cipher: FieldCipher

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session to look things up."""
        async with self.database.read() as session:
            yield session

    async def command(self, work: Callable[[AsyncSession, datetime], Awaitable[BaseModel]]) -> Answer:
        """Run one handler in one transaction."""
        async with self.database.write() as session:
            return answer(await work(session, self.clock.now()), committed_events(session))

    async def creation(
        self, repeatable: Repeatable, work: Callable[[AsyncSession, datetime], Awaitable[BaseModel]]
    ) -> Answer:
        """Run one handler in one transaction, or give the answer that the same command got before."""
        at = self.clock.now()
        async with self.database.write() as session:
            before = await repeatable.answered(session)
            if before is not None:
                return before
            given = answer(await work(session, at), committed_events(session))
            await repeatable.keep(session, given, at)
            return given


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
    return Actor(kind="user", id=scope.user_id, name=scope.name)


def agency_of(scope: Scope, given: str | None) -> str:
    """Give the agency of something new: the one named, else the only one of the caller."""
    if given is not None:
        return given
    if len(scope.agency_ids) != 1:
        raise Invalid("agency_missing", "Name the agency: you work for several.", "agency_id")
    return scope.agency_ids[0]
