"""Browsers that listen to the live feed all along: when their gateway is gone they go to the next, and say what they had last."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle

import httpx

from tests.faults.ledger import Told
from tests.fixtures.desk import Live, desk_of
from tests.fixtures.fleet import Fleet, Replica

PAUSE_SECONDS = 0.3
"""As long as a browser waits before it tries again, at the least."""


class Browser:
    """One user's open page."""

    def __init__(self, fleet: Fleet, user: str, gateways: Sequence[Replica]) -> None:
        """Take who looks, and in which order he tries the gateways."""
        self.user = user
        self.told: list[Told] = []
        self.connected = asyncio.Event()
        self.reconnections = -1
        self._fleet = fleet
        self._gateways = cycle(gateways)
        self._position: str | None = None

    @property
    def newest(self) -> int:
        """Id of the newest event that he was told."""
        return self.told[-1].id if self.told else 0

    async def listen(self) -> None:
        """Listen until cancelled."""
        while True:
            gateway = next(self._gateways)
            try:
                async with (
                    desk_of(self._fleet, self.user, gateway.url) as desk,
                    desk.live(self._position) as live,
                ):
                    self.connected.set()
                    self.reconnections += 1
                    await self._follow(live)
            except (httpx.HTTPError, AssertionError, TimeoutError):
                await asyncio.sleep(PAUSE_SECONDS)

    async def _follow(self, live: Live) -> None:
        """Take over what comes whole, until the stream ends: an event that broke off is asked for again."""
        taken = 0
        while not (live.ended.is_set() and taken == len(live.events)):
            for event in live.events[taken:]:
                self.told.append(Told(event.id, event.name, str(event.data.get("claim_number") or "")))
                self._position = str(event.id)
                taken += 1
            if self._position is None and live.position:
                self._position = live.position  # where the feed stood when the page was opened
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_SECONDS):
                    await live.ended.wait()
