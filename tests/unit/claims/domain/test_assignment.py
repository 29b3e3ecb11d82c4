"""Who may speak of a claim, of which vehicle, and when it is news."""

import pytest

from services.claims.domain import assignment
from services.claims.domain.assignment import StaleUpdate
from shared.contracts.claims import ThirdParty
from shared.contracts.codes import ClaimKind, ClaimStatus
from shared.contracts.policy import PartnerReference
from shared.errors import Conflict, NotAllowed
from tests.unit.claims import factories
from tests.unit.claims.factories import GARAGE


def test_only_the_assigned_partner_may_speak() -> None:
    assignment.require_assigned(GARAGE, "garage-lyon", "garage")
    for party in (None, PartnerReference(name="garage-lyon"), factories.OTHER_GARAGE):
        with pytest.raises(NotAllowed) as refusal:
            assignment.require_assigned(party, "garage-lyon", "garage")
        assert refusal.value.code == "not_assigned"


def test_a_plate_is_compared_however_it_is_typed() -> None:
    for plate in ("ab 123 cd", None, "", " - "):
        assignment.require_plate(factories.claim(), plate)
    with pytest.raises(Conflict) as refusal:
        assignment.require_plate(factories.claim(), "AB-123-CE")
    assert (refusal.value.code, refusal.value.field) == ("plate_mismatch", "plate")


def test_a_third_party_claim_may_be_about_the_other_vehicle() -> None:
    other = (ThirdParty(policyholder="Paul", plate="ZZ-999-ZZ"),)
    assignment.require_plate(factories.claim(kind=ClaimKind.THIRD_PARTY, third_parties=other), "zz999zz")
    with pytest.raises(Conflict):
        assignment.require_plate(factories.claim(third_parties=other), "zz999zz")


def test_without_a_plate_on_the_claim_there_is_nothing_to_compare() -> None:
    claim = factories.claim()
    bare = claim.model_copy(
        update={
            "plate": "",
            "plate_normalised": "",
            "insured": claim.insured.model_copy(update={"plate": ""}),
        }
    )
    assignment.require_plate(bare, "AB-123-CD")


def test_only_a_higher_sequence_is_news() -> None:
    claim = factories.claim(sequence=7)
    assignment.require_news(claim, 0, None)
    assignment.require_news(claim, 4, 3)
    for sequence in (2, 3):
        with pytest.raises(StaleUpdate) as stale:
            assignment.require_news(claim, sequence, 3)
        assert stale.value.sequence == 7


@pytest.mark.parametrize("status", [ClaimStatus.CLOSED, ClaimStatus.REJECTED, ClaimStatus.WITHDRAWN])
def test_nobody_works_on_a_closed_claim(status: ClaimStatus) -> None:
    assignment.require_open(factories.claim(), "phase")
    with pytest.raises(Conflict) as refusal:
        assignment.require_open(factories.claim(status=status), "phase")
    assert refusal.value.code == "illegal_transition"
