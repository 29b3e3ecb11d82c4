from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.policy.domain import contracts
from services.policy.domain.contracts import NEXT, ContractAmendment
from shared.contracts.codes import ContractStatus, ProductLine
from shared.contracts.money import Money
from shared.errors import Conflict, Invalid
from tests.unit.policy.factories import NOW, contract, registration

LATER = NOW + timedelta(days=3)
statuses = st.sampled_from(ContractStatus)


def test_a_new_contract_is_version_one_with_a_comparable_plate() -> None:
    state = contract()
    assert (state.version, state.sequence, state.risk.plate_normalised) == (1, 1, "AB123CD")


def test_without_a_term_the_conditions_start_with_the_contract() -> None:
    assert contract(term_start=None).term_start == date(2026, 1, 1)


@pytest.mark.parametrize("number", ["", "-1", "45/01", "45 01", "x" * 51, "45\n01", "מספר"])
def test_a_number_that_needs_escaping_in_an_address_is_refused(number: str) -> None:
    with pytest.raises(ValidationError):
        registration(policy_number=number)


@pytest.mark.parametrize(
    ("line", "risk"),
    [
        ("motor_car", {"kind": "vehicle", "plate": "12-345-67"}),
        ("motor_bike", {"kind": "vehicle"}),
        ("home", {"kind": "home", "address": {"street": "1 Herzl", "city": "Haifa", "country": "IL"}}),
        ("health", {"kind": "person", "name": "Noa"}),
        ("pet", {"kind": "animal", "name": "Rex", "species": "dog"}),
    ],
)
def test_each_line_insures_its_own_kind_of_risk(line: str, risk: dict[str, object]) -> None:
    assert contract(line=line, risk=risk).line == ProductLine(line)


@pytest.mark.parametrize(
    ("line", "risk", "field"),
    [
        ("motor_car", {"kind": "home"}, "risk.kind"),
        ("home", {"kind": "home"}, "risk.address"),
        ("pet", {"kind": "animal"}, "risk.name"),
    ],
)
def test_a_risk_that_does_not_fit_its_line_is_refused(line: str, risk: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        contract(line=line, risk=risk)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"insurer": {"partner_id": "Insurer Alpha", "name": "A"}}, "insurer_invalid"),
        ({"insurer": {"name": "  "}}, "insurer_invalid"),
        ({"guarantees": [{"code": "glass"}, {"code": "glass"}]}, "duplicate_entry"),
        ({"term_end": "2026-01-01"}, "term_invalid"),
    ],
)
def test_a_contract_that_makes_no_sense_is_refused(given: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid, match=code):
        contract(**given)


@given(old=statuses, new=statuses)
def test_a_contract_takes_the_legal_steps_and_no_others(old: ContractStatus, new: ContractStatus) -> None:
    state = contract(status=old)
    if new == old or new in NEXT[old]:
        stepped = contracts.with_status(state, new, "why", LATER)
        assert (stepped.status, stepped.status_reason, stepped.sequence) == (new, "why", 2)
    else:
        with pytest.raises(Conflict, match="illegal_transition"):
            contracts.with_status(state, new, "", LATER)


@given(start=statuses)
def test_cover_that_has_ended_stays_ended(start: ContractStatus) -> None:
    ended = {ContractStatus.CANCELLED, ContractStatus.EXPIRED}
    assert (not NEXT[start]) == (start in ended)


def test_an_amendment_makes_a_new_version_with_the_changed_fields() -> None:
    amendment = ContractAmendment(
        effective_on=date(2026, 12, 1),
        reason="moved",
        annual_premium=Money(amount=Decimal("700.00"), currency="EUR"),
    )
    state = contracts.amended(contract(), amendment, LATER)
    assert (state.version, state.sequence, state.term_start) == (2, 2, date(2026, 12, 1))
    assert state.annual_premium.amount == Decimal("700.00")
    assert (state.formula, state.note) == ("comfort", "moved")


def test_an_amended_vehicle_gets_its_comparable_plate() -> None:
    risk = contract().risk.model_copy(update={"plate": "zz-999-yy"})
    state = contracts.amended(contract(), ContractAmendment(effective_on=date(2026, 12, 1), risk=risk), LATER)
    assert state.risk.plate_normalised == "ZZ999YY"


def test_an_amendment_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one field"):
        ContractAmendment(effective_on=date(2026, 12, 1), reason="?")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"formula": "comfort"}, "nothing_to_amend"),
        ({"formula": "basic", "effective_on": "2025-12-31"}, "effective_too_early"),
        ({"formula": "basic", "effective_on": "2027-06-01"}, "term_invalid"),
        ({"risk": {"kind": "home"}}, "risk_mismatch"),
        ({"guarantees": [{"code": "a"}, {"code": "a"}]}, "duplicate_entry"),
    ],
)
def test_an_amendment_that_makes_no_sense_is_refused(given: dict[str, object], code: str) -> None:
    amendment = ContractAmendment.model_validate({"effective_on": "2026-12-01", **given})
    with pytest.raises(Invalid, match=code):
        contracts.amended(contract(), amendment, LATER)


def test_a_contract_that_has_ended_is_not_amended() -> None:
    amendment = ContractAmendment(effective_on=date(2026, 12, 1), formula="basic")
    with pytest.raises(Conflict, match="contract_ended"):
        contracts.amended(contract(status="cancelled"), amendment, LATER)
