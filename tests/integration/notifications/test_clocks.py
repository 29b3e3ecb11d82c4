"""Clocks from the event that sets them to the one alert they raise, with all that may come between."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from services.notifications.clocks.registry import KINDS, ClockKind, ClockKinds
from services.notifications.clocks.runner import FIRST_RETRY
from services.notifications.domain.alerts import AlertDraft
from services.notifications.domain.clocks import (
    UNKNOWN_AGENCY_GRACE,
    AgencyRules,
    Firing,
    Standing,
    WantedClock,
)
from services.notifications.models import Clock, ClockSource
from services.notifications.repository import due_clocks
from shared.contracts.claims import ClaimState
from shared.contracts.codes import ChequeStatus, Role
from shared.db.tenancy import EVERY_AGENCY
from shared.observability import metrics
from tests.integration.notifications.frame import Desk
from tests.unit.notifications.factory import LOADED, NOON, agency, cheque_payment, claim, event_of

AGENCY = "agency-il"
MATURES = date(2026, 3, 30)
DUE = datetime(2026, 3, 15, 22, tzinfo=UTC)  # local midnight, 14 days before
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
async def known_agency(desk: Desk, request: pytest.FixtureRequest) -> None:
    if "unknown_agency" not in request.fixturenames:
        await desk.tell(event_of(agency(AGENCY), "agency-registered", actor=LOADED))


@pytest.fixture
def unknown_agency() -> None:
    """Asked for by tests in which the agency's own event comes late."""


def announced(matures_on: date = MATURES, *, of: ClaimState | None = None, **payment: object) -> ClaimState:
    """A claim with one cheque, or its next version."""
    paid = cheque_payment("P-1", matures_on, **payment)  # type: ignore[arg-type]
    if of is None:
        return claim(AGENCY, paid)
    return of.model_copy(
        update={
            "settlement": of.settlement.model_copy(update={"payments": (paid,)}),
            "sequence": of.sequence + 1,
        }
    )


async def say(desk: Desk, state: ClaimState) -> ClaimState:
    """Tell a state without raising a change alert, so that the alerts are those of clocks."""
    await desk.tell(event_of(state, "cheque-changed", actor=LOADED))
    return state


async def test_a_cheque_is_warned_of_when_its_time_has_come_and_once(desk: Desk) -> None:
    state = await say(desk, announced())
    desk.clock.set(DUE - timedelta(seconds=1))
    assert await desk.run_clocks() == []

    desk.clock.set(DUE)
    [alert] = await desk.run_clocks()

    assert (alert.kind, alert.agency_id, alert.claim_number) == (
        "cheque-maturing",
        AGENCY,
        state.claim_number,
    )
    assert (alert.params["number"], alert.params["days"]) == ("N-P-1", 14)
    assert (alert.aggregate, alert.subject_id, alert.subject_sequence) == ("claim", state.id, 1)
    assert set(alert.roles) == {Role.BROKER, Role.MANAGER, Role.HANDLER}
    assert [event["data"]["state"]["id"] for event in await desk.published()] == [alert.id]
    row = await desk.clock_row()
    assert (row.standing, row.fired_at, row.alerted) == (Standing.FIRED, DUE, [MATURES.isoformat()])
    desk.clock.advance(DAY)
    assert await desk.run_clocks() == []


async def test_a_cheque_announced_within_the_window_is_warned_of_at_once_after_its_change_alert(
    desk: Desk,
) -> None:
    desk.clock.set(DUE + DAY)

    await desk.tell(event_of(announced(), "cheque-changed"))
    await desk.run_clocks()

    assert [alert.kind for alert in await desk.alerts()] == ["cheque-changed", "cheque-maturing"]


async def test_a_restart_neither_loses_nor_repeats_a_warning(desk: Desk) -> None:
    await say(desk, announced())
    await desk.restart()
    desk.clock.set(DUE + DAY)
    assert len(await desk.run_clocks()) == 1

    await desk.restart()

    assert await desk.run_clocks() == []


