"""The open streams of this process, and what each of them may see."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from services.gateway.live.events import Announcement
from shared.contracts.notifications import AlertState
from shared.db.tenancy import Scope
from shared.http.problems import Problem
from shared.observability import metrics

QUEUE_LIMIT: Final = 500
"""A browser that is so far behind is told to fetch everything anew."""


@dataclass(eq=False)
class Subscription:
    """One stream. `overflowed` says that events were dropped for it."""

    session_id: str
    scope: Scope
    queue: asyncio.Queue[Announcement | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_LIMIT))
    overflowed: bool = False
    ended: bool = False

    def may_see(self, alert: AlertState) -> bool:
        """The same rule as for the list of alerts: agency and role."""
        return self.scope.may_see(alert.agency_id) and any(
            role.value == self.scope.role for role in alert.roles
        )

    def end(self) -> None:
        """End the stream, even one whose queue is full."""
        self.ended = True
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(None)

    def offer(self, announcement: Announcement) -> None:
        """Queue an alert; when the browser is too far behind, drop all and remember that."""
        if self.ended:
            return
        if self.queue.full():
            self.overflowed = True
            while not self.queue.empty():
                self.queue.get_nowait()
        self.queue.put_nowait(announcement)


class Hub:
    """Hands alerts to the streams that may see them."""

    def __init__(self, per_session: int) -> None:
        """Take how many streams one session may have: a tab each is normal, a loop that opens them is not."""
        self._per_session = per_session
        self._subscriptions: set[Subscription] = set()
        self._counts: Counter[str] = Counter()

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
        """Open a stream; whoever opens it must `unsubscribe` it."""
        subscription = Subscription(session_id, scope)
        self._subscriptions.add(subscription)
        self._counts[session_id] += 1
        metrics.live_streams.labels("gateway").inc()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a stream that is over."""
        if subscription not in self._subscriptions:
            return
        self._subscriptions.discard(subscription)
        self._counts[subscription.session_id] -= 1
        if not self._counts[subscription.session_id]:
            del self._counts[subscription.session_id]
        metrics.live_streams.labels("gateway").dec()

    def publish(self, announcement: Announcement) -> None:
        """Give an alert to everyone who may see it."""
        for subscription in self._subscriptions:
            if subscription.may_see(announcement.alert):
                subscription.offer(announcement)

    def end_session(self, session_id: str) -> None:
        """End the streams of a session that is over."""
        for subscription in self._subscriptions:
            if subscription.session_id == session_id:
                subscription.end()

    def end_all(self) -> None:
        """End every stream: the process stops, and browsers come back to another one."""
        for subscription in self._subscriptions:
            subscription.end()

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._subscriptions)
