"""The repair's state machine and what a garage's report makes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.claims.domain import repair
from services.claims.domain.repair import BACK, ENDED, KEPT, ORDER, STEP_NOTE, may_follow
from shared.contracts.claims import Repair
from shared.contracts.codes import DelayReason, RepairPhase, RepairQuoteStatus
from shared.errors import Conflict
from tests.unit.claims.factories import NOW, repair_update

PHASES = st.sampled_from(list(RepairPhase))
P = RepairPhase


def progressed(
    known: Repair | None, at: datetime = NOW, occurred_at: datetime | None = None, **given: Any
) -> Repair:
    return repair.progressed(known, repair_update(**given), at=at, occurred_at=occurred_at or at)


@given(PHASES)
def test_the_first_report_may_name_any_phase(phase: RepairPhase) -> None:
    assert progressed(None, phase=phase).phase is phase


@given(PHASES)
def test_the_same_phase_may_be_reported_again_at_any_time(phase: RepairPhase) -> None:
    assert may_follow(phase, phase)


@given(st.sampled_from(sorted(ENDED)), PHASES)
def test_nothing_follows_the_end_of_a_repair(ended: RepairPhase, phase: RepairPhase) -> None:
    assert may_follow(ended, phase) is (ended is phase)


@given(st.sampled_from(ORDER), st.sampled_from(ORDER))
def test_every_step_forward_is_legal_and_a_step_back_only_when_the_table_has_it(
    current: RepairPhase, following: RepairPhase
) -> None:
    forward = ORDER.index(following) >= ORDER.index(current)
    if forward and current not in ENDED:
        assert may_follow(current, following)
    elif not forward:
        assert may_follow(current, following) is (following in BACK.get(current, frozenset()))


@given(st.sampled_from([phase for phase in RepairPhase if phase not in ENDED]))
def test_a_running_repair_can_always_be_given_up(phase: RepairPhase) -> None:
    assert may_follow(phase, P.CANCELLED)
    assert may_follow(phase, P.TOTAL_LOSS)


@pytest.mark.parametrize(
    ("current", "following"),
    [
        (P.TEARDOWN, P.AWAITING_AUTHORISATION),
        (P.BODY, P.SUPPLEMENT_SENT),
        (P.PAINT, P.PARTS_ORDERED),
        (P.QUALITY_CONTROL, P.PAINT),
        (P.READY, P.BODY),
        (P.PARTS_ORDERED, P.BOOKED),
        (P.SUPPLEMENT_APPROVED, P.SUPPLEMENT_SENT),
        (P.BOOKED, P.ASSIGNED),
    ],
)
def test_repairs_go_back_where_they_really_do(current: RepairPhase, following: RepairPhase) -> None:
    assert may_follow(current, following)


@pytest.mark.parametrize(
    ("current", "following"),
    [(P.PAINT, P.ESTIMATING), (P.READY, P.ARRIVED), (P.BODY, P.ASSIGNED), (P.DELIVERED, P.READY)],
)
def test_an_illegal_step_is_refused_by_name(current: RepairPhase, following: RepairPhase) -> None:
    with pytest.raises(Conflict) as refusal:
        progressed(progressed(None, phase=current), phase=following)
    assert (refusal.value.code, refusal.value.field) == ("illegal_transition", "phase")
    assert current in refusal.value.detail
    assert following in refusal.value.detail


def test_a_report_that_says_nothing_new_gives_the_same_object() -> None:
    known = progressed(None, phase="paint", percent=50, eta="2026-03-20", note="ok", delay_reason="parts")
    assert (
        progressed(known, at=NOW + timedelta(hours=1), phase="paint", percent=50, eta="2026-03-20") is known
    )


def test_what_a_report_leaves_out_stays() -> None:
    known = progressed(None, phase="paint", percent=50, eta="2026-03-20", note="first coat")
    later = progressed(known, at=NOW + timedelta(hours=1), phase="reassembly")
    assert (later.percent, later.eta, later.note) == (50, date(2026, 3, 20), "first coat")
    assert [step.phase for step in later.steps] == [P.PAINT, P.REASSEMBLY]
    assert later.updated_at == NOW + timedelta(hours=1)


def test_every_new_delivery_date_is_kept_with_when_and_why() -> None:
    known = progressed(None, phase="body", eta="2026-03-10")
    known = progressed(known, phase="body", eta="2026-03-17", delay_reason="parts")
    known = progressed(known, phase="body", eta="2026-03-17", note="still waiting")
    known = progressed(known, phase="body", eta="2026-03-15")
    assert [(promise.eta.day, promise.delay_reason) for promise in known.promises] == [
        (10, None),
        (17, DelayReason.PARTS),
        (15, None),
    ]
    assert known.delay_reason is None


def test_a_reason_that_comes_after_its_date_joins_it() -> None:
    known = progressed(
        progressed(None, phase="body", eta="2026-03-10"), phase="body", delay_reason="capacity"
    )
    assert [promise.delay_reason for promise in known.promises] == [DelayReason.CAPACITY]
    assert known.delay_reason is DelayReason.CAPACITY


def test_the_garages_figure_is_taken_even_when_it_falls() -> None:
    known = progressed(progressed(None, phase="paint", percent=80), phase="paint", percent=60)
    assert known.percent == 60


def test_a_delivered_vehicle_is_finished_unless_the_garage_says_otherwise() -> None:
    assert progressed(None, phase="delivered").percent == 100
    assert progressed(None, phase="delivered", percent=90).percent == 90


def test_a_quote_that_is_approved_keeps_its_amount() -> None:
    known = progressed(
        None, phase="estimating", quote={"status": "quoted", "amount": "900.00", "currency": "EUR"}
    )
    known = progressed(known, phase="authorised", quote={"status": "approved"})
    assert known.quote is not None
    assert (known.quote.status, str(known.quote.amount)) == (RepairQuoteStatus.APPROVED, "900.00")


def test_a_first_quote_without_an_amount_is_kept_as_it_is() -> None:
    known = progressed(None, phase="estimating", quote={"status": "waiting_for_quote"})
    assert known.quote is not None
    assert known.quote.amount is None


def test_a_step_happened_when_the_garage_says_but_never_in_the_future() -> None:
    yesterday = NOW - timedelta(days=1)
    assert progressed(None, occurred_at=yesterday, phase="body").steps[-1].at == yesterday
    assert progressed(None, occurred_at=datetime(2099, 1, 1, tzinfo=UTC), phase="body").steps[-1].at == NOW


@given(st.lists(st.tuples(PHASES, st.dates(date(2026, 1, 1), date(2026, 12, 31))), max_size=30))
def test_whatever_garages_report_the_last_accepted_report_is_what_stands(
    reports: list[tuple[RepairPhase, date]],
) -> None:
    known = None
    dates: list[date] = []
    for phase, eta in reports:
        try:
            known = progressed(known, phase=phase, eta=eta.isoformat())
        except Conflict:
            continue
        dates = dates if dates and dates[-1] == eta else [*dates, eta]
        assert known.phase is phase
        assert known.steps[-1].phase is phase
        assert [promise.eta for promise in known.promises] == dates


def test_a_long_note_is_whole_in_the_repair_and_short_in_its_step() -> None:
    known = progressed(None, phase="body", note="x" * 4000)
    assert (len(known.note), len(known.steps[-1].note)) == (4000, STEP_NOTE)


def test_steps_and_promises_of_the_state_are_bounded() -> None:
    known = None
    for day in range(KEPT + 20):
        eta = date(2026, 1, 1) + timedelta(days=day)
        known = progressed(known, phase="body" if day % 2 else "parts_ordered", eta=eta.isoformat())
    assert known is not None
    assert (len(known.steps), len(known.promises)) == (KEPT, KEPT)
    assert known.promises[-1].eta == known.eta
