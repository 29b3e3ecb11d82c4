"""What an appraiser's report makes of the appraisal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.claims.domain import appraisal
from shared.contracts.claims import Appraisal
from shared.contracts.codes import AppraisalStatus, TotalLoss
from shared.errors import Conflict, Invalid
from tests.unit.claims.factories import NOW, appraisal_update, money

STATUSES = st.sampled_from(list(AppraisalStatus))


def progressed(known: Appraisal | None = None, **given: Any) -> Appraisal:
    return appraisal.progressed(known, appraisal_update(**given), at=NOW)


@given(STATUSES)
def test_the_first_report_may_have_any_status(status: AppraisalStatus) -> None:
    assert progressed(status=status).status is status


@given(STATUSES, STATUSES)
def test_only_an_appraiser_who_has_seen_the_vehicle_cannot_be_merely_assigned(
    current: AppraisalStatus, following: AppraisalStatus
) -> None:
    seen = current not in {AppraisalStatus.ASSIGNED, AppraisalStatus.SCHEDULED}
    assert appraisal.may_follow(current, following) is not (seen and following is AppraisalStatus.ASSIGNED)


def test_an_illegal_step_is_refused_by_name() -> None:
    with pytest.raises(Conflict) as refusal:
        progressed(progressed(status="visited"), status="assigned")
    assert (refusal.value.code, refusal.value.field) == ("illegal_transition", "status")


def test_what_a_report_leaves_out_stays() -> None:
    known = progressed(
        status="report_issued", damage={"amount": "4000.00", "currency": "ILS"}, total_loss="constructive"
    )
    later = progressed(known, status="contested", note="the owner disagrees")
    assert (later.damage, later.total_loss) == (money("4000.00", "ILS"), TotalLoss.CONSTRUCTIVE)
    assert progressed(later, status="contested") is later


def test_bare_amounts_are_in_the_currency_of_the_damage() -> None:
    known = progressed(
        status="report_issued",
        damage={"amount": "4000.00", "currency": "ILS"},
        fee="350.00",
        loss_of_value="800.00",
    )
    assert (known.fee, known.loss_of_value) == (money("350.00", "ILS"), money("800.00", "ILS"))
    assert progressed(known, status="report_issued", fee="400.00").fee == money("400.00", "ILS")
    assert progressed(status="visited", fee={"amount": "10.00", "currency": "EUR"}).fee == money("10.00")


def test_a_bare_amount_whose_currency_nobody_named_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        progressed(status="visited", fee="350.00")
    assert (refusal.value.code, refusal.value.field) == ("schema", "fee")
