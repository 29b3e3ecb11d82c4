"""The lists that a user named."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import SavedView
from shared.db.tenancy import Scope


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A saved view: its name, and the parameters of its address."""

    id: str
    name: str
    query: str


async def saved_views(session: AsyncSession, scope: Scope) -> tuple[ViewRow, ...]:
    """Give the user's own views in his order."""
    rows = await session.execute(
        select(SavedView.id, SavedView.name, SavedView.query)
        .where(SavedView.user_id == scope.user_id, SavedView.position > 0)
        .order_by(SavedView.position, SavedView.created_at)
    )
    return tuple(ViewRow(*row) for row in rows)
