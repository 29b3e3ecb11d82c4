"""Ctrl-C ends a campaign: what is sent again until it is acknowledged ends with it, though nobody acknowledges."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from tests.faults.breaking import Doors
from tests.faults.campaign import Campaign, Outcome
from tests.faults.plan import Car, Content, Draft, Fault, Kind
from tests.fixtures.fleet import Fleet


class Nowhere:
    """A fleet, and its doors, of which only addresses are asked."""

    bootstrap = "127.0.0.1:1"

    def __getattr__(self, name: str) -> Any:
        return Nowhere()


async def test_what_is_still_being_sent_ends_when_the_campaign_is_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    campaign = Campaign(cast("Fleet", Nowhere()), cast("Doors", Nowhere()), 1, lambda _text: None)
    sending, ended = asyncio.Event(), asyncio.Event()

    async def send(messages: Sequence[Draft]) -> None:
        if messages == [before]:
            return
        sending.set()
        try:
            await asyncio.Event().wait()  # as to a broker that is down
        finally:
            ended.set()

    async def nothing(_fault: Fault) -> None:
        await sending.wait()

    async def never() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(campaign, "_send", send)
    monkeypatch.setattr(campaign._breaker, "apply", nothing)
    monkeypatch.setattr(campaign, "_plant", sending.wait)
    car = Car("garage-lyon", "CL-1", "body", "agency-fr")
    before, during = (Draft(Content.GOOD, car, f"note {number}", number) for number in (1, 2))
    outcome = Outcome([Fault(Kind.KILL_BROKER, seconds=1.0)])
    monkeypatch.setattr(campaign, "_written", list)
    running = asyncio.create_task(campaign._break_and_send([before, during], outcome, never))

    await sending.wait()
    running.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(running, return_exceptions=True)

    assert running.cancelled()
    assert ended.is_set()
