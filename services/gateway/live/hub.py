"""The open streams of this process, and what each of them may see."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from services.gateway.live.events import Announcement
from shared.db.tenancy import Scope
from shared.http.problems import Problem
from shared.observability import metrics

QUEUE_LIMIT: Final = 500
"""A browser that is so far behind is told to fetch everything anew."""

GRACE_SECONDS: Final = 1.0
"""For a stream to end in order; a browser that does not even read is cut off then. The server itself waits for three seconds."""

_LOOKS_PER_HEARTBEAT: Final = 4


@dataclass(eq=False, slots=True)
class Subscription:
    """One stream: what waits for it, and the one task that writes it. `overflowed` says that events were dropped for it."""

    session_id: str
    scope: Scope
    task: asyncio.Task[Any]
    told_at: float
    """When it was last written to, on the loop's clock."""
    waiting: list[Announcement] = field(default_factory=list)
    overflowed: bool = False
    ended: bool = False
    quiet: bool = False
    """A heartbeat is due."""
    over: bool = False
    cut_off: bool = False
    _wake: asyncio.Future[None] | None = None

    def offer(self, announcement: Announcement) -> None:
        """Queue an alert; when the browser is too far behind, drop all and remember that."""
        if self.ended:
            return
        if len(self.waiting) >= QUEUE_LIMIT:
            self.overflowed = True
            self.waiting.clear()
        self.waiting.append(announcement)
        self._go_on()

    def end(self) -> None:
        """End the stream, even one that nobody reads."""
        if self.ended:
            return
        self.ended = True
        self._go_on()
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._cut_off)

    def beat(self) -> None:
        """Say that a heartbeat is due."""
        self.quiet = True
        self._go_on()

    async def news(self) -> list[Announcement]:
        """Wait until there is anything to do, and take all alerts that wait: none when the stream has ended or is quiet."""
        while not (self.waiting or self.ended or self.quiet):
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        taken, self.waiting = self.waiting, []
        return taken

    def _go_on(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _cut_off(self) -> None:
        if not self.over:
            self.cut_off = True
            self.task.cancel()


class Hub:
    """Hands alerts to the streams that may see them, and wakes those for a heartbeat that have heard nothing for long."""

    def __init__(self, per_session: int, heartbeat_seconds: float) -> None:
        """Take how many streams one session may have: a tab each is normal, a loop that opens them is not."""
        self._per_session = per_session
        self._heartbeat = heartbeat_seconds
        self._subscriptions: set[Subscription] = set()
        self._counts: Counter[str] = Counter()
        self._look: asyncio.TimerHandle | None = None
        self._leaving = False

    def require_room(self, session_id: str) -> None:
        """Refuse (429) one more stream to a session that has too many."""
        if self._counts[session_id] >= self._per_session:
            raise Problem(
                429,
                "too_many_streams",
                f"A session may hold {self._per_session} live streams open.",
                headers={"Retry-After": "5"},
            )

    def subscribe(self, session_id: str, scope: Scope) -> Subscription:
        """Open a stream that the current task writes; whoever opens it must `unsubscribe` it."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        subscription = Subscription(session_id, scope, task, loop.time(), ended=self._leaving)
        self._subscriptions.add(subscription)
        self._counts[session_id] += 1
        metrics.live_streams.labels("gateway").inc()
        if self._look is None:
            self._look_later(loop)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a stream that is over."""
        if subscription.over:
            return
        subscription.over = True
        self._subscriptions.discard(subscription)
        self._counts[subscription.session_id] -= 1
        if not self._counts[subscription.session_id]:
            del self._counts[subscription.session_id]
        metrics.live_streams.labels("gateway").dec()
        if not self._subscriptions and self._look is not None:
            self._look.cancel()
            self._look = None

    def publish(self, announcement: Announcement) -> None:
        """Give an alert to everyone who may see it: the same rule as for the list of alerts, agency and role."""
        agency, roles = announcement.alert.agency_id, {role.value for role in announcement.alert.roles}
        for subscription in self._subscriptions:
            if subscription.scope.role in roles and subscription.scope.may_see(agency):
                subscription.offer(announcement)

    def end_session(self, session_id: str) -> None:
        """End the streams of a session that is over."""
        for subscription in self._subscriptions:
            if subscription.session_id == session_id:
                subscription.end()

    def end_all(self) -> None:
        """End every stream, and those to come: the process stops, and browsers come back to another one."""
        self._leaving = True
        for subscription in self._subscriptions:
            subscription.end()

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._subscriptions)

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._look = loop.call_later(self._heartbeat / _LOOKS_PER_HEARTBEAT, self._wake_the_quiet, loop)

    def _wake_the_quiet(self, loop: asyncio.AbstractEventLoop) -> None:
        """One timer for all: a timer for each wait of each stream costs a broadcast more than its events do."""
        silent_since = loop.time() - self._heartbeat
        for subscription in self._subscriptions:
            if subscription.told_at <= silent_since:
                subscription.beat()
        self._look_later(loop)
