"""The live feed: nothing is missed by those who come back, and one stream serves all tabs."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.visitor import Visitor
from tests.fixtures.desk import Desk, desk_of
from tests.fixtures.partners import Partner, PartnerLine, partner, partner_line
from tests.fixtures.stack import Stack
from tests.fixtures.waiting import soon


@dataclass(frozen=True)
class Car:
    """A claim in repair and the garage that reports on it."""

    garage: Partner
    number: str
    phase: str

    async def report(self, line: PartnerLine) -> str:
        """A report that is accepted; gives its note."""
        note = uuid.uuid4().hex[:10]
        message = self.garage.message(
            "repair-updates", {"claim_number": self.number, "phase": self.phase, "note": note}
        )
        await line.push(message)
        assert (await line.answer(message.id))["outcome"] == "accepted"
        return note


async def _car(stack: Stack, desk: Desk) -> Car:
    garage = partner(stack, "garage-lyon")
    claim = await desk.claim(garage.claim_numbers[3])
    return Car(garage, claim["claim_number"], claim["repair"]["phase"])


@pytest_asyncio.fixture(loop_scope="session")
async def car(stack: Stack, broker_fr: Desk) -> Car:
    return await _car(stack, broker_fr)


async def test_who_comes_back_gets_what_he_missed_once_and_in_order(
    car: Car, line: PartnerLine, broker_fr: Desk
) -> None:
    async with broker_fr.live() as live:
        await car.report(line)
        last = await live.wait_for(lambda one: one.name == "file-changed")
        position = live.position
        assert int(position) == last.id
    for _ in range(3):
        await car.report(line)
    async with broker_fr.live(last_event_id=position) as live:
        await car.report(line)

        async def complete() -> bool:
            return len(live.named("file-changed")) >= 4

        await soon(complete)
        assert [one.name for one in live.events] == ["alert", "claim-changed", "file-changed"] * 4
        ids = [one.id for one in live.events]
        assert ids == sorted(set(ids))
        assert ids[0] > int(position)
        sequences = [one.data["sequence"] for one in live.named("claim-changed")]
        assert sequences == list(range(sequences[0], sequences[0] + 4))

    # In the middle of an alert's events, only the rest of them comes.
    async with broker_fr.live(last_event_id=str(ids[-2])) as live:
        await live.wait_for(lambda one: one.id == ids[-1])
        assert [one.id for one in live.events] == [ids[-1]]


@pytest.mark.parametrize("position", ["999999999999", "nonsense", "-3"])
async def test_a_position_that_means_nothing_here_is_answered_by_resync(
    position: str, broker_fr: Desk
) -> None:
    async with broker_fr.live(last_event_id=position) as live:
        await live.wait_for(lambda one: one.name == "resync")
        assert len(live.events) == 1


async def test_what_a_live_event_names_can_be_fetched_at_once(
    car: Car, line: PartnerLine, broker_fr: Desk
) -> None:
    async with broker_fr.live() as live:
        for _ in range(5):
            seen = len(live.named("claim-changed"))
            note = await car.report(line)
            event = await live.wait_for(
                lambda one, seen=seen: one in live.named("claim-changed")[seen:]  # type: ignore[misc]
            )
            claim = await broker_fr.claim(car.number)
            assert claim["sequence"] >= event.data["sequence"]
            assert claim["repair"]["note"] == note


async def test_tabs_share_one_stream_and_go_on_when_the_one_that_holds_it_closes(
    stack: Stack, car: Car, line: PartnerLine, visitor: Visitor
) -> None:
    first = await visitor.log_in("broker.fr")
    await visitor.listen(first)
    claim = await visitor.open_live(f"/claims/{car.number}")
    for _ in range(6):
        await visitor.open_live("/claims")
    note = await car.report(line)
    await expect(claim.locator(".said").first).to_contain_text(note)
    before = _streams(visitor)
    assert before <= 2, "the log-in's tab loads two pages; no other tab asks for a stream"

    await first.close()

    async def taken_over() -> bool:
        return _streams(visitor) == before + 1

    await soon(taken_over, what="another tab's stream")
    note = await car.report(line)
    await expect(claim.locator(".said").first).to_contain_text(note)
    assert _streams(visitor) == before + 1
    assert await claim.evaluate("window.kept === true")


def _streams(visitor: Visitor) -> int:
    return sum(urlsplit(one).path == "/live" for one in visitor.requests)


async def test_an_open_page_comes_back_by_itself_when_the_gateway_was_killed(
    doomed_stack: Stack, browser: Browser
) -> None:
    visitor = Visitor(browser, doomed_stack)
    async with desk_of(doomed_stack, "broker.fr") as desk, partner_line(doomed_stack) as line:
        car = await _car(doomed_stack, desk)
        await visitor.log_in("broker.fr")
        page = await visitor.open_live(f"/claims/{car.number}")
        victim = doomed_stack.kill("gateway")
        note = await car.report(line)  # claims takes it while nobody serves pages
        await asyncio.to_thread(doomed_stack.wait_for_successor, "gateway", victim)
        await expect(page.locator(".said").first).to_contain_text(note)
        await expect(page.locator("#live-dot")).to_have_attribute("data-state", "live")
        assert await page.evaluate("window.kept === true")
    await visitor.close()
