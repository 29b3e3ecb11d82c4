"""A new claim, its number, and the change of its parties."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from services.claims.domain import parties
from services.claims.domain.claim_number import as_stored, claim_number
from services.claims.domain.parties import ChangeParties
from services.claims.domain.registration import registered
from shared.contracts.claims import ClaimState
from shared.contracts.codes import AppraisalStatus, ClaimStatus, RepairPhase
from shared.contracts.policy import ClientState, PartnerReference
from shared.errors import Invalid
from tests.unit.claims import factories
from tests.unit.claims.factories import GARAGE, INSURER, NOW, OTHER_GARAGE, client, contract, register


def made(known: ClientState | None = None, **given: Any) -> ClaimState:
    return registered(
        register(**given),
        claim_id="id",
        claim_number="CL-2026-000001",
        contract=contract(),
        client=known,
        at=NOW,
    )


def changed(known: ClaimState, **given: Any) -> ClaimState:
    return parties.changed(known, ChangeParties.model_validate(given), at=NOW)


def test_insured_plate_and_insurer_come_from_contract_and_client() -> None:
    claim = made(client())
    assert (claim.insurer, claim.plate, claim.plate_normalised) == (INSURER, "AB-123-CD", "AB123CD")
    assert claim.insured.model_dump() == {
        "name": "Jeanne Martin",
        "identity_number": "*****6782",
        "address": "1 rue de la Paix, 69001 Lyon, FR",
        "mobile": "06 12 34 56 78",
        "plate": "AB-123-CD",
        "policy_number": "FR-100-200",
    }
    assert (claim.status, claim.repair, claim.appraisal) == (ClaimStatus.REPORTED, None, None)


def test_what_the_desk_says_wins_over_contract_and_client() -> None:
    claim = made(
        client(),
        plate="ww 123 ab",
        insurer=PartnerReference(name="Mutuelle"),
        insured={"mobile": "0700000000"},
    )
    assert (claim.plate, claim.plate_normalised, claim.insurer.name) == ("ww 123 ab", "WW123AB", "Mutuelle")
    assert (claim.insured.mobile, claim.insured.name) == ("0700000000", "Jeanne Martin")


def test_a_claim_can_be_registered_before_the_client_is_known_here() -> None:
    claim = made(None)
    assert (claim.client_name, claim.insured.name, claim.insured.address) == (
        "Jeanne Martin",
        "Jeanne Martin",
        "",
    )


def test_an_assigned_garage_and_appraiser_begin_their_work() -> None:
    claim = factories.claim()
    assert claim.repair is not None
    assert claim.appraisal is not None
    assert (claim.repair.phase, claim.appraisal.status) == (RepairPhase.ASSIGNED, AppraisalStatus.ASSIGNED)


def test_an_event_in_the_future_is_refused_but_for_time_zones() -> None:
    assert made(event_date=date(2026, 3, 3)).event_date == date(2026, 3, 3)
    with pytest.raises(Invalid) as refusal:
        made(event_date=date(2026, 3, 4))
    assert (refusal.value.code, refusal.value.field) == ("event_in_future", "event_date")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"descripton": "misspelt"}, "extra_forbidden"),
        ({"plate": "A" * 301}, "text_too_long"),
        ({"description": "A" * 8001}, "text_too_long"),
        ({"description": "\x00"}, "text_not_storable"),
        ({"description": "\ud800"}, "text_not_storable"),
        ({"third_parties": [{"policyholder": "x" * 301}]}, "text_too_long"),
        ({"garage": {"name": "G", "partner_id": "Not An Id"}}, "partner_id"),
    ],
)
def test_a_command_with_something_that_cannot_be_is_refused(given: dict[str, Any], kind: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        register(**given)
    assert [error["type"] for error in refusal.value.errors()] == [kind]


def test_another_garage_begins_another_repair_and_the_same_one_does_not() -> None:
    claim = factories.claim()
    known = claim.model_copy(
        update={"repair": claim.repair and claim.repair.model_copy(update={"percent": 40})}
    )
    corrected = changed(known, garage=GARAGE.model_dump() | {"phone": "+33411111111"})
    assert corrected.repair is known.repair
    assert corrected.garage is not None
    assert corrected.garage.phone == "+33411111111"
    other = changed(known, garage=OTHER_GARAGE.model_dump())
    assert other.repair is not None
    assert (other.repair.percent, other.repair.phase) == (0, RepairPhase.ASSIGNED)


def test_taking_the_garage_off_ends_its_repair_and_leaving_it_out_changes_nothing() -> None:
    claim = factories.claim()
    assert changed(claim) is claim
    assert changed(claim, garage=GARAGE.model_dump()) is claim
    without = changed(claim, garage=None, appraiser=None)
    assert (without.garage, without.repair, without.appraiser, without.appraisal) == (None, None, None, None)


def test_third_parties_their_agent_and_the_insurers_reference_can_be_changed() -> None:
    claim = changed(
        factories.claim(),
        third_parties=[{"policyholder": "Paul"}],
        third_party_agent={"name": "Agent"},
        insurer_reference=" REF-1 ",
    )
    assert (claim.third_parties[0].policyholder, claim.insurer_reference) == ("Paul", "REF-1")
    assert changed(claim, third_parties=None, third_party_agent=None).third_parties == ()


def test_firms_that_push_nothing_are_told_apart_by_name() -> None:
    claim = changed(factories.claim(), garage={"name": "Chez Paul"})
    assert changed(claim, garage={"name": "Chez Paul", "city": "Lyon"}).repair is claim.repair
    assert claim.repair is not None
    known = claim.model_copy(update={"repair": claim.repair.model_copy(update={"percent": 10})})
    other = changed(known, garage={"name": "Chez Pierre"})
    assert other.repair is not None
    assert other.repair.percent == 0


def test_claim_numbers_have_six_digits_and_more_when_they_must() -> None:
    assert claim_number(2026, 7) == "CL-2026-000007"
    assert claim_number(2026, 1_000_000) == "CL-2026-1000000"
    assert as_stored(" cl-2026-000007 ") == "CL-2026-000007"
    assert as_stored("CL-2026-00000\x00") == ""