async def test_clock_jumps_neither_lose_nor_repeat_a_warning(desk: Desk) -> None:
    state = await say(desk, announced())
    desk.clock.set(DUE + 60 * DAY)
    [alert] = await desk.run_clocks()
    assert alert.params["days"] == -46  # it is 15 May there

    desk.clock.set(DUE - 10 * DAY)
    await say(desk, announced(of=state))
    desk.clock.set(DUE + DAY)

    assert await desk.run_clocks() == []


async def test_replicas_that_run_at_once_warn_once(desk: Desk) -> None:
    for number in range(30):
        await say(desk, claim(AGENCY, cheque_payment(f"P-{number}", MATURES)))
    desk.clock.set(DUE)
    replicas = [desk, *(Desk(desk.url, desk.clock) for _ in range(2))]

    fired = await asyncio.gather(*(replica.runner.run_once() for replica in replicas))
    for replica in replicas[1:]:
        await replica.close()

    assert sum(fired) == 30
    assert [alert.position for alert in await desk.alerts()] == list(range(1, 31))


@pytest.mark.parametrize(
    "status",
    [
        ChequeStatus.DEPOSITED,
        ChequeStatus.CLEARED,
        ChequeStatus.BOUNCED,
        ChequeStatus.REPLACED,
        ChequeStatus.CANCELLED,
    ],
)
async def test_a_cheque_that_waits_no_more_is_not_warned_of(desk: Desk, status: ChequeStatus) -> None:
    state = await say(desk, announced())
    await say(desk, announced(of=state, status=status))
    desk.clock.set(DUE)

    assert await desk.run_clocks() == []
    row = await desk.clock_row()
    assert (row.standing, row.cancelled_at) == (Standing.CANCELLED, NOON)


async def test_a_payment_that_disappears_takes_its_warning_along(desk: Desk) -> None:
    state = await say(desk, announced())
    without = state.settlement.model_copy(update={"payments": ()})
    await say(desk, state.model_copy(update={"settlement": without, "sequence": 2}))
    desk.clock.set(DUE)

    assert await desk.run_clocks() == []


async def test_a_replacement_with_another_number_is_warned_of_on_its_own(desk: Desk) -> None:
    state = await say(desk, announced())
    desk.clock.set(DUE)
    await desk.run_clocks()

    await say(desk, announced(of=state, number="77"))

    [alert] = await desk.run_clocks()
    assert alert.params["number"] == "77"


async def test_a_bounced_cheque_that_is_presented_anew_is_warned_of_again(desk: Desk) -> None:
    state = await say(desk, announced())
    desk.clock.set(DUE)
    await desk.run_clocks()
    state = await say(desk, announced(of=state, status=ChequeStatus.BOUNCED))
    await say(desk, announced(date(2026, 5, 30), of=state, status=ChequeStatus.RECEIVED))
    desk.clock.set(datetime(2026, 5, 16, tzinfo=UTC))

    [alert] = await desk.run_clocks()

    assert alert.params["matures_on"] == "2026-05-30"


async def test_after_a_warning_only_a_date_far_ahead_warns_again(desk: Desk) -> None:
    state = await say(desk, announced())
    desk.clock.set(DUE)
    await desk.run_clocks()

    state = await say(desk, announced(MATURES - DAY, of=state))
    assert await desk.run_clocks() == []
    await say(desk, announced(MATURES + 30 * DAY, of=state))
    assert await desk.run_clocks() == []
    desk.clock.set(DUE + 30 * DAY)

    [alert] = await desk.run_clocks()
    assert alert.params["matures_on"] == (MATURES + 30 * DAY).isoformat()


async def test_an_older_version_that_comes_late_moves_no_clock(desk: Desk) -> None:
    first = announced()
    second = announced(date(2026, 6, 1), of=first)
    await say(desk, second)

    await say(desk, first)

    row = await desk.clock_row()
    assert (row.occasion, row.source_sequence) == ("2026-06-01", 2)


async def test_loaded_history_warns_of_what_is_coming_and_not_of_what_is_past(desk: Desk) -> None:
    await say(desk, announced(date(2026, 3, 10)))
    await say(desk, announced(date(2025, 3, 10)))

    [alert] = await desk.run_clocks()

    assert alert.params["matures_on"] == "2026-03-10"
    assert {row.standing for row in await desk.clocks()} == {Standing.FIRED, Standing.LAPSED}


