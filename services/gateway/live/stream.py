"""One browser's stream: what it missed, then what happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

import anyio
from sqlalchemy import func, select
from sse_starlette import ServerSentEvent

from services.gateway.context import Gateway
from services.gateway.identity.sessions import CurrentUser, is_alive
from services.gateway.live.events import (
    EVENTS_PER_ALERT,
    LAST_OF_POSITION,
    LiveEvent,
    announce,
    resync_event,
    write_event,
)
from services.gateway.live.hub import Subscription
from services.gateway.models import AlertView
from services.gateway.queries.alerts import may_see
from shared.contracts.notifications import AlertState
from shared.db.tenancy import NO_AGENCY, within

REPLAYED: Final = 200
"""Alerts that are sent one by one to a browser that comes back; beyond that it fetches everything anew."""

RETRY_MILLISECONDS: Final = 1000
_LONGEST_ID: Final = 20


async def stream_events(
    gateway: Gateway, user: CurrentUser, last_event_id: str | None, stopping: anyio.Event
) -> AsyncIterator[ServerSentEvent | bytes]:
    """Send what came after `last_event_id`, then every alert that this session may see, until the session ends.

    `stopping` is set when the process is about to end; the stream then ends in order, and browsers go elsewhere.

    The subscription is made before the look into the database, so that nothing falls between the two.
    """
    subscription = gateway.hub.subscribe(user.session_id, user.scope)
    watching = asyncio.create_task(_end_when(stopping, subscription))
    try:
        yield ServerSentEvent(comment="connected", retry=RETRY_MILLISECONDS)
        missed = await _missed(gateway, subscription, last_event_id)
        if missed.events:
            yield b"".join(write_event(event) for event in missed.events)
        while not subscription.ended:
            try:
                async with asyncio.timeout(gateway.settings.gateway_heartbeat_seconds):
                    announcement = await subscription.queue.get()
            except TimeoutError:
                if not await _session_lives(gateway, user):
                    return
                yield ServerSentEvent(comment="still here")
                continue
            if announcement is None:
                return
            if subscription.overflowed:
                subscription.overflowed = False
                yield write_event(resync_event(announcement.alert.position - 1))
            if announcement.alert.position <= missed.known.get(announcement.alert.agency_id, 0):
                continue
            yield announcement.written
    finally:
        watching.cancel()
        gateway.hub.unsubscribe(subscription)


async def _end_when(stopping: anyio.Event, subscription: Subscription) -> None:
    await stopping.wait()
    subscription.end()


class _Missed(NamedTuple):
    """What to send first, and up to which position of each agency that tells everything.

    Positions are compared within an agency: its alerts come in order, those of two agencies may cross.
    """

    events: list[LiveEvent]
    known: dict[str, int]


async def _missed(gateway: Gateway, subscription: Subscription, last_event_id: str | None) -> _Missed:
    """Give the events since the id that the browser saw last, or `resync` when that cannot be told any more."""
    scope = subscription.scope
    async with gateway.database.read(scope) as session:
        rows = await session.execute(
            select(AlertView.agency_id, func.max(AlertView.position))
            .where(within(AlertView.agency_id, scope))
            .group_by(AlertView.agency_id)
        )
        known = dict(rows.all())
        newest = max(known.values(), default=0)
        if not last_event_id:
            return _Missed([LiveEvent(newest * EVENTS_PER_ALERT + LAST_OF_POSITION, "", {})], known)
        last = _number(last_event_id)
        if last is None or last // EVENTS_PER_ALERT > newest:
            return _Missed([resync_event(newest)], known)
        states = list(
            await session.scalars(
                select(AlertView.state)
                .where(may_see(scope), AlertView.position >= last // EVENTS_PER_ALERT)
                .order_by(AlertView.position)
                .limit(REPLAYED + 1)
            )
        )
        if len(states) > REPLAYED:
            return _Missed([resync_event(newest)], known)
        announcements = await announce(session, [AlertState.model_validate(one) for one in states])
    return _Missed([event for one in announcements for event in one.events if event.id > last], known)


def _number(last_event_id: str) -> int | None:
    text = last_event_id.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_ID:
        return None
    return int(text)


async def _session_lives(gateway: Gateway, user: CurrentUser) -> bool:
    """Another replica may have ended the session; the database knows."""
    async with gateway.database.read(NO_AGENCY) as session:
        return await is_alive(
            session, user.session_id, at=gateway.clock.now(), idle=gateway.settings.session_idle
        )
