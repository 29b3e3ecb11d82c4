"""The campaign: load, faults one after the other, and at the end the reckoning."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Final

import httpx
from aiokafka import AIOKafkaProducer

from services.gateway.live.events import EVENTS_PER_ALERT
from shared.contracts.topics import CLAIMS_EVENTS
from tests.faults import checks
from tests.faults.breaking import Breaker, Doors
from tests.faults.browsers import Browser
from tests.faults.evidence import Evidence
from tests.faults.garages import CHUNK, WINDOW, Garages, write
from tests.faults.ledger import Due, Ledger, Message, Place, Recovery, agencies, due
from tests.faults.plan import Car, Content, Draft, Fault, Kind, plan_faults, plan_updates
from tests.fixtures.desk import Desk, desk_of
from tests.fixtures.fleet import Fleet
from tests.fixtures.partners import partner
from tests.fixtures.waiting import soon

GARAGES: Final = ("garage-lyon", "garage-haifa")
AGENCIES: Final = {"broker.fr": "agency-fr", "broker.il": "agency-il"}
"""Who looks, and whose."""
REPLICAS: Final = {"policy": 1, "claims": 2, "documents": 1, "notifications": 2, "gateway": 2}
BOUND: Final = 120.0
"""Seconds within which all works again after a fault: the watchdog's 60 and 15, a start, and room for two busy cores."""
SETTLE_SECONDS: Final = 600.0
POISON_EVERY: Final = 4
LISTENERS: Final = frozenset({"documents", "notifications", "gateway"})
"""Who listens to the topic that poison is planted in."""
_POISON: Final = b'{"type": "dossier.claims.claim-changed.v1", "data": '


