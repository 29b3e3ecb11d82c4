"""Commands of a service over HTTP: one handler in one transaction, answered with what it committed.

The answer carries the committed events, so that the gateway shows a broker his own change without waiting for the
topic; the copies that come by the topic are duplicates like any other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.contracts.envelope import Actor
from shared.db.database import Database
from shared.db.tenancy import Scope
from shared.http.idempotency import Repeatable
from shared.messaging.outbox import committed_events

Answer = dict[str, Any]
"""`{"result": ..., "events": [...]}`: the events that were committed with it, for the caller's read model."""

Work = Callable[[AsyncSession, datetime], Awaitable[BaseModel]]
"""A handler with its arguments bound: what it is given is the transaction and the instant of the command."""


def answer(result: BaseModel | dict[str, Any], session: AsyncSession | None = None) -> Answer:
    """Put an answer into its form; `session` is the one whose events were committed with it, if any."""
    content = result.model_dump(mode="json") if isinstance(result, BaseModel) else result
    return {"result": content, "events": committed_events(session) if session is not None else []}


def actor_of(scope: Scope) -> Actor:
    """Give the caller as the author of a change."""
    if scope.partner_id is not None:
        return Actor(kind="partner", id=scope.partner_id, name=scope.name)
    return Actor(kind="user", id=scope.user_id, name=scope.name)


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs the commands of one service."""

    database: Database
    clock: Clock

    async def run(self, scope: Scope, work: Work) -> Answer:
        """Run one handler in one transaction that reaches as far as the caller."""
        async with self.database.write(scope) as session:
            return answer(await work(session, self.clock.now()), session)

    async def run_once(self, repeatable: Repeatable, work: Work) -> Answer:
        """Run one handler in one transaction, or give the answer that the same command got before."""
        async with self.database.write(repeatable.scope) as session:
            before = await repeatable.answered(session)
            if before is not None:
                return before
            at = self.clock.now()
            given = answer(await work(session, at), session)
            await repeatable.keep(session, given, at)
            return given
