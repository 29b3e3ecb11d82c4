"""A change of a claim becomes its next version, a row of its history and a contract event, all in one transaction."""

from __future__ import annotations

import logging
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.claims.domain.happenings import happening_between
from services.claims.repository import ClaimBook
from shared.contracts.changes import changes_between
from shared.contracts.claims import ClaimState
from shared.contracts.envelope import Actor, Change
from shared.messaging.publishing import publish_state, write_change

SERVICE = "claims"

log = structlog.get_logger(__name__)
_stdlib = logging.getLogger(__name__)


def publish_change(
    session: AsyncSession,
    old: ClaimState | None,
    new: ClaimState,
    *,
    actor: Actor,
    at: datetime,
    note: str = "",
) -> ClaimState:
    """Give the claim's next version, published; nothing happens when nothing changed and nobody noted anything.

    A desk's `note` is a change without a field in the state: it stands in the history and in the event.
    """
    if new is old and not note:
        return new
    changes = changes_between(old, new)
    if note:
        changes = (*changes, Change(field="note", old=None, new=note))
    if old is not None and not changes:
        return old
    state = new.model_copy(update={"sequence": old.sequence + 1 if old else 1, "updated_at": at})
    happening = happening_between(old, state)
    written = write_change(state, changes, actor)
    ClaimBook.of(session).keep(old, state, happening=happening, written=written, at=at)
    publish_state(
        session,
        service=SERVICE,
        happening=happening,
        state=state,
        old=old,
        actor=actor,
        at=at,
        changes=changes,
        written=written,
    )
    if _stdlib.isEnabledFor(logging.DEBUG):
        log.debug(
            "claim.changed", claim_id=state.id, sequence=state.sequence, happening=happening, actor=actor.id
        )
    return state