async def test_changing_the_days_of_the_agency_moves_all_its_clocks_and_no_other(desk: Desk) -> None:
    await desk.tell(event_of(agency("agency-fr"), "agency-registered", actor=LOADED))
    for number in range(5):
        await say(desk, claim(AGENCY, cheque_payment(f"P-{number}", MATURES)))
    await say(desk, claim("agency-fr", cheque_payment("P-1", MATURES)))
    desk.clock.set(DUE - 6 * DAY)
    await desk.run_clocks()

    await desk.tell(event_of(agency(AGENCY, days=20, sequence=2), "agency-changed"))

    assert [alert.agency_id for alert in await desk.run_clocks()] == [AGENCY] * 5


async def test_fewer_days_postpone_and_a_warning_already_given_is_not_repeated(desk: Desk) -> None:
    await say(desk, announced())
    await say(desk, claim(AGENCY, cheque_payment("P-2", MATURES + DAY)))
    desk.clock.set(DUE)
    assert len(await desk.run_clocks()) == 1

    await desk.tell(event_of(agency(AGENCY, days=3, sequence=2), "agency-changed"))
    desk.clock.set(DUE + 2 * DAY)
    assert await desk.run_clocks() == []
    desk.clock.set(DUE + 12 * DAY)

    assert [alert.params["reference"] for alert in await desk.run_clocks()] == ["P-2"]


async def test_a_clock_does_not_fire_by_rules_that_its_agency_has_changed(desk: Desk) -> None:
    await say(desk, announced())
    desk.clock.set(DUE)

    await desk.tell(event_of(agency(AGENCY, days=3, sequence=2), "agency-changed"))

    assert await desk.run_clocks() == []


async def test_what_was_derived_by_old_rules_is_not_due_until_it_is_derived_again(desk: Desk) -> None:
    await say(desk, announced())
    await desk.tell(event_of(agency(AGENCY, days=3, sequence=2), "agency-changed"))

    async with desk.database.write(EVERY_AGENCY) as session:  # it locks what it finds
        assert await due_clocks(session, DUE, KINDS.names, 10) == []


async def test_an_older_version_of_the_agency_changes_nothing(desk: Desk) -> None:
    await desk.tell(event_of(agency(AGENCY, days=3, sequence=5), "agency-changed"))
    await desk.tell(event_of(agency(AGENCY, days=20, sequence=4), "agency-changed"))
    await say(desk, announced())

    row = await desk.clock_row()
    assert row.due_at == datetime(2026, 3, 26, 21, 0, tzinfo=UTC) + timedelta(hours=1)


async def test_a_change_of_its_name_alone_derives_nothing_again(desk: Desk) -> None:
    await say(desk, announced())
    await desk.run_clocks()
    desk.runner.woken.clear()

    await desk.tell(event_of(agency(AGENCY, name="Other", sequence=2), "agency-changed"))

    assert not desk.runner.woken.is_set()


@pytest.mark.usefixtures("unknown_agency")
async def test_the_warning_waits_for_an_agency_that_comes_later(desk: Desk) -> None:
    desk.clock.set(DUE - 10 * DAY)
    await say(desk, announced())
    assert await desk.run_clocks() == []

    await desk.tell(event_of(agency(AGENCY, days=24), "agency-registered", actor=LOADED))

    [alert] = await desk.run_clocks()
    assert alert.params["days"] == 24
    assert (await desk.clock_row()).due_at == DUE - 10 * DAY


@pytest.mark.usefixtures("unknown_agency")
async def test_a_warning_that_is_due_is_not_lost_when_its_agency_never_comes(desk: Desk) -> None:
    desk.clock.set(DUE + DAY)
    await say(desk, announced())
    assert await desk.run_clocks() == []

    desk.clock.advance(UNKNOWN_AGENCY_GRACE)
    assert len(await desk.run_clocks()) == 1

    await desk.tell(event_of(agency(AGENCY), "agency-registered", actor=LOADED))
    assert await desk.run_clocks() == []


async def test_an_agency_with_an_unknown_time_zone_still_warns(desk: Desk) -> None:
    await desk.tell(event_of(agency(AGENCY, timezone="Mars/Olympus", sequence=2), "agency-changed"))
    await say(desk, announced())
    desk.clock.set(datetime(2026, 3, 16, tzinfo=UTC))

    assert len(await desk.run_clocks()) == 1


