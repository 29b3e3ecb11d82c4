"""Fires clocks: whichever replica takes a due row alerts, and marks it in the same transaction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications import repository
from services.notifications.clocks.derivation import Derivation, rules_of
from services.notifications.clocks.registry import ClockKinds
from services.notifications.domain.clocks import Firing, Standing
from services.notifications.models import Clock
from services.notifications.publishing import SERVICE, raise_alerts
from shared.clock import Clock as TimeSource
from shared.db.database import Database
from shared.db.failures import is_passing
from shared.db.tenancy import EVERY_AGENCY
from shared.observability import metrics
from shared.observability.tracing import traced

LONGEST_SLEEP: Final = timedelta(seconds=30)
"""The machine's clock may jump: nothing is slept through for longer than this."""

BATCH: Final = 100
FIRST_RETRY: Final = timedelta(seconds=30)
LONGEST_RETRY: Final = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass
class ClockRunner:
    """Sleeps until the next clock is due or until it is woken, and does what is due. `passes` counts how often."""

    database: Database
    clock: TimeSource
    kinds: ClockKinds
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    passes: int = 0
    _derived_by_kinds: bool = False
    _next_due: datetime | None = None

    @property
    def derivation(self) -> Derivation:
        """Derives clocks, and wakes this runner when one may be due sooner."""
        return Derivation(self.kinds, self.clock, self.woken.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until `stop` is set. An error of the database ends it; who runs it starts it again."""
        stopping = asyncio.create_task(_set_when(stop, self.woken))
        try:
            while not stop.is_set():
                self.woken.clear()
                await self.run_once()
                await self._sleep()
        finally:
            stopping.cancel()

    async def run_once(self) -> int:
        """Derive what is behind, fire what is due, and say how many fired. Reads only while there is nothing to do."""
        await self._derive_for_new_kinds()
        fired = 0
        async with self.database.read(EVERY_AGENCY) as session:
            behind = await repository.any_source_behind(session)
            due = await repository.next_due(session, self.kinds.names)
        if behind:
            await self._derive_behind()
        if behind or (due is not None and due <= self.clock.now()):
            fired = await self._fire_due()
            async with self.database.read(EVERY_AGENCY) as session:
                due = await repository.next_due(session, self.kinds.names)
        self._next_due = due
        self.passes += 1
        return fired

    async def health(self) -> dict[str, Any]:
        """Report how often the clocks were looked at, and when the next is due."""
        due = self._next_due.isoformat() if self._next_due else None
        return {"ready": True, "passes": self.passes, "next_due": due}

    async def _sleep(self) -> None:
        longest = LONGEST_SLEEP
        if self._next_due is not None:
            longest = min(longest, max(self._next_due - self.clock.now(), timedelta(milliseconds=50)))
        try:
            async with asyncio.timeout(longest.total_seconds()):
                await self.woken.wait()
        except TimeoutError:
            return

    async def _derive_for_new_kinds(self) -> None:
        """Once after a start: a release may bring kinds that kept states were not derived by."""
        if self._derived_by_kinds:
            return
        for aggregate in {kind.aggregate for kind in map(self.kinds.__getitem__, self.kinds.names)}:
            fingerprint = self.kinds.fingerprint(aggregate)
            more = True
            while more:
                async with self.database.write(EVERY_AGENCY) as session:
                    sources = await repository.sources_without(session, aggregate, fingerprint, BATCH)
                    await self.derivation.again(session, sources)
                    more = len(sources) == BATCH
        self._derived_by_kinds = True

    async def _derive_behind(self) -> None:
        """An agency came to be known or changed its rules: derive its clocks again, a page at a time."""
        more = True
        while more:
            async with self.database.write(EVERY_AGENCY) as session:
                sources = await repository.sources_behind(session, BATCH)
                await self.derivation.again(session, sources)
                more = len(sources) == BATCH

    async def _fire_due(self) -> int:
        fired = 0
        more = True
        while more:
            async with self.database.write(EVERY_AGENCY) as session:
                now = self.clock.now()
                clocks = await repository.due_clocks(session, now, self.kinds.names, BATCH)
                for row in clocks:
                    fired += await self._fire(session, row, now)
                more = len(clocks) == BATCH
        return fired

    async def _fire(self, session: AsyncSession, row: Clock, now: datetime) -> int:
        """Fire one clock; one that fails is tried again later and does not hold up the others."""
        agency_id, clock_id, kind, failures = row.agency_id, row.id, row.kind, row.failures
        try:
            with traced(None) as traceparent:
                async with session.begin_nested():
                    raised = await self._alert(session, row, now, traceparent)
        except Exception as error:
            if is_passing(error):
                raise  # the database is away or busy: nothing about this clock
            pause = min(FIRST_RETRY * 2 ** min(failures, 10), LONGEST_RETRY)
            await repository.postpone(
                session, agency_id, clock_id, failures=failures + 1, retry_at=now + pause
            )
            log.exception(
                "clock.failed",
                clock_id=clock_id,
                kind=kind,
                failures=failures + 1,
                error=type(error).__name__,
            )
            return 0
        return int(raised)

    async def _alert(self, session: AsyncSession, row: Clock, now: datetime, traceparent: str) -> bool:
        agency = rules_of(await repository.find_agency(session, row.agency_id))
        if not agency.known:
            log.warning("clock.agency_unknown", clock_id=row.id, agency_id=row.agency_id)
        firing = Firing(
            cause=f"clock:{row.kind}:{row.subject}:{row.occasion}",
            payload=row.payload,
            agency_id=row.agency_id,
            agency=agency,
            source_id=row.source_id,
            source_sequence=row.source_sequence,
            now=now,
        )
        raised = await raise_alerts(session, [(self.kinds[row.kind].alert(firing), traceparent)])
        row.standing = Standing.FIRED.value
        row.fired_at = now
        row.alerted = [*row.alerted, row.occasion]
        row.retry_at = None
        metrics.clock_delay.labels(SERVICE, row.kind).observe((now - row.due_at).total_seconds())
        log.info("clock.fired", clock_id=row.id, kind=row.kind, subject_id=row.source_id)
        return bool(raised)


async def _set_when(stop: asyncio.Event, woken: asyncio.Event) -> None:
    """Wake the sleeper when the service stops."""
    await stop.wait()
    woken.set()
