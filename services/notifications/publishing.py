"""An alert becomes an event: one per cause, numbered in the order of commits."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications import repository
from services.notifications.domain.alerts import AlertDraft, numbered
from shared.db.database import on_before_commit
from shared.messaging.publishing import publish_state
from shared.observability.tracing import traced

SERVICE = "notifications"
_NUMBERING = "dossier.notifications.numbering"

log = structlog.get_logger(__name__)


async def raise_alerts(session: AsyncSession, drafts: Sequence[tuple[AlertDraft, str]]) -> set[str]:
    """Raise alerts in this transaction, each with its trace; gives the causes that had not raised one before."""
    if not drafts:
        return set()
    raised = await repository.insert_alerts(session, drafts)
    if raised and not session.info.get(_NUMBERING):
        session.info[_NUMBERING] = True
        on_before_commit(session, number_alerts)
    return raised


async def number_alerts(session: AsyncSession) -> None:
    """Give the transaction's alerts their positions and publish them.

    Last of all, since from here on other transactions that number alerts wait: that makes positions grow without
    gaps in the order of commits, and as the last lock that is taken it can be part of no deadlock.
    """
    session.info[_NUMBERING] = False
    alerts = await repository.unnumbered_alerts(session)
    if not alerts:
        return
    first = await repository.take_positions(session, len(alerts))
    for position, alert in enumerate(alerts, start=first):
        state = numbered(alert["state"], id=alert["id"], position=position)
        alert |= {"position": position, "state": state.model_dump(mode="json")}
        with traced(alert["traceparent"]):
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
            log.info(
                "alert.raised",
                alert_id=state.id,
                kind=state.kind,
                agency_id=state.agency_id,
                subject_id=state.subject_id,
            )
    await repository.keep_alerts(session, alerts)