async def test_alert_clock_and_outbox_fail_together(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await say(desk, announced())
    desk.clock.set(DUE)

    async def fails(*_: object, **__: object) -> int:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr("services.notifications.repository.alerts.take_positions", fails)
        with pytest.raises(ConnectionError):
            await desk.runner.run_once()
    assert (await desk.alerts(), await desk.published()) == ([], [])
    assert (await desk.clock_row()).standing == Standing.PENDING

    assert len(await desk.run_clocks()) == 1


async def test_a_clock_that_cannot_be_said_holds_up_no_other_and_is_tried_again(desk: Desk) -> None:
    await say(desk, announced())
    await say(desk, claim(AGENCY, cheque_payment("P-2", MATURES)))
    broken, *_ = await desk.clocks()
    async with desk.database.write(EVERY_AGENCY) as session:
        await session.execute(update(Clock).where(Clock.id == broken.id).values(payload={"params": {}}))
    desk.clock.set(DUE)

    assert len(await desk.run_clocks()) == 1
    assert await desk.run_clocks() == []

    async with desk.database.write(EVERY_AGENCY) as session:
        await session.execute(update(Clock).where(Clock.id == broken.id).values(payload=broken.payload))
    desk.clock.advance(FIRST_RETRY)
    assert len(await desk.run_clocks()) == 1


async def test_a_kept_state_that_cannot_be_read_any_more_keeps_its_clock(desk: Desk) -> None:
    await say(desk, announced())
    async with desk.database.write(EVERY_AGENCY) as session:
        await session.execute(update(ClockSource).values(state={"id": "x"}))
    await desk.tell(event_of(agency(AGENCY, days=3, sequence=2), "agency-changed"))
    desk.clock.set(DUE)

    assert len(await desk.run_clocks()) == 1


async def test_a_kind_that_a_release_brings_finds_the_states_that_are_known_already(desk: Desk) -> None:
    await say(desk, announced())

    def wanted(state: ClaimState, _: AgencyRules) -> list[WantedClock]:
        return [WantedClock(state.id, NOON, "silence", {"claim_number": state.claim_number})]

    def alert(firing: Firing) -> AlertDraft:
        return AlertDraft(
            cause=firing.cause,
            agency_id=firing.agency_id,
            kind="garage-silent",
            aggregate="claim",
            subject_id=firing.source_id,
            subject_sequence=firing.source_sequence,
            actor=LOADED,
            at=firing.now,
        )

    newer = Desk(
        desk.url,
        desk.clock,
        ClockKinds([KINDS["cheque-maturing"], ClockKind("garage-silent", ClaimState, wanted, alert)]),
    )

    [raised] = await newer.run_clocks()
    await newer.close()

    assert raised.kind == "garage-silent"
    assert await desk.run_clocks() == [], "an older release leaves kinds alone that it does not know"


async def test_the_delay_of_a_warning_is_measured(desk: Desk) -> None:
    labels = {"service": "notifications", "kind": "cheque-maturing"}
    before = metrics.REGISTRY.get_sample_value("dossier_clock_delay_seconds_sum", labels) or 0
    await say(desk, announced())
    desk.clock.set(DUE + timedelta(seconds=7))

    await desk.run_clocks()

    after = metrics.REGISTRY.get_sample_value("dossier_clock_delay_seconds_sum", labels) or 0
    assert after - before == pytest.approx(7)


async def test_the_runner_sleeps_until_it_is_woken_and_stops_when_told(desk: Desk) -> None:
    stop = asyncio.Event()
    desk.clock.set(DUE + DAY)
    running = asyncio.create_task(desk.runner.run(stop))

    for number in (1, 2):
        await say(desk, announced())
        async with asyncio.timeout(5):  # far less than it would sleep
            await desk.until_alerts(number)

    stop.set()
    async with asyncio.timeout(5):
        await running


async def test_health_tells_when_the_next_clock_is_due(desk: Desk) -> None:
    await say(desk, announced())
    await desk.run_clocks()

    assert (await desk.runner.health())["next_due"] == DUE.isoformat()
