"""Claims, as the claims service publishes them on `claims.events.v1`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, Field

from shared.contracts.codes import (
    AppraisalStatus,
    CauseOfLoss,
    ChequeStatus,
    ClaimKind,
    ClaimStatus,
    DelayReason,
    DocumentType,
    PaymentKind,
    PaymentMethod,
    ProductLine,
    RepairPhase,
    RepairQuoteStatus,
    TotalLoss,
)
from shared.contracts.envelope import Contract
from shared.contracts.money import Amount, Currency, Money
from shared.contracts.policy import PartnerReference


class Insured(Contract):
    """The insured as the claim needs him; `identity_number` is masked."""

    name: str
    identity_number: str = ""
    address: str = ""
    mobile: str = ""
    plate: str = ""
    policy_number: str = ""


class ThirdParty(Contract):
    """Another vehicle or person in the event."""

    policyholder: str
    mobile: str = ""
    driver: str = ""
    plate: str = ""
    insurer: str = ""
    policy_number: str = ""


class ThirdPartyAgent(Contract):
    """The third party's own broker."""

    name: str
    agency: str = ""
    phone: str = ""
    email: str = ""


class RepairStep(Contract):
    """A phase that the repair entered, with the day the garage says it did."""

    phase: RepairPhase
    at: AwareDatetime
    note: str = ""


class RepairPromise(Contract):
    """A delivery date that the garage gave, when it gave it, and why it differs from the one before."""

    eta: date
    given_at: AwareDatetime
    delay_reason: DelayReason | None = None


class RepairQuote(Contract):
    """The garage's estimate."""

    status: RepairQuoteStatus
    amount: Amount | None = None
    currency: Currency | None = None


class Repair(Contract):
    """Where the repair stands. `promises` keeps every ETA given, the newest last."""

    phase: RepairPhase
    percent: Annotated[int, Field(ge=0, le=100)] = 0
    eta: date | None = None
    delay_reason: DelayReason | None = None
    quote: RepairQuote | None = None
    note: str = ""
    steps: tuple[RepairStep, ...] = ()
    promises: tuple[RepairPromise, ...] = ()
    updated_at: AwareDatetime


class Appraisal(Contract):
    """The appraiser's findings."""

    status: AppraisalStatus
    visit_on: date | None = None
    damage: Money | None = None
    loss_of_value: Money | None = None
    total_loss: TotalLoss = TotalLoss.NONE
    fee: Money | None = None
    note: str = ""
    updated_at: AwareDatetime


class Cheque(Contract):
    """A cheque; it is often post-dated, hence `matures_on`."""

    number: str
    bank: str = ""
    issued_on: date | None = None
    matures_on: date | None = None
    status: ChequeStatus = ChequeStatus.ANNOUNCED


class Payment(Contract):
    """A payment that the insurer made or announced; `reference` names it within the claim."""

    reference: str
    kind: PaymentKind
    payee: str = ""
    amount: Amount
    currency: Currency
    method: PaymentMethod
    paid_on: date | None = None
    cheque: Cheque | None = None


class Settlement(Contract):
    """What the insurer decided and pays. `paid` and `outstanding` are sums over the indemnity payments in the reserve's currency."""

    liability_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    reserve: Money | None = None
    payments: tuple[Payment, ...] = ()
    requested_documents: tuple[DocumentType, ...] = ()
    paid: Money | None = None
    outstanding: Money | None = None
    note: str = ""
    updated_at: AwareDatetime | None = None


class ClaimState(Contract):
    """A claim, whole."""

    id: str
    agency_id: str
    claim_number: str
    policy_number: str
    client_id: str
    client_name: str
    line: ProductLine
    kind: ClaimKind
    cause: CauseOfLoss = CauseOfLoss.OTHER
    status: ClaimStatus
    event_date: date
    description: str = ""
    plate: str = ""
    plate_normalised: str = ""
    insurer: PartnerReference
    insurer_reference: str = ""
    garage: PartnerReference | None = None
    appraiser: PartnerReference | None = None
    insured: Insured
    third_parties: tuple[ThirdParty, ...] = ()
    third_party_agent: ThirdPartyAgent | None = None
    repair: Repair | None = None
    appraisal: Appraisal | None = None
    settlement: Settlement = Settlement()
    sequence: int = 0
    reported_at: AwareDatetime
    updated_at: AwareDatetime
