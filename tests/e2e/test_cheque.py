"""The warning before a cheque matures: at once when it is late, exactly once, for the agency's users only."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import pytest_asyncio

from tests.fixtures.desk import Desk, desk_of
from tests.fixtures.partners import Message, Partner, PartnerLine, partner, partner_line
from tests.fixtures.stack import Stack
from tests.fixtures.waiting import soon

WARNING = "cheque-maturing"


class Case(NamedTuple):
    """A claim whose insurer pays by cheque, and everybody who is to be warned, or not."""

    insurer: Partner
    number: str
    broker: Desk
    manager: Desk
    handler: Desk
    stranger: Desk
    line: PartnerLine

    def announcing(self, cheque: str, days: int, **more: Any) -> Message:
        """The insurer's update that tells when the cheque matures."""
        today = dt.datetime.now(dt.UTC).date()
        payment = {
            "reference": f"PAY-{cheque}",
            "kind": "indemnity",
            "payee": "Garage du Pont",
            "amount": "1250.00",
            "currency": "EUR",
            "method": "cheque",
            "cheque": {
                "number": cheque,
                "bank": "Banque Rive",
                "matures_on": (today + dt.timedelta(days=days)).isoformat(),
                "status": "announced",
                **more,
            },
        }
        return self.insurer.message("claim-updates", {"claim_number": self.number, "payments": [payment]})

    async def accepted(self, *messages: Message) -> None:
        """Send, and wait until all are accepted."""
        await self.line.push_all(messages)
        answers = await self.line.answers([one.id for one in messages])
        assert {one[0]["outcome"] for one in answers.values()} == {"accepted"}

    async def warnings(self, desk: Desk, position: int) -> list[dict[str, Any]]:
        """Warnings about this claim after a position."""
        return [
            one
            for one in await desk.alerts_after(position)
            if one["kind"] == WARNING and one["claim_number"] == self.number
        ]

    async def until_warned(self, position: int, count: int) -> list[dict[str, Any]]:
        """Wait for so many warnings; more than that fail."""

        async def warned() -> bool:
            return len(await self.warnings(self.broker, position)) >= count

        await soon(warned, what=f"{count} warnings")
        found = await self.warnings(self.broker, position)
        assert len(found) == count, [one["text"] for one in found]
        return found


def new_number() -> str:
    """A cheque's number."""
    return uuid.uuid4().hex[:8].upper()


@pytest_asyncio.fixture(loop_scope="session")
async def case(doomed_stack: Stack) -> AsyncIterator[Case]:
    insurer = partner(doomed_stack, "insurer-alpha")
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(partner_line(doomed_stack))
        names = ("broker.fr", "manager.fr", "handler", "broker.il")
        desks = [await stack.enter_async_context(desk_of(doomed_stack, one)) for one in names]
        number = next(
            one["claim_number"]
            for one in await desks[0].claims(state="open")
            if one["claim_number"] in insurer.claim_numbers
        )
        yield Case(insurer, number, desks[0], desks[1], desks[2], desks[3], line)


async def test_a_cheque_within_the_agencys_days_warns_all_its_users_at_once_and_nobody_else(
    case: Case,
) -> None:
    position, foreign = await case.broker.newest_position(), await case.stranger.newest_position()
    cheque = new_number()
    async with case.broker.live() as live, case.stranger.live() as other:
        await case.accepted(case.announcing(cheque, 10))
        told = await live.wait_for(lambda one: one.name == "alert" and one.data["kind"] == WARNING)
        assert told.data["claim_number"] == case.number
        assert not other.named("alert")
    (warning,) = await case.until_warned(position, 1)
    assert cheque in warning["text"] or "250,00" in warning["text"]
    for desk in (case.manager, case.handler):
        assert [one["id"] for one in await case.warnings(desk, position)] == [warning["id"]]
    assert await case.stranger.alerts_after(foreign) == []


async def test_neither_repetition_nor_restart_nor_a_changed_date_warns_twice(
    case: Case, doomed_stack: Stack
) -> None:
    position = await case.broker.newest_position()
    cheque, far, fence = new_number(), new_number(), new_number()
    await case.accepted(case.announcing(far, 60), case.announcing(cheque, 10))
    await case.until_warned(position, 1)

    await case.accepted(case.announcing(cheque, 10, bank="Autre banque"), case.announcing(cheque, 12))
    victim = doomed_stack.kill("notifications")
    await case.accepted(case.announcing(cheque, 11), case.announcing(far, 61))
    await asyncio.to_thread(doomed_stack.wait_for_successor, "notifications", victim)
    await case.accepted(case.announcing(cheque, 60), case.announcing(cheque, 9))

    # What is warned of last shows that all before it was thought about: of the far one and the repeated one, nothing.
    await case.accepted(case.announcing(fence, 5))
    await case.until_warned(position, 2)


async def test_a_far_cheque_that_comes_near_warns_once(case: Case) -> None:
    position = await case.broker.newest_position()
    cheque, deposited, fence = new_number(), new_number(), new_number()
    await case.accepted(case.announcing(cheque, 60))
    await case.accepted(case.announcing(deposited, 8, status="deposited"))
    assert await case.warnings(case.broker, position) == []
    await case.accepted(case.announcing(cheque, 8))
    await case.until_warned(position, 1)
    await case.accepted(case.announcing(fence, 14))
    await case.until_warned(position, 2)
