"""States and events as other services publish them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from shared.contracts.changes import changes_between
from shared.contracts.claims import Cheque, ClaimState, Insured, Payment, Repair, Settlement
from shared.contracts.codes import (
    ChequeStatus,
    ClaimKind,
    ClaimStatus,
    ContractStatus,
    DocumentType,
    PaymentKind,
    PaymentMethod,
    ProductLine,
    ReceiptStatus,
    RepairPhase,
)
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import Actor, ChangeData, CloudEvent, service_source
from shared.contracts.events import aggregate_of_state
from shared.contracts.identity import AgencyState
from shared.contracts.money import Money
from shared.contracts.policy import ClientState, ContractState, PartnerReference, PremiumReceipt, Risk
from shared.identifiers import new_id

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
INSURER = Actor(kind="partner", id="insurer-alpha", name="Alpha")
LOADED = Actor(kind="import", id="migration")


def event_of(
    state: Any,
    happening: str,
    *,
    old: BaseModel | None = None,
    actor: Actor = INSURER,
    at: datetime = NOON,
    id: str | None = None,
) -> CloudEvent[Any]:
    aggregate = aggregate_of_state(type(state))
    return CloudEvent[ChangeData[Any]](
        id=id or new_id(),
        source=service_source(aggregate.service),
        type=aggregate.event_type(happening),
        subject=state.id,
        time=at,
        agencyid=getattr(state, "agency_id", None),
        sequence=state.sequence,
        data=ChangeData[Any](state=state, changes=changes_between(old, state), actor=actor),
    )


def json_of(event: CloudEvent[Any]) -> dict[str, Any]:
    return event.model_dump(mode="json")


def agency(
    id: str, *, timezone: str = "Asia/Jerusalem", days: int = 14, sequence: int = 1, name: str = "Agency"
) -> AgencyState:
    return AgencyState(
        id=id,
        name=name,
        country="IL",
        language="he",
        timezone=timezone,
        currency="ILS",
        cheque_warning_days=days,
        sequence=sequence,
        updated_at=NOON,
    )


def cheque_payment(
    reference: str,
    matures_on: date | None,
    *,
    number: str | None = None,
    status: ChequeStatus = ChequeStatus.ANNOUNCED,
    amount: str = "12500.00",
) -> Payment:
    return Payment(
        reference=reference,
        kind=PaymentKind.INDEMNITY,
        payee="Noa Levi",
        amount=Decimal(amount),
        currency="ILS",
        method=PaymentMethod.CHEQUE,
        cheque=Cheque(
            number=number or f"N-{reference}", bank="Hapoalim", matures_on=matures_on, status=status
        ),
    )


def claim(
    agency_id: str,
    *payments: Payment,
    id: str | None = None,
    sequence: int = 1,
    status: ClaimStatus = ClaimStatus.REGISTERED,
    repair: Repair | None = None,
) -> ClaimState:
    claim_id = id or new_id()
    return ClaimState(
        id=claim_id,
        agency_id=agency_id,
        claim_number="CL-2026-000123",
        policy_number="POL-77",
        client_id="client-1",
        client_name="Noa Levi",
        line=ProductLine.MOTOR_CAR,
        kind=ClaimKind.OWN_DAMAGE,
        status=status,
        event_date=date(2026, 2, 1),
        insurer=PartnerReference(partner_id="insurer-alpha", name="Alpha"),
        insured=Insured(name="Noa Levi"),
        repair=repair,
        settlement=Settlement(payments=payments),
        sequence=sequence,
        reported_at=NOON,
        updated_at=NOON,
    )


def repair(phase: RepairPhase, *, percent: int = 0, eta: date | None = None) -> Repair:
    return Repair(phase=phase, percent=percent, eta=eta, updated_at=NOON)


def contract(
    agency_id: str,
    *receipts: PremiumReceipt,
    id: str | None = None,
    sequence: int = 1,
    status: ContractStatus = ContractStatus.IN_FORCE,
) -> ContractState:
    return ContractState(
        id=id or new_id(),
        agency_id=agency_id,
        policy_number="POL-77",
        line=ProductLine.MOTOR_CAR,
        insurer=PartnerReference(name="Alpha"),
        client_id="client-1",
        client_name="Noa Levi",
        status=status,
        effective_on=date(2026, 1, 1),
        term_start=date(2026, 1, 1),
        annual_premium=Money(amount=Decimal("900.00"), currency="ILS"),
        formula="comfort",
        risk=Risk(kind="vehicle", plate="12-345-67"),
        receipts=receipts,
        sequence=sequence,
        updated_at=NOON,
    )


def premium_receipt(number: str, status: ReceiptStatus) -> PremiumReceipt:
    return PremiumReceipt(number=number, status=status, amount=Decimal("75.00"), currency="ILS")


def client(agency_id: str, *, id: str = "client-1", name: str = "Noa Levi", sequence: int = 1) -> ClientState:
    return ClientState(
        id=id, agency_id=agency_id, kind="person", name=name, sequence=sequence, updated_at=NOON
    )


def document(agency_id: str, *, client_id: str | None = "client-1", sequence: int = 1) -> DocumentState:
    return DocumentState(
        id=new_id(),
        agency_id=agency_id,
        name="levi-noa-bumper.jpg",
        type=DocumentType.DAMAGE_PHOTO,
        content_type="image/jpeg",
        size=2048,
        sha256="0" * 64,
        client_id=client_id,
        claim_number="CL-2026-000123",
        uploaded_by=INSURER,
        uploaded_at=NOON,
        sequence=sequence,
        updated_at=NOON,
    )
