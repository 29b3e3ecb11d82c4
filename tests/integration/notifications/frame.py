"""A notifications service without a bus: its consumer fed by hand, its clocks run by hand, on a clock that is moved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from services.notifications.clocks.registry import KINDS, ClockKinds
from services.notifications.clocks.runner import ClockRunner
from services.notifications.consumers import listen
from services.notifications.models import Alert, Clock
from shared.clock import ManualClock
from shared.contracts.envelope import CloudEvent
from shared.contracts.notifications import AlertState
from shared.contracts.topics import NOTIFICATIONS_EVENTS
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY
from shared.messaging.consumer import Consumer
from shared.messaging.tables import outbox


class Desk:
    """One replica of the service. Two of them on one URL are two replicas."""

    def __init__(self, url: str, clock: ManualClock, kinds: ClockKinds = KINDS) -> None:
        self.url = url
        self.clock = clock
        self.kinds = kinds
        self._start()

    def _start(self) -> None:
        self.database = Database(self.url)
        self.runner = ClockRunner(self.database, self.clock, self.kinds)
        self.consumer = Consumer(service="notifications", database=self.database, clock=self.clock)
        listen(self.consumer, self.runner.derivation)

    async def restart(self) -> None:
        """Forget everything that is not in the database."""
        await self.close()
        self._start()

    async def close(self) -> None:
        await self.database.dispose()

    async def tell(self, *events: CloudEvent[Any]) -> None:
        """Let events arrive in one batch."""
        await self.consumer.take_events([event.model_dump(mode="json") for event in events])

    async def run_clocks(self) -> list[AlertState]:
        """Do what is due; gives the alerts that it raised."""
        known = {alert.id for alert in await self.alerts()}
        await self.runner.run_once()
        return [alert for alert in await self.alerts() if alert.id not in known]

    async def alerts(self) -> list[AlertState]:
        """All alerts by position."""
        async with self.database.read(EVERY_AGENCY) as session:
            found = await session.scalars(select(Alert).order_by(Alert.position))
            return [AlertState.model_validate(alert.state) for alert in found]

    async def until_alerts(self, number: int) -> None:
        """Wait for alerts that the running service raises by itself."""
        committed = asyncio.Event()
        self.database.on_publication(committed.set)
        while len(await self.alerts()) < number:
            await committed.wait()
            committed.clear()

    async def clocks(self) -> Sequence[Clock]:
        async with self.database.read(EVERY_AGENCY) as session:
            return (await session.scalars(select(Clock).order_by(Clock.due_at))).all()

    async def clock_row(self) -> Clock:
        [row] = await self.clocks()
        return row

    async def published(self, topic: str = NOTIFICATIONS_EVENTS) -> list[dict[str, Any]]:
        """The outbox, in order."""
        async with self.database.read(EVERY_AGENCY) as session:
            rows = await session.execute(
                select(outbox.c.body, outbox.c.key).where(outbox.c.topic == topic).order_by(outbox.c.position)
            )
            return [json.loads(body) | {"key": key} for body, key in rows]
