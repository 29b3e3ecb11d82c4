"""One browser's stream: what it missed, then what happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sse_starlette import ServerSentEvent
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.gateway.context import Gateway
from services.gateway.identity.sessions import CurrentUser, is_alive
from services.gateway.live.events import (
    EVENTS_PER_ALERT,
    LAST_OF_POSITION,
    Announcement,
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
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Connection": "keep-alive"}
_CONNECTED: Final = ServerSentEvent(comment="connected", retry=RETRY_MILLISECONDS).encode()
_STILL_HERE: Final = ServerSentEvent(comment="still here").encode()

Write = Callable[[bytes], Awaitable[None]]


class LiveResponse(Response):
    """The stream as an answer: one task that writes, and one that waits for the browser to go. Both are all that it costs."""

    media_type = "text/event-stream"

    def __init__(self, gateway: Gateway, user: CurrentUser, last_event_id: str | None) -> None:
        """Prepare; the stream begins when it is sent."""
        self._gateway = gateway
        self._user = user
        self._last_event_id = last_event_id
        self.status_code = 200
        self.background = None
        self.init_headers(_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the session, the browser or this process ends."""
        del scope

        async def write(chunk: bytes) -> None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

        hub = self._gateway.hub
        subscription = hub.subscribe(self._user.session_id, self._user.scope)
        watching = asyncio.create_task(_end_when_gone(receive, subscription))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await tell(self._gateway, self._user, self._last_event_id, subscription, write)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            if not subscription.cut_off:
                raise
        finally:
            watching.cancel()
            hub.unsubscribe(subscription)


async def _end_when_gone(receive: Receive, subscription: Subscription) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    subscription.end()


async def tell(
    gateway: Gateway, user: CurrentUser, last_event_id: str | None, subscription: Subscription, write: Write
) -> None:
    """Write what came after `last_event_id`, then every alert that this session may see, until the stream is ended.

    The subscription was made before the look into the database, so that nothing falls between the two.
    """
    clock = asyncio.get_running_loop().time
    await write(_CONNECTED)
    missed = await _missed(gateway, subscription, last_event_id)
    if missed.events:
        await write(b"".join(write_event(event) for event in missed.events))
    while True:
        announcements = await subscription.news()
        if subscription.ended:
            return
        if announcements:
            chunk = _chunk(subscription, missed, announcements)
        elif await _session_lives(gateway, user):
            chunk = _STILL_HERE
        else:
            return
        if chunk:
            await write(chunk)
        subscription.told_at = clock()
        subscription.quiet = False


def _chunk(subscription: Subscription, missed: _Missed, announcements: Sequence[Announcement]) -> bytes:
    """What waits, as one piece: of one alert it is the very bytes that all other streams write."""
    pieces = [
        one.written for one in announcements if one.alert.position > missed.known.get(one.alert.agency_id, 0)
    ]
    if subscription.overflowed:
        subscription.overflowed = False
        pieces.insert(0, write_event(resync_event(announcements[0].alert.position - 1)))
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


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
        alerts = [AlertState.model_validate(one) for one in states]
        announcements = await announce(session, alerts)
    for one in alerts:  # one that came between the two statements is told here, and not again
        known[one.agency_id] = max(one.position, known.get(one.agency_id, 0))
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
