"""What tests of claims are made of: whole, plausible, and changed by keyword."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from services.claims.domain.registration import RegisterClaim, registered
from shared.contracts.claims import ClaimState
from shared.contracts.codes import ClaimKind, ContractStatus, ProductLine
from shared.contracts.envelope import Actor
from shared.contracts.money import Money
from shared.contracts.partners import AppraisalUpdate, ClaimUpdate, RepairUpdate
from shared.contracts.policy import (
    AddressDetail,
    ClientState,
    ContractState,
    PartnerReference,
    PhoneDetail,
    PostalAddress,
    Risk,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FRENCH_AGENCY = "00000000-0000-7000-8000-00000000000f"
ISRAELI_AGENCY = "00000000-0000-7000-8000-000000000011"
BROKER = Actor(kind="user", id="user-1", name="Claire Broker")
GARAGE = PartnerReference(partner_id="garage-lyon", name="Garage du Rhône", phone="+33400000000", city="Lyon")
OTHER_GARAGE = PartnerReference(partner_id="garage-haifa", name="Haifa Motors", city="Haifa")
APPRAISER = PartnerReference(partner_id="appraiser-one", name="Expert Un")
INSURER = PartnerReference(partner_id="insurer-alpha", name="Alpha Assurances")
PLATE = "AB-123-CD"


def money(amount: str, currency: str = "EUR") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def client(**given: Any) -> ClientState:
    return ClientState.model_validate(
        {
            "id": "00000000-0000-7000-8000-0000000000c1",
            "agency_id": FRENCH_AGENCY,
            "kind": "person",
            "name": "Jeanne Martin",
            "identity_number": "*****6782",
            "phone": PhoneDetail(value="06 12 34 56 78"),
            "address": AddressDetail(
                value=PostalAddress(street="1 rue de la Paix", postal_code="69001", city="Lyon", country="FR")
            ),
            "sequence": 1,
            "updated_at": NOW,
        }
        | given
    )


def contract(**given: Any) -> ContractState:
    return ContractState.model_validate(
        {
            "id": "00000000-0000-7000-8000-0000000000a1",
            "agency_id": FRENCH_AGENCY,
            "policy_number": "FR-100-200",
            "line": ProductLine.MOTOR_CAR,
            "insurer": INSURER,
            "client_id": "00000000-0000-7000-8000-0000000000c1",
            "client_name": "Jeanne Martin",
            "status": ContractStatus.IN_FORCE,
            "effective_on": date(2025, 1, 1),
            "term_start": date(2026, 1, 1),
            "annual_premium": money("620.00"),
            "formula": "all_risks",
            "risk": Risk(kind="vehicle", plate=PLATE, plate_normalised="AB123CD"),
            "sequence": 1,
            "updated_at": NOW,
        }
        | given
    )


def register(**given: Any) -> RegisterClaim:
    return RegisterClaim.model_validate(
        {"policy_number": "FR-100-200", "kind": ClaimKind.OWN_DAMAGE, "event_date": date(2026, 3, 1)} | given
    )


def claim(**given: Any) -> ClaimState:
    """A claim as a registration makes it, with garage and appraiser; `given` overrides fields of its state."""
    made = registered(
        register(garage=GARAGE, appraiser=APPRAISER),
        claim_id="00000000-0000-7000-8000-0000000000d1",
        claim_number="CL-2026-000001",
        contract=contract(),
        client=client(),
        at=NOW,
    )
    return made.model_copy(update={"sequence": 1, **given})


def repair_update(**given: Any) -> RepairUpdate:
    return RepairUpdate.model_validate(
        {"claim_number": "CL-2026-000001", "sequence": 1, "phase": "booked"} | given
    )


def claim_update(**given: Any) -> ClaimUpdate:
    named = {} if "insurer_reference" in given else {"claim_number": "CL-2026-000001"}
    return ClaimUpdate.model_validate(named | {"sequence": 1} | given)


def appraisal_update(**given: Any) -> AppraisalUpdate:
    return AppraisalUpdate.model_validate(
        {"claim_number": "CL-2026-000001", "sequence": 1, "status": "scheduled"} | given
    )


def payment(**given: Any) -> dict[str, Any]:
    """A payment as an insurer writes it: a transfer of 1,000 EUR."""
    return {
        "reference": "P-1",
        "kind": "indemnity",
        "payee": "Jeanne Martin",
        "amount": "1000.00",
        "currency": "EUR",
        "method": "transfer",
    } | given


def cheque_payment(status: str | None = "announced", **given: Any) -> dict[str, Any]:
    """A payment by post-dated cheque."""
    cheque = {"number": "778812", "bank": "Leumi", "matures_on": "2026-05-01"}
    if status is not None:
        cheque["status"] = status
    return payment(method="cheque", cheque=cheque | given.pop("cheque", {}), **given)
