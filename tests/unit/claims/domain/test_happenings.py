"""What a change is called."""

from __future__ import annotations

from typing import Any

import pytest

from services.claims.domain import repair, settlement
from services.claims.domain.happenings import happening_between
from shared.contracts.claims import ClaimState
from shared.contracts.codes import ClaimStatus
from tests.unit.claims import factories
from tests.unit.claims.factories import NOW, OTHER_GARAGE, cheque_payment, claim_update, payment

CLAIM = factories.claim()


def settled(*payments: dict[str, Any]) -> ClaimState:
    state = settlement.updated(CLAIM.settlement, claim_update(payments=list(payments)), at=NOW)
    return CLAIM.model_copy(update={"settlement": state})


def test_the_first_version_is_a_registration() -> None:
    assert happening_between(None, CLAIM) == "claim-registered"


@pytest.mark.parametrize(
    ("new", "name"),
    [
        (CLAIM, "claim-noted"),
        (CLAIM.model_copy(update={"status": ClaimStatus.APPROVED}), "claim-status-changed"),
        (settled(payment()), "settlement-changed"),
        (settled(cheque_payment()), "cheque-changed"),
        (settled(cheque_payment()).model_copy(update={"status": ClaimStatus.PART_PAID}), "cheque-changed"),
        (
            CLAIM.model_copy(update={"garage": OTHER_GARAGE, "repair": repair.begun(NOW)}),
            "claim-parties-changed",
        ),
        (CLAIM.model_copy(update={"insurer_reference": "R"}), "claim-parties-changed"),
        (CLAIM.model_copy(update={"repair": None}), "repair-progressed"),
        (CLAIM.model_copy(update={"appraisal": None}), "appraisal-progressed"),
    ],
)
def test_a_change_is_named_by_what_weighs_most(new: ClaimState, name: str) -> None:
    assert happening_between(CLAIM, new) == name


def test_an_amount_that_changes_beside_an_unchanged_cheque_is_a_settlement() -> None:
    old = settled(cheque_payment())
    new = old.model_copy(
        update={
            "settlement": settlement.updated(
                old.settlement, claim_update(payments=[cheque_payment(amount="5.00")]), at=NOW
            )
        }
    )
    assert happening_between(old, new) == "settlement-changed"
