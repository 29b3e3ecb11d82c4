"""The play: who speaks next, what is waiting for its receipt, and what is done about those that do not come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random
from typing import Final

import orjson

from deploy.simulate import contracts
from deploy.simulate.accounts import Demo
from deploy.simulate.bus import Bus, BusErrors
from deploy.simulate.cast import PARTS, WEIGHTS
from deploy.simulate.desk import Desk, DeskAway
from deploy.simulate.known import KnownClaim, KnownContract
from deploy.simulate.score import Score
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.codes import ContractStatus, ProductLine
from shared.contracts.envelope import isoformat, partner_source
from shared.contracts.partners import UPDATE_TYPES, PartnerUpdate, Receipt
from shared.errors import DomainError
from shared.identifiers import new_id

FEWEST_REPAIRS: Final = 6
"""When an agency's garage has fewer cars than this, its brokers report new claims."""
AGAIN_SECONDS: Final = 10.0
"""After so long a message without a receipt may be sent again, under the same id: that is what partners do."""
OVERTAKEN_SECONDS: Final = 5.0
"""A message is lost rather than late when one that was sent so much later has its receipt."""
CONTRACTS: Final = 30
"""Contracts of each insurer that it speaks of: enough for one run, and read in a moment."""
LAST_SECONDS: Final = 5.0
"""How long the end waits for the last receipts."""
_BACKLOG_SECONDS: Final = 10
"""Work that may wait at the demo before the players hold their tongues: it is slower than the rate then."""
_MOTOR: Final = frozenset({ProductLine.MOTOR_CAR, ProductLine.MOTOR_BIKE})

Subject = KnownClaim | KnownContract


@dataclass
class Spoken:
    """A message on its way."""

    topic: str
    key: str
    body: bytes
    subject: Subject
    first_sent: float
    last_sent: float
    repeated: bool = False


