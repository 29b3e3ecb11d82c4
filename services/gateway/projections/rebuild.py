"""Forgetting the read model, so that the services' archives can fill it anew."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import READ_MODEL
from shared.messaging.tables import inbox


async def forget_read_model(session: AsyncSession) -> None:
    """Delete every view and the memory of what was taken: else the events that come again would count as duplicates.

    Accounts, sessions, marks and receipts stay: they are the gateway's own.
    """
    for view in READ_MODEL:
        await session.execute(delete(view))
    await session.execute(delete(inbox))
