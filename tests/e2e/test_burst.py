"""A thousand updates at once: each applied once and in order, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from time import monotonic
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from shared.settings import SERVICES
from tests.e2e.visitor import Visitor
from tests.fixtures.bursts import (
    UPDATES,
    Burst,
    Eyes,
    build_burst,
    check_alerts,
    check_answers,
    check_claims,
    unattributed,
)
from tests.fixtures.desk import Desk, Live, desk_of, since
from tests.fixtures.partners import PartnerLine, kcat, partner_line, publish_with_kcat
from tests.fixtures.stack import Stack
from tests.fixtures.waiting import soon

pytestmark = pytest.mark.slow


class Desks(NamedTuple):
    """Everybody who is to be alerted, or not."""

    broker_fr: Desk
    manager_fr: Desk
    broker_il: Desk
    handler: Desk


@pytest_asyncio.fixture(loop_scope="session")
async def desks(doomed_stack: Stack) -> AsyncIterator[Desks]:
    async with AsyncExitStack() as open_desks:
        names = ("broker.fr", "manager.fr", "broker.il", "handler")
        yield Desks(*[await open_desks.enter_async_context(desk_of(doomed_stack, one)) for one in names])


async def _prepared(stack: Stack, desks: Desks, seed: int) -> tuple[Burst, Eyes]:
    burst = await build_burst(stack, desks.handler, seed)
    eyes = Eyes(desks)
    await eyes.open()
    return burst, eyes


async def _check(burst: Burst, eyes: Eyes, desks: Desks) -> None:
    await check_claims(burst, desks.handler)
    await check_alerts(burst, eyes)


async def _counted(line: PartnerLine) -> int:
    """How many nameless messages were answered before, once all that the broker has has been read."""

    async def caught_up() -> bool:
        ends = await line.consumer.end_offsets(list(line.consumer.assignment()))
        return all([await line.consumer.position(one) >= end for one, end in ends.items()])

    await soon(caught_up)
    return len(unattributed(line))


async def _check_live(live: Live, due: dict[str, int]) -> None:
    """Nothing of others, in order; every alert, unless there were too many to tell one by one."""

    async def told() -> bool:
        return bool(live.named("resync")) or len(live.named("alert")) >= sum(due.values())

    await soon(told, what="live alerts")
    seen = Counter(str(one.data["claim_number"]) for one in live.named("alert"))
    assert seen == Counter(due) or (live.named("resync") and set(seen) <= set(due))
    assert {one.data["claim_number"] for one in live.named("claim-changed")} <= set(due)
    ids = [one.id for one in live.events]
    assert ids == sorted(ids)


async def test_a_thousand_updates_from_kcat_are_applied_once_and_in_order(
    doomed_stack: Stack, desks: Desks, browser: Browser
) -> None:
    program = kcat()
    burst, eyes = await _prepared(doomed_stack, desks, seed=1)
    visitor = Visitor(browser, doomed_stack)
    async with (
        partner_line(doomed_stack) as line,
        desks.broker_fr.live() as french,
        desks.broker_il.live() as israeli,
    ):
        earlier = await _counted(line)
        await visitor.log_in("broker.fr")
        page = await visitor.open_live("/claims")
        begun = monotonic()
        await publish_with_kcat(program, doomed_stack.bootstrap, burst.messages)
        published = since(begun)
        await check_answers(burst, line, unattributable=earlier + burst.unattributable)
        print(f"\n{len(burst.messages)} messages published in {published}, all answered after {since(begun)}")
        await _check(burst, eyes, desks)
        print(f"every claim's page and every alert looked at, one after the other, after {since(begun)}")

        await _check_live(french, burst.due_in("agency-fr"))
        await _check_live(israeli, burst.due_in("agency-il"))
        rows = {one["claim_number"]: str(one["sequence"]) for one in await desks.broker_fr.claims()}

        async def shown() -> bool:
            script = "rows => Object.fromEntries(rows.map(row => [row.dataset.claim, row.dataset.sequence]))"
            found: dict[str, str] = await page.locator("#claims tbody tr").evaluate_all(script)
            return found == rows

        await soon(shown, what="the open page with every claim's newest version")
        assert await page.evaluate("window.kept === true")
    await visitor.close()
    # A toast may be asked for before the read model has its alert: 404, and the list has it a moment later.
    assert not [one for one in visitor.errors if "/toast" not in one]
    assert not doomed_stack.trouble()


async def test_kill_9_of_each_service_in_turn_changes_nothing(doomed_stack: Stack, desks: Desks) -> None:
    burst, eyes = await _prepared(doomed_stack, desks, seed=2)
    async with partner_line(doomed_stack) as line:
        earlier = await _counted(line)
        parts = 2 * len(SERVICES)
        size = -(-len(burst.messages) // parts)
        chunks = [burst.messages[start : start + size] for start in range(0, len(burst.messages), size)]
        sent = 0
        for service, before, after in zip(SERVICES, chunks[::2], chunks[1::2], strict=True):
            await line.push_all(before)
            sent += len(before)
            answered = sum(len(line.data(one.id)) for one in burst.good)
            victim = doomed_stack.kill(service)
            print(f"\nkill -9 {service}: {sent} sent, {answered} answered")
            await line.push_all(after)
            sent += len(after)
            await asyncio.to_thread(doomed_stack.wait_for_successor, service, victim)
        await check_answers(burst, line, unattributable=earlier + burst.unattributable)
        await _check(burst, eyes, desks)


async def test_kill_9_of_the_broker_loses_nothing_that_the_sender_sends_again(
    doomed_stack: Stack, desks: Desks
) -> None:
    burst, eyes = await _prepared(doomed_stack, desks, seed=3)
    half = len(burst.messages) // 2
    async with partner_line(doomed_stack) as line:
        earlier = await _counted(line)
        await line.push_all(burst.messages[:half])

        async def some() -> bool:
            return any(one.id in line.receipts for one in burst.good)

        await soon(some)
        victim = doomed_stack.kill_broker()
        known = {one for one in burst.ids if one in line.receipts}
        nameless = len(unattributed(line)) - earlier
        print(f"\nkill -9 of the broker: {half} acknowledged, {len(known)} answered as far as the sender saw")
    await asyncio.to_thread(doomed_stack.wait_for_successor, "broker", victim)
    await asyncio.to_thread(doomed_stack.wait_until_ready)
    async with partner_line(doomed_stack) as line:
        again = [one for one in burst.messages[:half] if one.id not in known]
        await line.push_all(again + burst.messages[half:])
        await line.answers(burst.ids, within=60)
        for one in burst.good:
            outcomes = [answer["outcome"] for answer in line.data(one.id)]
            assert outcomes[0] == "accepted", (one.id, outcomes)
            assert set(outcomes[1:]) <= {"duplicate"}, (one.id, outcomes)
        assert nameless >= 0
        await _check(burst, eyes, desks)
    assert len(burst.good) == UPDATES
