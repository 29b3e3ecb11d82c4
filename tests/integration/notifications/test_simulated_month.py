"""A month at two agencies, with everything that goes wrong: each cheque is warned of exactly as the rules say.

Restarts at random, two replicas at once, jumps of the machine's clock, dates that change, events that come twice, late or
in the wrong order, agencies that change their days. A model of the rules, written apart from the service, says which
warnings there must be. Seeded: a failure can be repeated by its seed.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.clock import ManualClock
from shared.contracts.claims import ClaimState, Payment
from shared.contracts.codes import ChequeStatus
from shared.contracts.envelope import CloudEvent
from shared.contracts.identity import AgencyState
from tests.integration.notifications.frame import Desk
from tests.unit.notifications.factory import INSURER, LOADED, agency, cheque_payment, claim, event_of

START = datetime(2026, 3, 9, 8, tzinfo=UTC)  # Paris and Jerusalem change their clocks in this month
MONTH = timedelta(days=31)
ZONES = {"agency-fr": "Europe/Paris", "agency-il": "Asia/Jerusalem"}
WAITING = {ChequeStatus.ANNOUNCED, ChequeStatus.RECEIVED}
Told = tuple[str, str, date]
"""Claim, cheque number, maturity date."""


@dataclass
class Cheque:
    """What the model knows of one cheque."""

    agency_id: str
    matures_on: date | None = None
    open: bool = False
    resting: bool = False  # nothing will be said of the present date
    warned: set[date] = field(default_factory=set)


class Model:
    """The rules as a broker would tell them."""

    def __init__(self) -> None:
        self.days = dict.fromkeys(ZONES, 14)
        self.versions: dict[str, int] = {}
        self.cheques: dict[tuple[str, str], Cheque] = {}
        self.warnings: list[Told] = []

    def instant(self, agency_id: str, matures_on: date) -> datetime:
        day = matures_on - timedelta(days=self.days[agency_id])
        return datetime.combine(day, time(), ZoneInfo(ZONES[agency_id])).astimezone(UTC)

    def arrives(self, state: ClaimState, now: datetime, *, imported: bool) -> None:
        if state.sequence <= self.versions.get(state.id, 0):
            return
        self.versions[state.id] = state.sequence
        told = {(state.id, one.cheque.number): one.cheque for one in state.settlement.payments if one.cheque}
        for key, cheque in told.items():
            known = self.cheques.setdefault(key, Cheque(state.agency_id))
            is_open = cheque.status in WAITING and cheque.matures_on is not None
            if is_open and cheque.matures_on is not None:
                self._dated(known, cheque.matures_on, now, imported=imported)
            elif known.open:
                known.open = False
        for key, known in self.cheques.items():
            if key[0] == state.id and key not in told:
                known.open = False

    def _dated(self, known: Cheque, new: date, now: datetime, *, imported: bool) -> None:
        owed = (
            known.open
            and not known.resting
            and known.matures_on is not None
            and self.instant(known.agency_id, known.matures_on) <= now
        )
        waited = known.open and not known.resting and known.matures_on == new
        silent = known.resting and known.matures_on == new
        in_future = self.instant(known.agency_id, new) > now
        over = datetime.combine(new, time(), ZoneInfo(ZONES[known.agency_id])) + timedelta(days=1) <= now
        if new in known.warned or silent:
            resting = True
        elif waited or owed:
            resting = False
        elif known.warned:
            resting = not in_future
        else:
            resting = imported and over
        known.open, known.matures_on, known.resting = True, new, resting

    def runs(self, now: datetime) -> None:
        for (claim_id, number), known in self.cheques.items():
            if not known.open or known.resting or known.matures_on is None:
                continue
            if self.instant(known.agency_id, known.matures_on) <= now:
                known.warned.add(known.matures_on)
                known.resting = True
                self.warnings.append((claim_id, number, known.matures_on))


class Month:
    """One simulated month: an insurer, a bus that misbehaves, a service that is restarted, and the model beside it."""

    def __init__(self, url: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = ManualClock(START)
        self.desk = Desk(url, self.clock)
        self.model = Model()
        self.agencies: dict[str, AgencyState] = {}
        self.claims: dict[str, ClaimState] = {}
        self.dates: list[tuple[tuple[str, str], date | None]] = []
        self.held: list[CloudEvent[ClaimState]] = []
        self.sent: list[CloudEvent[ClaimState]] = []
        self.done: Counter[str] = Counter()

    async def open(self) -> None:
        for agency_id, zone in ZONES.items():
            await self.set_days(agency(agency_id, timezone=zone))

    async def set_days(self, state: AgencyState) -> None:
        self.agencies[state.id] = state
        self.model.days[state.id] = state.cheque_warning_days
        await self.desk.tell(event_of(state, "agency-changed", actor=LOADED))

    async def deliver(self, *events: CloudEvent[ClaimState]) -> None:
        now = self.clock.now()
        for event in events:
            imported = event.data.actor.kind == "import"  # type: ignore[attr-defined]
            self.model.arrives(event.data.state, now, imported=imported)  # type: ignore[attr-defined]
        await self.desk.tell(*events)
        self.sent.extend(events)

    async def step(self) -> None:
        """Let one thing happen."""
        happen = self.random.choices(
            (
                self.announce,
                self.amend,
                self.amend_and_hold,
                self.release_held,
                self.repeat,
                self.change_days,
                self.restart,
                self.pass_time,
                self.jump,
                self.run,
                self.run_two_replicas,
            ),
            weights=(8, 14, 5, 5, 5, 1, 4, 20, 3, 15, 2),
        )[0]
        self.done[happen.__name__] += 1
        await happen()

    async def announce(self) -> None:
        """A claim with some cheques, told live or loaded."""
        payments = tuple(self.payment(number) for number in range(self.random.randint(1, 3)))
        state = claim(self.random.choice(list(ZONES)), *payments)
        self.claims[state.id] = state
        actor = LOADED if self.random.random() < 0.25 else INSURER
        await self.deliver(event_of(state, "claim-registered", actor=actor))

    def payment(self, number: int, status: ChequeStatus = ChequeStatus.ANNOUNCED) -> Payment:
        matures_on = self.clock.now().date() + timedelta(days=self.random.randint(-4, 40))
        return cheque_payment(f"P-{number}", matures_on, status=status)

    def amended(self) -> CloudEvent[ClaimState] | None:
        """The next version of a claim: a date, a status, a replacement, or nothing that matters."""
        if not self.claims:
            return None
        state = self.claims[self.random.choice(list(self.claims))]
        payments = list(state.settlement.payments)
        place = self.random.randrange(len(payments))
        cheque = payments[place].cheque
        assert cheque is not None
        match self.random.randint(0, 7):
            case 0 | 1 | 2:
                payments[place] = self.payment(place)
            case 7:  # back to a date that it had before
                earlier = [day for told, day in self.dates if told == (state.id, cheque.number)]
                new = (
                    cheque.model_copy(update={"matures_on": self.random.choice(earlier)})
                    if earlier
                    else cheque
                )
                payments[place] = payments[place].model_copy(update={"cheque": new})
            case 3 | 4:
                status = self.random.choice(list(ChequeStatus))
                new = cheque.model_copy(update={"status": status})
                payments[place] = payments[place].model_copy(update={"cheque": new})
            case 5:
                new = cheque.model_copy(update={"number": f"R-{self.random.randint(0, 3)}-{place}"})
                payments[place] = payments[place].model_copy(update={"cheque": new})
        self.dates.append(((state.id, cheque.number), cheque.matures_on))
        settlement = state.settlement.model_copy(update={"payments": tuple(payments)})
        changed = state.model_copy(update={"settlement": settlement, "sequence": state.sequence + 1})
        self.claims[state.id] = changed
        return event_of(changed, "cheque-changed", old=state)

    async def amend(self) -> None:
        if (event := self.amended()) is not None:
            await self.deliver(event)

    async def amend_and_hold(self) -> None:
        """The event is on its way for a while: newer ones may overtake it."""
        if (event := self.amended()) is not None:
            self.held.append(event)

    async def release_held(self) -> None:
        self.random.shuffle(self.held)
        held, self.held = self.held, []
        if held:
            await self.deliver(*held)

    async def repeat(self) -> None:
        """What was sent comes again, several at once."""
        if self.sent:
            again = self.random.sample(self.sent, min(3, len(self.sent)))
            await self.desk.tell(*again)

    async def change_days(self) -> None:
        state = self.agencies[self.random.choice(list(ZONES))]
        days = self.random.choice((7, 10, 14, 21))
        await self.set_days(
            state.model_copy(update={"cheque_warning_days": days, "sequence": state.sequence + 1})
        )
        await self.run()

    async def restart(self) -> None:
        await self.desk.restart()

    async def pass_time(self) -> None:
        self.clock.advance(timedelta(minutes=self.random.randint(5, 24 * 60)))

    async def jump(self) -> None:
        self.clock.advance(timedelta(hours=self.random.choice((-72, -24, -1, 1, 48, 96))))

    async def run(self) -> None:
        self.model.runs(self.clock.now())
        await self.desk.runner.run_once()

    async def run_two_replicas(self) -> None:
        self.model.runs(self.clock.now())
        other = Desk(self.desk.url, self.clock)
        await asyncio.gather(self.desk.runner.run_once(), other.runner.run_once())
        await other.close()

    async def warnings(self) -> list[Told]:
        return [
            (
                alert.subject_id,
                str(alert.params["number"]),
                date.fromisoformat(str(alert.params["matures_on"])),
            )
            for alert in await self.desk.alerts()
            if alert.kind == "cheque-maturing"
        ]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_cheque_is_warned_of_exactly_as_the_rules_say(database_url: str, seed: int) -> None:
    month = Month(database_url, seed)
    await month.open()
    while month.clock.now() < START + MONTH:
        await month.step()
    await month.release_held()
    month.clock.advance(timedelta(days=60))
    await month.run()

    warnings = await month.warnings()
    alerts = await month.desk.alerts()
    published = await month.desk.published()
    await month.desk.close()

    assert sorted(warnings) == sorted(month.model.warnings)
    assert len(set(warnings)) == len(warnings), "no date of a cheque is warned of twice"
    assert [alert.position for alert in alerts] == list(range(1, len(alerts) + 1))
    assert [event["data"]["state"]["position"] for event in published] == [alert.position for alert in alerts]
    assert len(warnings) > 20, "the month must have had something to warn of"
    assert month.done["restart"] > 2
    assert month.done["jump"] > 0
