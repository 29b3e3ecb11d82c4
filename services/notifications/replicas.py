"""Local copies of what other services own, kept by their events: the newest version wins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications import repository
from services.notifications.domain.clocks import zone_named
from services.notifications.models import Agency
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.identity import AgencyState
from shared.contracts.policy import ClientState
from shared.db.database import on_after_commit
from shared.messaging.events import newest

log = structlog.get_logger(__name__)


async def keep_agency(session: AsyncSession, state: AgencyState, wake: Callable[[], None]) -> None:
    """Keep an agency. When what its clocks depend on changed, the runner is woken to derive them again."""
    if zone_named(state.timezone) is None:
        log.warning("agency.timezone_unknown", agency_id=state.id)
    kept = await repository.find_agency(session, state.id)
    if kept is None:
        session.add(
            Agency(
                id=state.id,
                timezone=state.timezone,
                cheque_warning_days=state.cheque_warning_days,
                sequence=state.sequence,
                rules_sequence=state.sequence,
            )
        )
        await session.flush()  # clocks of this batch are derived with it
        on_after_commit(session, wake)
        return
    if state.sequence <= kept.sequence:
        return
    if (kept.timezone, kept.cheque_warning_days) != (state.timezone, state.cheque_warning_days):
        kept.timezone = state.timezone
        kept.cheque_warning_days = state.cheque_warning_days
        kept.rules_sequence = state.sequence
        on_after_commit(session, wake)
    kept.sequence = state.sequence
    await session.flush()


async def keep_clients(session: AsyncSession, events: Sequence[CloudEvent[ChangeData[ClientState]]]) -> None:
    """Keep the clients' names."""
    await repository.keep_clients(session, [event.data.state for event in newest(events)])
