"""A change of a file becomes a row of its history and an event in the outbox, both or neither."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.documents import repository
from services.documents.settings import SERVICE
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import Actor
from shared.messaging.publishing import publish_state


def document_changed(
    session: AsyncSession,
    happening: str,
    new: DocumentState,
    old: DocumentState | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Tell of a file."""
    changes = publish_state(
        session, service=SERVICE, happening=happening, state=new, old=old, actor=actor, at=at
    )
    repository.add_history(session, new, happening, changes, actor, at)
