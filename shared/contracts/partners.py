"""What partners push and what they are answered: interface.md, "Partner messages".

Unknown fields are ignored (senders may be newer than we are); known ones are checked strictly.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from shared.contracts import topics
from shared.contracts.codes import (
    AppraisalStatus,
    ChequeStatus,
    ClaimStatus,
    ContractStatus,
    DelayReason,
    DocumentType,
    PaymentKind,
    PaymentMethod,
    ReceiptStatus,
    RepairPhase,
    RepairQuoteStatus,
    TotalLoss,
)
from shared.contracts.dates import Instant, IsoDate
from shared.contracts.envelope import Contract
from shared.contracts.money import Amount, Currency, Money, PositiveAmount

MAX_MESSAGE_BYTES: Final = 256 * 1024
"""A message over 256 KiB is answered `too_large`."""

StrictNumber = Annotated[int, Field(strict=True, ge=0, le=2**53)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Note = Annotated[str, Field(max_length=4000)]


class RepairUpdateQuote(Contract):
    """The estimate in a repair update."""

    status: RepairQuoteStatus
    amount: PositiveAmount | None = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _amount_has_currency(self) -> RepairUpdateQuote:
        if (self.amount is None) != (self.currency is None):
            raise PydanticCustomError("money_pair", "amount and currency go together")
        return self


class RepairUpdate(Contract):
    """A garage's report. Repeating the current phase is legal: progress, ETA or a note alone."""

    claim_number: Name
    sequence: StrictNumber
    phase: RepairPhase
    plate: Annotated[str, Field(max_length=20)] | None = None
    percent: Percent | None = None
    eta: IsoDate | None = None
    delay_reason: DelayReason | None = None
    quote: RepairUpdateQuote | None = None
    note: Note | None = None
    occurred_at: Instant | None = None


class UpdateCheque(Contract):
    """The cheque of a payment."""

    number: Name
    bank: Annotated[str, Field(max_length=200)] = ""
    issued_on: IsoDate | None = None
    matures_on: IsoDate | None = None
    status: ChequeStatus = ChequeStatus.ANNOUNCED


class UpdatePayment(Contract):
    """A payment that the insurer makes or announces. A known `reference` replaces what was known of it."""

    reference: Name
    kind: PaymentKind
    payee: Annotated[str, Field(max_length=200)] = ""
    amount: PositiveAmount
    currency: Currency
    method: PaymentMethod
    paid_on: IsoDate | None = None
    cheque: UpdateCheque | None = None


class ClaimUpdate(Contract):
    """An insurer's update of a claim, named by our number or by the insurer's own reference."""

    claim_number: Name | None = None
    insurer_reference: Name | None = None
    sequence: StrictNumber
    status: ClaimStatus | None = None
    liability_percent: Percent | None = None
    reserve: Money | None = None
    payments: Annotated[tuple[UpdatePayment, ...], Field(max_length=200)] = ()
    requested_documents: Annotated[tuple[DocumentType, ...], Field(max_length=50)] | None = None
    note: Note | None = None
    occurred_at: Instant | None = None

    @model_validator(mode="after")
    def _names_a_claim(self) -> ClaimUpdate:
        if self.claim_number is None and self.insurer_reference is None:
            raise PydanticCustomError("claim_number_missing", "claim_number or insurer_reference is required")
        return self


class AppraisalUpdate(Contract):
    """An appraiser's report. `loss_of_value` and `fee` are money, or an amount in the currency of `damage`."""

    claim_number: Name
    sequence: StrictNumber
    status: AppraisalStatus
    visit_on: IsoDate | None = None
    damage: Money | None = None
    loss_of_value: Money | PositiveAmount | None = None
    total_loss: TotalLoss | None = None
    fee: Money | PositiveAmount | None = None
    note: Note | None = None
    occurred_at: Instant | None = None


class UpdateReceipt(Contract):
    """A premium receipt's new state; fields that are left out keep their value."""

    number: Name
    status: ReceiptStatus
    paid_on: IsoDate | None = None
    amount: Amount | None = None


class ContractUpdate(Contract):
    """An insurer's update of a contract."""

    policy_number: Name
    sequence: StrictNumber
    status: ContractStatus | None = None
    reason: Note | None = None
    receipts: Annotated[tuple[UpdateReceipt, ...], Field(max_length=200)] = ()
    note: Note | None = None
    occurred_at: Instant | None = None


PartnerUpdate = RepairUpdate | ClaimUpdate | AppraisalUpdate | ContractUpdate

UPDATE_MODELS: Final[dict[str, type[Contract]]] = {
    topics.REPAIR_UPDATES: RepairUpdate,
    topics.CLAIM_UPDATES: ClaimUpdate,
    topics.APPRAISAL_UPDATES: AppraisalUpdate,
    topics.CONTRACT_UPDATES: ContractUpdate,
}
"""Kind of topic -> model of `data`."""

UPDATE_TYPES: Final[dict[str, str]] = {
    topics.REPAIR_UPDATES: "dossier.partner.repair-update.v1",
    topics.CLAIM_UPDATES: "dossier.partner.claim-update.v1",
    topics.APPRAISAL_UPDATES: "dossier.partner.appraisal-update.v1",
    topics.CONTRACT_UPDATES: "dossier.partner.contract-update.v1",
}
"""Kind of topic -> CloudEvents `type`."""

RECEIPT_TYPE: Final = "dossier.partner.receipt.v1"

Outcome = Literal["accepted", "duplicate", "stale", "rejected"]
ReasonCode = Literal[
    "malformed",
    "schema",
    "unknown_claim",
    "unknown_policy",
    "not_assigned",
    "illegal_transition",
    "plate_mismatch",
    "too_large",
]


class Reason(Contract):
    """Why a message was rejected; `field` is the dotted path of the offending field where there is one."""

    code: ReasonCode
    detail: str
    field: str | None = None


class Receipt(Contract):
    """What became of a partner's message. `sequence` is the aggregate's version after it."""

    message_id: str
    outcome: Outcome
    reason: Reason | None = None
    claim_number: str | None = None
    policy_number: str | None = None
    sequence: int | None = None
