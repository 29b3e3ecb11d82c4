"""What the service listens to."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications import handlers, replicas
from services.notifications.clocks.derivation import Derivation
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.identity import AgencyState
from shared.contracts.policy import ClientState
from shared.messaging.consumer import Consumer


def listen(consumer: Consumer, derivation: Derivation) -> None:
    """Register the handlers: first what others need to be known, then clocks, and alerts last."""

    async def agencies_changed(
        session: AsyncSession, events: Sequence[CloudEvent[ChangeData[AgencyState]]]
    ) -> None:
        for event in events:
            await replicas.keep_agency(session, event.data.state, derivation.wake)

    consumer.on_states([AgencyState], agencies_changed)
    consumer.on_states([ClientState], replicas.keep_clients)
    for state in derivation.kinds.states:
        consumer.on_states([state], derivation.follow)
    consumer.on_states(handlers.ALERTING, handlers.alert_about)
