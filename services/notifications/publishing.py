"""An alert becomes an event: one per cause, numbered in the order of commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications import repository
from services.notifications.domain.alerts import numbered
from services.notifications.repository import Draft
from shared.db.database import on_before_commit
from shared.messaging.publishing import publish_state
from shared.observability.tracing import traced

SERVICE = "notifications"
_RAISED = "dossier.notifications.raised"

log = structlog.get_logger(__name__)


async def raise_alerts(session: AsyncSession, drafts: Sequence[Draft]) -> set[str]:
    """Raise alerts in this transaction, each with its trace; gives the causes that had not raised one before."""
    if not drafts:
        return set()
    rows = await repository.insert_alerts(session, drafts)
    if rows:
        _Raised.of(session).rows += rows
    return {row["cause"] for row in rows}


async def raise_at_commit(session: AsyncSession, drafts: Sequence[Draft]) -> None:
    """Raise alerts when the transaction commits; inside a savepoint at once, since it may be rolled back alone."""
    if session.in_nested_transaction():
        await raise_alerts(session, drafts)
    elif drafts:
        _Raised.of(session).drafts += drafts


class _Raised:
    """The alerts of one transaction that have no positions yet."""

    def __init__(self, session: AsyncSession) -> None:
        self.rows: list[dict[str, Any]] = []
        self.drafts: list[Draft] = []
        self.known = True
        """Not after a savepoint was rolled back, perhaps with some of them: then the database tells."""
        on_before_commit(session, number_alerts)
        event.listen(session.sync_session, "after_soft_rollback", self._rolled_back)

    @classmethod
    def of(cls, session: AsyncSession) -> _Raised:
        """Give that of this session."""
        raised = session.info.get(_RAISED)
        if not isinstance(raised, cls):
            raised = cls(session)
            session.info[_RAISED] = raised
        return raised

    def _rolled_back(self, _session: object, _transaction: object) -> None:
        self.known = False


async def number_alerts(session: AsyncSession) -> None:
    """Give the transaction's alerts their positions and publish them.

    Last of all, since from here on other transactions that number alerts wait: that makes positions grow without
    gaps in the order of commits. What is written afterwards was locked before or is this transaction's own, so that this
    last lock can be part of no deadlock.
    """
    raised: _Raised = session.info.pop(_RAISED)
    if session.new or session.dirty:
        await session.flush()
    alerts = raised.rows if raised.known else await repository.unnumbered_alerts(session)
    if not alerts and not raised.drafts:
        return
    new, first = await repository.insert_and_count_alerts(session, raised.drafts, len(alerts))
    alerts += new
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
