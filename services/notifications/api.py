"""HTTP of the notifications service: what is coming, and what was told. Nothing is commanded here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.notifications import repository
from services.notifications.domain.clocks import Standing
from services.notifications.models import Clock
from services.notifications.publishing import SERVICE
from shared.contracts.notifications import AlertState
from shared.db.database import Database
from shared.db.tenancy import Scope
from shared.errors import NotFound
from shared.http.tokens import internal_scope

InternalScope = Annotated[Scope, Depends(internal_scope(SERVICE))]


class ClockView(BaseModel):
    """A clock as callers see it; `about` is what its alert will say."""

    id: str
    agency_id: str
    kind: str
    standing: Standing
    due_at: datetime
    fired_at: datetime | None
    cancelled_at: datetime | None
    aggregate: str
    subject_id: str
    claim_number: str | None = None
    policy_number: str | None = None
    client_id: str | None = None
    about: dict[str, Any] = {}


class ClockList(BaseModel):
    """Clocks, the next first, and how many there are in all."""

    items: list[ClockView]
    total: int


def create_router(database: Database) -> APIRouter:
    """Routes of this service."""
    router = APIRouter()

    @router.get("/clocks")
    async def list_clocks(
        scope: InternalScope,
        standing: Standing | None = None,
        kind: Annotated[str | None, Query(max_length=50)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> ClockList:
        async with database.read(scope) as session:
            rows, total = await repository.list_clocks(
                session, scope, standing=standing.value if standing else None, kind=kind, limit=limit
            )
        return ClockList(items=[_view(row) for row in rows], total=total)

    @router.get("/alerts/{alert_id}")
    async def get_alert(scope: InternalScope, alert_id: str) -> AlertState:
        async with database.read(scope) as session:
            alert = await repository.find_alert(session, scope, alert_id)
        if alert is None or scope.role not in alert.state["roles"]:
            raise NotFound("unknown_alert", "There is no such alert.")
        return AlertState.model_validate(alert.state)

    return router


def _view(row: Clock) -> ClockView:
    about = row.payload
    return ClockView(
        id=row.id,
        agency_id=row.agency_id,
        kind=row.kind,
        standing=Standing(row.standing),
        due_at=row.due_at,
        fired_at=row.fired_at,
        cancelled_at=row.cancelled_at,
        aggregate=row.aggregate,
        subject_id=row.source_id,
        claim_number=about.get("claim_number"),
        policy_number=about.get("policy_number"),
        client_id=about.get("client_id"),
        about=about.get("params", {}),
    )