@dataclass
class Outcome:
    """What came of it."""

    faults: list[Fault]
    sent: int = 0
    unknown: int = 0
    accepted: int = 0
    duplicate: int = 0
    stale: int = 0
    rejected: int = 0
    planted: int = 0
    recoveries: list[Recovery] = field(default_factory=list)
    seconds: float = 0.0
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The result as docs/reliability.md has it."""
        times = sorted(one.seconds for one in self.recoveries) or [0.0]
        verdict = (
            f"WRONG: {', '.join(self.wrong)}"
            if self.wrong
            else "nothing lost, nothing twice, nothing foreign"
        )
        kinds = {kind: sum(one.kind is kind for one in self.faults) for kind in Kind}
        return [
            f"{len(self.faults)} faults: "
            + "; ".join(f"{number} x {kind}" for kind, number in kinds.items() if number),
            f"{self.sent} updates sent, {self.unknown} sends without an acknowledgement (sent again)",
            f"due: {self.accepted} accepted, {self.duplicate} duplicate, {self.stale} stale, {self.rejected} rejected",
            f"{self.planted} events that nobody can read were planted between the services",
            f"recovery: median {times[len(times) // 2]:.0f} s, longest {times[-1]:.0f} s (bound {BOUND:.0f} s)",
            f"{self.seconds:.0f} s in all; {verdict}",
            *[checks.told(wrong) for wrong in self.wrong.values()],
        ]


class Campaign:
    """One run on one fleet. `say` is told what happens."""

    def __init__(self, fleet: Fleet, doors: Doors, seed: int, say: Callable[[str], None]) -> None:
        """Prepare; nothing is broken before `run`."""
        self._fleet = fleet
        self._seed = seed
        self._say = say
        self._breaker = Breaker(fleet, doors)
        self._run = uuid.uuid4().hex[:6]
        self._first_sequence = time.time_ns() // 1000
        self._numbers = count()
        self._ledger = Ledger()
        self._garages = Garages(fleet.bootstrap, self._ledger, GARAGES)
        self._evidence = Evidence(fleet.bootstrap, doors.engines.postgresql, GARAGES)
        self._planted: dict[Place, set[str]] = {}
        self._probes = count(1)

    async def run(self, faults: int, updates: int) -> Outcome:
        """Send so many updates while so many faults happen, wait until all is quiet, and look at everything."""
        begun = time.monotonic()
        plan = plan_faults(self._seed, faults, self._fleet.names)
        outcome = Outcome(plan)
        async with AsyncExitStack() as stack:
            gateways = [one.url for one in self._fleet.replicas_of("gateway")]
            handlers = [
                await stack.enter_async_context(desk_of(self._fleet, "handler", one)) for one in gateways
            ]
            handler = handlers[0]
            cars = await self._cars(handler)
            probed = [next(one for one in cars if one.garage == name) for name in GARAGES]
            before = {car.claim_number: (await handler.claim(car.claim_number))["sequence"] for car in cars}
            starts, first_alert = await self._evidence.ends(), await self._evidence.newest_alert()
            listening = asyncio.create_task(self._garages.listen())
            stack.push_async_callback(_cancelled, listening)
            stack.push_async_callback(self._garages.close)
            browsers = [Browser(self._fleet, one, self._fleet.replicas_of("gateway")) for one in AGENCIES]
            for browser in browsers:
                stack.push_async_callback(_cancelled, asyncio.create_task(browser.listen()))
                await browser.connected.wait()
            drafts = plan_updates(self._seed, updates, [one for one in cars if one not in probed])
            works_again = partial(self._recovered, handlers, probed)
            await self._break_and_send(drafts, outcome, works_again)
            await self._settled()
            expected = due(self._ledger, log := await self._evidence.log(starts))
            outcome.wrong = {
                name: wrong
                for name, wrong in {
                    "kept": checks.kept(self._ledger, log),
                    **await self._look(expected, before, first_alert),
                    "recovered": checks.recovered(outcome.recoveries, BOUND),
                    "foreign": await self._foreign(),
                    **await self._watched(browsers, first_alert),
                }.items()
                if wrong
            }
        self._count(outcome, expected)
        outcome.seconds = time.monotonic() - begun
        return outcome

    async def _look(self, expected: Due, before: dict[str, int], first_alert: int) -> dict[str, list[str]]:
        """Compare what is due with what there is, in every place that has it."""
        evidence, own, claims = self._evidence, agencies(self._ledger), list(before)
        receipts = [
            one
            for one in await evidence.receipts()
            if one.message_id.startswith((self._run, "record:")) and self._is_ours(one.message_id, expected)
        ]
        found = {
            "answered": checks.answered(self._ledger, expected, receipts),
            "put aside": checks.put_aside(expected, await evidence.dead_letters(), self._planted),
        }
        for service in ("claims", "gateway"):
            histories = await evidence.histories(service, claims)
            found[f"applied in {service}"] = checks.applied(expected, before, histories, service)
        for service in ("notifications", "gateway"):
            alerts = await evidence.alerts(service, first_alert)
            found[f"alerted in {service}"] = checks.alerted(expected, own, before, alerts, service)
        return found

    @staticmethod
    def _is_ours(message_id: str, expected: Due) -> bool:
        """Nameless answers of an earlier campaign on the same broker are not this one's business."""
        return not message_id.startswith("record:") or message_id in expected.answers

    async def _cars(self, handler: Desk) -> list[Car]:
        """The claims in repair at the demo's garages."""
        claims = {one["claim_number"]: one for one in await handler.claims(state="open")}
        found = []
        for name in GARAGES:
            for number in partner(self._fleet, name).claim_numbers:
                if number in claims and claims[number]["repair"] is not None:
                    state = await handler.claim(number)
                    found.append(Car(name, number, state["repair"]["phase"], state["agency_id"]))
        return found

    async def _break_and_send(
        self, drafts: Sequence[Draft], outcome: Outcome, works_again: Callable[[], Awaitable[None]]
    ) -> None:
        """Send a share of the updates around each fault, and wait after each until all works again."""
        plan = outcome.faults
        share = -(-len(drafts) // (len(plan) + 1))
        messages = self._written(drafts)
        await self._send(messages[:share])
        for index, fault in enumerate(plan):
            self._say(f"{index + 1}/{len(plan)} {fault}")
            sending = asyncio.create_task(self._send(messages[share * (index + 1) : share * (index + 2)]))
            try:
                await self._breaker.apply(fault)
                if index % POISON_EVERY == 0:
                    await self._plant()
                begun = time.monotonic()
                await works_again()
                await sending
            except (
                BaseException
            ):  # Ctrl-C too: what is sent again until it is acknowledged would be so for ever
                await _cancelled(sending)
                raise
            outcome.recoveries.append(Recovery(str(fault), time.monotonic() - begun))
            self._say(
                f"    works again after {outcome.recoveries[-1].seconds:.1f} s; {self._garages.sent} sent"
            )

    def _written(self, drafts: Sequence[Draft]) -> list[tuple[str, Message, bytes]]:
        numbers = [next(self._numbers) for _ in drafts]
        return [
            write(
                one, numbers[index if one.repeats is None else one.repeats], self._first_sequence, self._run
            )
            for index, one in enumerate(drafts)
        ]

    async def _send(self, messages: Sequence[tuple[str, Message, bytes]]) -> None:
        for start in range(0, len(messages), CHUNK):
            await soon(self._has_room, SETTLE_SECONDS, f"fewer than {WINDOW} messages without an answer")
            await self._garages.send(messages[start : start + CHUNK])

    async def _has_room(self) -> bool:
        return self._garages.unanswered <= WINDOW

    async def _plant(self) -> None:
        """Put an event that nobody can read into a topic between services."""
        async with AIOKafkaProducer(bootstrap_servers=self._fleet.bootstrap, acks="all") as producer:
            record = await producer.send_and_wait(CLAIMS_EVENTS, value=_POISON, key=b"poison")
        self._planted[Place(record.topic, record.partition, record.offset)] = set(LISTENERS)

    async def _recovered(self, handlers: Sequence[Desk], probed: Sequence[Car]) -> None:
        """Wait until every process is ready, and a new update of each garage is answered and on its page at every gateway."""

        async def up() -> bool:
            return await asyncio.to_thread(lambda: all(map(self._fleet.is_ready, self._fleet.names)))

        await soon(up, 2 * BOUND, "every process up")  # look by look: nobody can interrupt a thread
        async with httpx.AsyncClient(timeout=5) as http:

            async def ready() -> bool:
                urls = [f"{one.url}/health/ready" for one in self._fleet.replicas]
                answers = await asyncio.gather(*(http.get(one) for one in urls), return_exceptions=True)
                return all(isinstance(one, httpx.Response) and one.status_code == 200 for one in answers)

            await soon(ready, 2 * BOUND, "every process ready")
        order = next(self._probes)
        probes = [Draft(Content.GOOD, car, f"probe-{order}-{car.claim_number}", order) for car in probed]
        messages = self._written(probes)
        await self._garages.send(messages)

        async def shown() -> bool:
            answers = [self._garages.answered.get(name) for name, _, _ in messages]
            return all(answers) and all(
                [
                    (await desk.claim(one["claim_number"]))["sequence"] >= one["sequence"]
                    for desk in handlers
                    for one in answers
                    if one
                ]
            )

        await soon(shown, 2 * BOUND, "an answer to new updates, and their pages at every gateway")

    async def _settled(self) -> None:
        """Wait until every message is answered, nothing waits to be published, and nothing to be taken."""

        async def answered() -> bool:
            return self._garages.unanswered == 0

        await soon(answered, SETTLE_SECONDS, "an answer to every message")
        async with httpx.AsyncClient(timeout=10) as http:
            quiet = 0

            async def idle() -> bool:
                nonlocal quiet
                urls = [f"{one.url}/health/ready" for one in self._fleet.replicas]
                answers = [(await http.get(one)).json()["checks"]["messaging"] for one in urls]
                waiting = sum(one["consumer"]["lag"] + one["relay"]["pending"] for one in answers)
                quiet = quiet + 1 if not waiting else 0
                return quiet > 2

            await soon(idle, SETTLE_SECONDS, "nothing under way")

    async def _foreign(self) -> list[str]:
        """What each agency's broker is shown is his agency's: claims and alerts, at every gateway."""
        wrong = []
        for gateway in self._fleet.replicas_of("gateway"):
            for name in AGENCIES:
                async with desk_of(self._fleet, name, gateway.url) as desk:
                    wrong += await self._shown(desk, f"{name} at {gateway.name}")
        return wrong

    async def _watched(self, browsers: Sequence[Browser], first_alert: int) -> dict[str, list[str]]:
        """What the browsers were told all along, once the last of it has come."""
        alerts = await self._evidence.alerts("gateway", first_alert)
        newest = {
            one: max((two.position for two in alerts if two.agency == one), default=0)
            for one in AGENCIES.values()
        }

        async def all_told() -> bool:
            return all(one.newest >= newest[AGENCIES[one.user]] * EVENTS_PER_ALERT for one in browsers)

        await soon(all_told, SETTLE_SECONDS, "the last alert at every browser")
        return {
            f"told {one.user}": checks.streamed(one.told, alerts, AGENCIES[one.user], one.user)
            for one in browsers
        }

    async def _shown(self, desk: Desk, who: str) -> list[str]:
        own = agencies(self._ledger)
        claims = {one["claim_number"] for one in await desk.claims(state="all")}
        told: list[Any] = (await desk.get("/alerts", limit=200))["items"]
        numbers = claims | {one["claim_number"] for one in told if one["claim_number"]}
        return [f"{who} is shown {one}" for one in numbers if own.get(one, "") not in {"", *desk.agencies}]

    def _count(self, outcome: Outcome, expected: Due) -> None:
        outcomes = [one for answers in expected.answers.values() for one in answers]
        outcome.sent, outcome.unknown = self._garages.sent, self._ledger.unknown
        outcome.planted = len(self._planted)
        outcome.accepted, outcome.duplicate = outcomes.count("accepted"), outcomes.count("duplicate")
        outcome.stale, outcome.rejected = outcomes.count("stale"), outcomes.count("rejected")


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
