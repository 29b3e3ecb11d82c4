"""An alert becomes an event: one per cause, numbered in the order of commits."""

from __future__ import annotations

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications import repository
from services.notifications.domain.alerts import AlertDraft, numbered
from shared.db.database import on_before_commit
from shared.messaging.publishing import publish_state
from shared.observability.tracing import current_traceparent, traced

SERVICE = "notifications"
_NUMBERING = "dossier.notifications.numbering"

log = structlog.get_logger(__name__)


async def raise_alert(session: AsyncSession, draft: AlertDraft) -> bool:
    """Raise an alert in this transaction; false when its cause has raised one before."""
    alert_id = await repository.insert_alert(session, draft, current_traceparent())
    if alert_id is None:
        log.debug("alert.repeated", kind=draft.kind, subject_id=draft.subject_id)
        return False
    if not session.info.get(_NUMBERING):
        session.info[_NUMBERING] = True
        on_before_commit(session, number_alerts)
    log.info(
        "alert.raised",
        alert_id=alert_id,
        kind=draft.kind,
        agency_id=draft.agency_id,
        subject_id=draft.subject_id,
    )
    return True


async def number_alerts(session: AsyncSession) -> None:
    """Give the transaction's alerts their positions and publish them.

    Last of all, since from here on other transactions that number alerts wait: that makes positions grow without
    gaps in the order of commits, and as the last lock that is taken it can be part of no deadlock.
    """
    session.info[_NUMBERING] = False
    await session.flush()
    alerts = await repository.unnumbered_alerts(session)
    if not alerts:
        return
    first = await repository.take_positions(session, len(alerts))
    for position, alert in enumerate(alerts, start=first):
        state = numbered(alert.state, id=alert.id, position=position)
        alert.position = position
        alert.state = state.model_dump(mode="json")
        with traced(alert.traceparent):
            publish_state(
                session,
                service=SERVICE,
                happening="alert-raised",
                state=state,
                old=None,
                changes=(),
                actor=state.actor,
                at=state.at,
                key=state.agency_id,
            )
    await session.flush()