class Play:
    """One run against one demo."""

    def __init__(
        self, demo: Demo, desk: Desk, bus: Bus, clock: Clock, random: Random, tell: Callable[[str], None]
    ) -> None:
        """Take the stage; `prepare` reads how things stand."""
        self.score = Score()
        self.claims: dict[str, KnownClaim] = {}
        self.contracts: dict[str, KnownContract] = {}
        self.waiting: dict[str, Spoken] = {}
        self._demo = demo
        self._desk = desk
        self._bus = bus
        self._clock = clock
        self._random = random
        self._tell = tell
        self._sequence = 0
        self._answered = asyncio.Event()
        self._heard_at = 0.0
        self._answered_up_to = 0.0

    async def prepare(self) -> None:
        """Read the open claims and the insurers' contracts. Raises `DeskAway`."""
        self.claims = {one.claim_number: one for one in await self._desk.claims()}
        numbers: set[str] = set()
        for held in self._demo.policy_numbers.values():
            numbers |= set(self._random.sample(held, min(len(held), CONTRACTS)))
        self.contracts = {one.state.policy_number: one for one in await self._desk.contracts(sorted(numbers))}

    async def run(self, rate: float, seconds: float | None, stop: asyncio.Event) -> None:
        """Speak `rate` times a second until `stop` is set or `seconds` are over, then wait for the last receipts."""
        helpers = [asyncio.create_task(one()) for one in (self._listen, self._keep_house, self._report)]
        try:
            await self._speak_on(rate, seconds, stop)
            if self.waiting:
                self._answered.clear()
                await _first_of(self._answered, LAST_SECONDS)
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            for line in self.score.summary(len(self.waiting)):
                self._tell(line)

    async def _speak_on(self, rate: float, seconds: float | None, stop: asyncio.Event) -> None:
        begun = due = time.monotonic()
        while not stop.is_set():
            now = time.monotonic()
            if seconds is not None and now - begun >= seconds:
                return
            if now < due:
                await _first_of(stop, due - now)
                continue
            # After a pause (a broker that was away) the rate goes on; what was missed is not made up for.
            due = max(due, now - 1) + 1 / rate
            if len(self.waiting) < max(20.0, rate * _BACKLOG_SECONDS):
                await self.speak()
            else:
                await _first_of(stop, 0.05)

    async def speak(self) -> bool:
        """Have somebody say something that is legal now; False when nobody has anything to say."""
        kinds = dict(WEIGHTS)
        now = self._clock.now()
        while kinds:
            kind = self._random.choices(list(kinds), list(kinds.values()))[0]
            found = self._next_update(kind, now.date())
            if found is None:
                del kinds[kind]
                continue
            partner, subject, update = found
            try:
                _follow(subject, update, now)
            except DomainError:
                subject.doubtful = True
                continue
            await self._send(partner, kind, subject, update, now)
            return True
        return False

    def take(self, receipt: Receipt) -> None:
        """Note what became of one of our messages; other senders' receipts are none of our business."""
        self._heard_at = time.monotonic()
        spoken = self.waiting.pop(receipt.message_id, None)
        if spoken is None:
            return
        spoken.subject.waiting -= 1
        self._answered_up_to = max(self._answered_up_to, spoken.last_sent)
        if receipt.outcome == "rejected":
            spoken.subject.doubtful = True
        if not self.waiting:
            self._answered.set()
        self.score.answered(receipt, time.monotonic() - spoken.first_sent, repeated=spoken.repeated)

    def _next_update(self, kind: str, today: date) -> tuple[str, Subject, PartnerUpdate] | None:
        """Choose a partner of this kind and what it says: (partner, of what, the update)."""
        if kind == topics.CONTRACT_UPDATES:
            known = [one for one in self.contracts.values() if not one.doubtful and contracts.has_work(one)]
            if not known:
                return None
            contract = self._random.choice(known)
            insured_by = contract.state.insurer.partner_id or ""
            return insured_by, contract, contracts.report(self._random, contract, today, self._number())
        part = PARTS[kind]
        able = [
            one
            for one in self.claims.values()
            if not one.doubtful and self._plays(part.partner(one), kind) and part.has_work(one)
        ]
        if not able:
            return None
        claim = self._random.choice(able)
        return part.partner(claim) or "", claim, part.report(self._random, claim, today, self._number())

    def _plays(self, partner: str | None, kind: str) -> bool:
        played = self._demo.partners.get(partner or "")
        return played is not None and kind in topics.UPDATE_KINDS_OF[played]

    def _number(self) -> int:
        """Give a sequence that grows from message to message and from run to run: microseconds since 1970."""
        self._sequence = max(self._sequence + 1, int(self._clock.now().timestamp() * 1_000_000))
        return self._sequence

    async def _send(
        self, partner: str, kind: str, subject: Subject, update: PartnerUpdate, at: datetime
    ) -> None:
        message_id = new_id()
        message = {
            "specversion": "1.0",
            "id": message_id,
            "source": partner_source(partner),
            "type": UPDATE_TYPES[kind],
            "time": isoformat(at),
            "datacontenttype": "application/json",
            "data": {**update.model_dump(mode="json", exclude_none=True), "occurred_at": isoformat(at)},
        }
        key = subject.claim_number if isinstance(subject, KnownClaim) else subject.state.policy_number
        now = time.monotonic()
        topic = topics.partner_topic(partner, kind)
        spoken = Spoken(topic, key, orjson.dumps(message), subject, now, now)
        self.waiting[message_id] = spoken
        subject.waiting += 1
        self.score.sent[kind] += 1
        await self._bus.send(topic, key, spoken.body)

    async def _listen(self) -> None:
        while True:
            for receipt in await self._bus.receipts():
                self.take(receipt)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(1)
            away = "  (the broker is away)" if self._bus.lost else ""
            self._tell(
                f"{datetime.now(UTC).astimezone():%H:%M:%S}  {self.score.line(len(self.waiting))}{away}"
            )

    async def _keep_house(self) -> None:
        """Once a second: connect again, send again, read again, leave what has ended, report what is new."""
        trouble = ""
        while True:
            await asyncio.sleep(1)
            await self._mend()
            try:
                await self._read_again()
                await self._fill_garages()
            except DeskAway as error:
                if not trouble:
                    self._tell(f"the desk does not answer, the play goes on: {error}")
                trouble = str(error)
            else:
                trouble = ""

    async def _mend(self) -> None:
        late = self._late(time.monotonic())
        if late or self._bus.lost:
            # A client whose broker ended can hang without an error: a new one costs nothing.
            try:
                await self._bus.connect()
            except BusErrors:
                self._bus.lost = True
                return
        for spoken in late:
            spoken.last_sent, spoken.repeated = time.monotonic(), True
            self.score.repeated += 1
            await self._bus.send(spoken.topic, spoken.key, spoken.body)

    def _late(self, now: float) -> list[Spoken]:
        """List what is to be sent again. A demo that is merely slow must not be given more to do."""
        silent = now - self._heard_at > AGAIN_SECONDS
        lost_before = now if silent else self._answered_up_to - OVERTAKEN_SECONDS
        return [
            one
            for one in self.waiting.values()
            if now - one.last_sent > AGAIN_SECONDS and one.last_sent < lost_before
        ]

    async def _read_again(self) -> None:
        resting = [claim for claim in self.claims.values() if not claim.waiting]
        for claim in resting:
            if not claim.status.is_open:
                del self.claims[claim.claim_number]
                self.score.closed += 1
            elif claim.doubtful:
                self.claims[claim.claim_number] = await self._desk.claim(claim.claim_number)
        for number, contract in list(self.contracts.items()):
            if contract.doubtful and not contract.waiting:
                self.contracts[number] = await self._desk.contract(number)

    async def _fill_garages(self) -> None:
        """Report a claim in each agency whose garage runs out of work: repairs end, and accidents do not."""
        insured = [
            one.state
            for one in self.contracts.values()
            if one.state.line in _MOTOR and one.state.status is ContractStatus.IN_FORCE
        ]
        for agency in sorted({state.agency_id for state in insured}):
            cars = sum(1 for one in self.claims.values() if one.office.id == agency and one.in_repair)
            if cars >= FEWEST_REPAIRS:
                continue
            contract = self._random.choice([state for state in insured if state.agency_id == agency])
            claim = await self._desk.report_claim(self._random, contract, self._clock.now().date())
            self.claims[claim.claim_number] = claim
            self.score.reported += 1


def _follow(subject: Subject, update: PartnerUpdate, at: datetime) -> None:
    subject.follow(update, at)  # type: ignore[arg-type]


async def _first_of(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
