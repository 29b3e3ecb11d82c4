from typing import Any

import pytest
from pydantic import ValidationError

from services.documents.domain.bindings import Binding, Known, agreed
from shared.errors import DomainError, Invalid, NotAllowed, NotFound

CLAIM = Known("agency", "client-1", "P-1", frozenset({"garage-lyon"}))
CONTRACT = Known("agency", "client-1", "P-1")


def complete(binding: dict[str, str], **known: Any) -> Binding:
    nothing: dict[str, Any] = {"claim": None, "contract": None, "client_agency": None, "partner_id": None}
    return agreed(Binding(agency_id="agency", **binding), **nothing | known)


def test_a_file_of_a_known_claim_is_its_clients_and_its_contracts_too() -> None:
    bound = complete({"claim_number": "CL-1"}, claim=CLAIM)
    assert (bound.client_id, bound.policy_number) == ("client-1", "P-1")


def test_a_file_of_a_known_contract_is_its_clients_too() -> None:
    bound = complete({"policy_number": "P-1"}, contract=CONTRACT)
    assert (bound.client_id, bound.claim_number) == ("client-1", None)


def test_what_is_not_known_yet_is_taken_as_the_gateway_signed_it() -> None:
    bound = complete({"claim_number": "CL-1", "client_id": "client-9"}, partner_id="garage-lyon")
    assert (bound.client_id, bound.policy_number) == ("client-9", None)


@pytest.mark.parametrize(
    ("binding", "known", "error", "field"),
    [
        ({"claim_number": "CL-1"}, {"claim": Known("other", "c", "P")}, NotFound, "binding.claim_number"),
        (
            {"policy_number": "P-1"},
            {"contract": Known("other", "c", "P-1")},
            NotFound,
            "binding.policy_number",
        ),
        ({"client_id": "c"}, {"client_agency": "other"}, NotFound, "binding.client_id"),
        ({"claim_number": "CL-1", "client_id": "c"}, {"claim": CLAIM}, Invalid, "binding.client_id"),
        (
            {"claim_number": "CL-1", "policy_number": "P-2"},
            {"claim": CLAIM},
            Invalid,
            "binding.policy_number",
        ),
        ({"policy_number": "P-1", "client_id": "c"}, {"contract": CONTRACT}, Invalid, "binding.client_id"),
    ],
)
def test_what_contradicts_the_known_is_refused(
    binding: dict[str, str], known: dict[str, Any], error: type[DomainError], field: str
) -> None:
    with pytest.raises(error) as refused:
        complete(binding, **known)
    assert refused.value.field == field


def test_a_partner_adds_files_to_claims_that_it_works_on() -> None:
    assert complete({"claim_number": "CL-1"}, claim=CLAIM, partner_id="garage-lyon").client_id == "client-1"


@pytest.mark.parametrize(
    ("binding", "known"), [({"claim_number": "CL-1"}, {"claim": CLAIM}), ({"policy_number": "P-1"}, {})]
)
def test_a_partner_adds_files_to_nothing_else(binding: dict[str, str], known: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed, match="not_assigned"):
        complete(binding, partner_id="garage-haifa", **known)


@pytest.mark.parametrize("given", [{}, {"claim_number": ""}, {"claim_number": "a\nb"}, {"claim": "CL-1"}])
def test_a_binding_to_nothing_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Binding.model_validate({"agency_id": "agency", **given})
