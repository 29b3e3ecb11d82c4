"""From alerts to streams: in order, each once, and not before the read model has what they tell of."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import func, select

from services.gateway.live.events import Announcement, announce, resync_event
from services.gateway.live.hub import Hub
from services.gateway.models import AlertView, ClaimView, ClientView, ContractView, DocumentView
from services.gateway.projections.versions import Versions
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.notifications import AlertState
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY

REMEMBERED: Final = 10_000
FIRST_LOOK_SECONDS: Final = 0.05
LOOK_SECONDS: Final = 0.1
"""How often to look whether another replica has projected meanwhile. Our own projections tell at once: the first look comes as long
after the alert as ours should have, so that it does not take the time of what it waits for. What waited in the queue meanwhile is
looked for at once."""

LATE_LOOK_SECONDS: Final = 0.5
"""How often to look whether the read model has caught up with what was told early."""

_VIEWS: Final[dict[str, Any]] = {
    "claim": ClaimView,
    "client": ClientView,
    "contract": ContractView,
    "document": DocumentView,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    alert: AlertState
    until: float


class Feed:
    """Takes alerts from the topic's tail (every replica sees all) and from our own projection (which misses none).

    Alerts go out one after the other, so that an id in a browser means that all before it were sent. The one in front
    waits until the read model has it and the version of what it is about, but never longer than `hold_seconds` from
    its arrival. Who was told early may have fetched the old state: once the read model is there, a `resync` follows.
    """

    def __init__(self, database: Database, hub: Hub, versions: Versions, hold_seconds: float) -> None:
        """Wire; nothing goes out before `run`."""
        self._database = database
        self._hub = hub
        self._versions = versions
        self._hold_seconds = hold_seconds
        self._held: asyncio.Queue[_Held] = asyncio.Queue()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._highest: dict[str, int] = {}
        self._sent: dict[str, int] = {}
        """Agency -> position of the alert that went out last."""
        self._early: dict[tuple[str, str], AlertState] = {}
        """Sent before the read model had them: the newest per subject."""

    async def take(self, event: CloudEvent[ChangeData[AlertState]]) -> None:
        """Take an alert from the tail of its topic."""
        self._offer(event.data.state)

    def take_projected(self, alert: AlertState) -> None:
        """Take an alert that was projected here just now; what a rebuild projects anew is no news."""
        if alert.position > self._highest.get(alert.agency_id, 0):
            self._offer(alert)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until stopped, then end the streams."""
        await self._begin()
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                getting = asyncio.create_task(self._held.get())
                while not getting.done() and not stop.is_set():
                    look = LATE_LOOK_SECONDS if self._early else None
                    await asyncio.wait({getting, stopping}, timeout=look, return_when=asyncio.FIRST_COMPLETED)
                    if not getting.done():
                        await self._tell_of_late_arrivals()
                if not getting.done():
                    getting.cancel()
                    break
                await self._send(getting.result())
        finally:
            stopping.cancel()
            self._hub.end_all()

    async def _begin(self) -> None:
        """Learn which alerts are old."""
        async with self._database.read(EVERY_AGENCY) as session:
            rows = await session.execute(
                select(AlertView.agency_id, func.max(AlertView.position)).group_by(AlertView.agency_id)
            )
            for agency_id, position in rows:
                self._highest[agency_id] = max(position, self._highest.get(agency_id, 0))

    def _offer(self, alert: AlertState) -> None:
        if alert.id in self._known:
            return
        self._known[alert.id] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self._highest[alert.agency_id] = max(alert.position, self._highest.get(alert.agency_id, 0))
        self._held.put_nowait(_Held(alert, asyncio.get_running_loop().time() + self._hold_seconds))

    async def _send(self, held: _Held) -> None:
        alert = held.alert
        self._sent[alert.agency_id] = alert.position
        # Waited for even when nobody listens: who opens a stream meanwhile reads what he missed from the read model.
        if not await self._has_arrived(held):
            self._sent_early(alert)
        if not self._hub.streams:
            return
        async with self._database.read(EVERY_AGENCY) as session:
            for announcement in await announce(session, [alert]):
                self._hub.publish(announcement)

    def _sent_early(self, alert: AlertState) -> None:
        """Remember what was told too soon; a thousand of them at once are one line in the log."""
        if not self._early:
            log.warning("live.sent_early", alert_id=alert.id, aggregate=alert.aggregate)
        self._early[alert.aggregate, alert.subject_id] = alert
        if len(self._early) > REMEMBERED:
            del self._early[next(iter(self._early))]

    async def _tell_of_late_arrivals(self) -> None:
        """Have those fetch anew who were told early, when what they were told of has arrived."""
        if not self._early or not self._held.empty():
            return
        arrived = [alert for alert in self._early.values() if await self._is_projected(alert)]
        audiences: dict[tuple[str, frozenset[str]], AlertState] = {}
        for alert in arrived:
            del self._early[alert.aggregate, alert.subject_id]
            audiences[alert.agency_id, frozenset(alert.roles)] = alert
        for alert in audiences.values():
            late = alert.model_copy(update={"id": f"{alert.id}/late"})
            self._hub.publish(Announcement(late, (resync_event(self._sent[alert.agency_id]),)))

    async def _has_arrived(self, held: _Held) -> bool:
        """Wait until the read model has the alert and what it is about, or until it has waited long enough."""
        alert = held.alert
        wanted = [("alert", alert.id, alert.sequence)]
        if alert.aggregate in _VIEWS:
            wanted.append((alert.aggregate, alert.subject_id, alert.subject_sequence))
        waits = [self._versions.wait_for(*one) for one in wanted]
        try:
            loop = asyncio.get_running_loop()
            look = max(0.0, held.until - self._hold_seconds + FIRST_LOOK_SECONDS - loop.time())
            while not all(wait.done.is_set() for wait in waits):
                left = held.until - loop.time()
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(look, left)):
                        for wait in waits:
                            await wait.done.wait()
                        return True
                if await self._is_projected(alert):
                    return True
                if left <= look:
                    return False
                look = LOOK_SECONDS
            return True
        finally:
            for wait in waits:
                self._versions.release(wait)

    async def _is_projected(self, alert: AlertState) -> bool:
        async with self._database.read(EVERY_AGENCY) as session:
            known = await session.scalar(
                select(AlertView.position).where(
                    AlertView.agency_id == alert.agency_id, AlertView.id == alert.id
                )
            )
            if known is None:
                return False
            view = _VIEWS.get(alert.aggregate)
            if view is None:
                return True
            sequence = await session.scalar(
                select(view.sequence).where(view.agency_id == alert.agency_id, view.id == alert.subject_id)
            )
            return sequence is not None and sequence >= alert.subject_sequence
