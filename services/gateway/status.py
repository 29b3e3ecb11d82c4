"""Which services answer: pages say "as of 10:42, claims service is not answering" instead of failing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import aiohttp
import structlog

from shared.clock import Clock

WATCHED: Final = ("policy", "claims", "documents", "notifications")
POLL_SECONDS: Final = 2.5
ANSWER_SECONDS: Final = 2.0
FAILURES: Final = 2
"""One missed answer is a busy moment; two in a row are news."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DownService:
    """A service that does not answer; `since` is when it last did (or when we began to ask)."""

    service: str
    since: datetime


class ServiceStatus:
    """What the poller found last."""

    def __init__(self, clock: Clock) -> None:
        """Believe that all are there until they were asked."""
        self._clock = clock
        began = clock.now()
        self._answered: dict[str, datetime] = dict.fromkeys(WATCHED, began)
        self._failures: dict[str, int] = dict.fromkeys(WATCHED, 0)

    @property
    def down(self) -> tuple[DownService, ...]:
        """Give the services that do not answer."""
        return tuple(
            DownService(service, self._answered[service])
            for service, failures in self._failures.items()
            if failures >= FAILURES
        )

    def answered(self, service: str) -> None:
        """Note an answer."""
        if self._failures[service] >= FAILURES:
            log.info("status.service_back", service=service)
        self._answered[service] = self._clock.now()
        self._failures[service] = 0

    def missed(self, service: str) -> None:
        """Note that an answer did not come."""
        self._failures[service] += 1
        if self._failures[service] == FAILURES:
            log.warning("status.service_down", service=service)


class StatusPoller:
    """Asks every service whether it lives, every 2.5 seconds: the cheapest question that they answer."""

    def __init__(self, status: ServiceStatus, urls: Mapping[str, str]) -> None:
        """Take where the services are."""
        self._status = status
        self._urls = dict(urls)

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until stopped."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            while not stop.is_set():
                await asyncio.gather(*(self._ask(client, service) for service in self._urls))
                try:
                    async with asyncio.timeout(POLL_SECONDS):
                        await stop.wait()
                except TimeoutError:
                    continue

    async def _ask(self, client: aiohttp.ClientSession, service: str) -> None:
        try:
            async with client.get(f"{self._urls[service]}/health/live") as answer:
                await answer.read()
                alive = answer.status == 200  # noqa: PLR2004 - HTTP's word for yes
        except (aiohttp.ClientError, TimeoutError, OSError):
            alive = False
        if alive:
            self._status.answered(service)
        else:
            self._status.missed(service)
