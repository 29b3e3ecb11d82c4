"""Code lists of the trade, as they stand in events, partner messages and the JSON API.

Codes are English and stable; the words that people read are in the gateway's catalogs.
"""

from __future__ import annotations

from enum import StrEnum


class ProductLine(StrEnum):
    """What a contract insures. Motor and home have claims; health and pet have benefits."""

    MOTOR_CAR = "motor_car"
    MOTOR_BIKE = "motor_bike"
    HOME = "home"
    HEALTH = "health"
    PET = "pet"


class ClaimStatus(StrEnum):
    """Where the claim stands with the insurer."""

    REPORTED = "reported"
    REGISTERED = "registered"
    DOCUMENTS_PENDING = "documents_pending"
    UNDER_ASSESSMENT = "under_assessment"
    LIABILITY_DISPUTED = "liability_disputed"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAYMENT_PENDING = "payment_pending"
    PART_PAID = "part_paid"
    SETTLED = "settled"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        """Open is all but closed, rejected and withdrawn (domain.md)."""
        return self not in {ClaimStatus.CLOSED, ClaimStatus.REJECTED, ClaimStatus.WITHDRAWN}


class ClaimKind(StrEnum):
    """What the claim is about."""

    OWN_DAMAGE = "own_damage"
    THIRD_PARTY = "third_party"
    GLASS = "glass"
    THEFT = "theft"
    FIRE = "fire"
    WATER = "water"
    NATURAL_EVENT = "natural_event"
    BODILY_INJURY = "bodily_injury"
    OTHER = "other"


class CauseOfLoss(StrEnum):
    """How the damage came about."""

    COLLISION = "collision"
    SINGLE_VEHICLE = "single_vehicle"
    PARKED_UNIDENTIFIED = "parked_unidentified"
    THEFT = "theft"
    ATTEMPTED_THEFT = "attempted_theft"
    FIRE = "fire"
    GLASS = "glass"
    VANDALISM = "vandalism"
    NATURAL_EVENT = "natural_event"
    ANIMAL = "animal"
    WATER_LEAK = "water_leak"
    OTHER = "other"


class RepairPhase(StrEnum):
    """Where the vehicle stands in the garage."""

    ASSIGNED = "assigned"
    BOOKED = "booked"
    ARRIVED = "arrived"
    ESTIMATING = "estimating"
    AWAITING_AUTHORISATION = "awaiting_authorisation"
    AUTHORISED = "authorised"
    TEARDOWN = "teardown"
    SUPPLEMENT_SENT = "supplement_sent"
    SUPPLEMENT_APPROVED = "supplement_approved"
    PARTS_ORDERED = "parts_ordered"
    BODY = "body"
    PAINT = "paint"
    REASSEMBLY = "reassembly"
    QUALITY_CONTROL = "quality_control"
    READY = "ready"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    TOTAL_LOSS = "total_loss"


class RepairQuoteStatus(StrEnum):
    """The garage's estimate, a field of its own beside the phase."""

    WAITING_FOR_QUOTE = "waiting_for_quote"
    QUOTED = "quoted"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    APPROVED = "approved"
    REJECTED = "rejected"


class DelayReason(StrEnum):
    """Why a promised date slips."""

    PARTS = "parts"
    AUTHORISATION = "authorisation"
    SUPPLEMENT = "supplement"
    CAPACITY = "capacity"
    CUSTOMER = "customer"
    OTHER = "other"


class AppraisalStatus(StrEnum):
    """Where the appraiser's work stands."""

    ASSIGNED = "assigned"
    SCHEDULED = "scheduled"
    VISITED = "visited"
    REPORT_ISSUED = "report_issued"
    CONTESTED = "contested"


class TotalLoss(StrEnum):
    """The appraiser's verdict on the vehicle."""

    NONE = "none"
    ACTUAL = "actual"
    CONSTRUCTIVE = "constructive"


class PaymentKind(StrEnum):
    """What an insurer's payment is for."""

    INDEMNITY = "indemnity"
    GARAGE = "garage"
    APPRAISER_FEE = "appraiser_fee"
    RECOVERY = "recovery"


class PaymentMethod(StrEnum):
    """How an insurer pays."""

    CHEQUE = "cheque"
    TRANSFER = "transfer"


class ChequeStatus(StrEnum):
    """A cheque's life. Announced, received and bounced cheques still wait for their money."""

    ANNOUNCED = "announced"
    RECEIVED = "received"
    DEPOSITED = "deposited"
    CLEARED = "cleared"
    BOUNCED = "bounced"
    REPLACED = "replaced"
    CANCELLED = "cancelled"

    @property
    def awaits_maturity(self) -> bool:
        """Whether a maturity warning still helps: the paper is not yet at the bank, replaced or void."""
        return self in {ChequeStatus.ANNOUNCED, ChequeStatus.RECEIVED}


class ContractStatus(StrEnum):
    """A contract's life."""

    QUOTED = "quoted"
    PENDING = "pending"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class ReceiptStatus(StrEnum):
    """A premium receipt ("quittance") of a contract."""

    PENDING = "pending"
    ISSUED = "issued"
    REMINDED = "reminded"
    PART_PAID = "part_paid"
    PAID = "paid"
    REJECTED = "rejected"
    FORMAL_NOTICE = "formal_notice"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class DocumentType(StrEnum):
    """What a file is, as dossiers and insurers ask for it."""

    REGISTRATION_CERTIFICATE = "registration_certificate"
    DRIVING_LICENCE = "driving_licence"
    CLAIMS_HISTORY = "claims_history"
    SIGNED_CONDITIONS = "signed_conditions"
    SEPA_MANDATE = "sepa_mandate"
    BANK_DETAILS = "bank_details"
    IDENTITY = "identity"
    PROOF_OF_ADDRESS = "proof_of_address"
    CANCELLATION_PROOF = "cancellation_proof"
    DEMAND_LETTER = "demand_letter"
    NOTICE_FORM = "notice_form"
    VEHICLE_LICENCE = "vehicle_licence"
    APPRAISER_REPORT = "appraiser_report"
    DAMAGE_PHOTO = "damage_photo"
    REPAIR_INVOICE = "repair_invoice"
    APPRAISER_INVOICE = "appraiser_invoice"
    NO_CLAIM_CERTIFICATE = "no_claim_certificate"
    ACCIDENT_STATEMENT = "accident_statement"
    PRESCRIPTION = "prescription"
    CARE_INVOICE = "care_invoice"
    VET_INVOICE = "vet_invoice"
    OTHER = "other"


class PieceStatus(StrEnum):
    """A required piece of a dossier. Accepted and waived pieces make it green."""

    MISSING = "missing"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WAIVED = "waived"


class PartnerKind(StrEnum):
    """Who pushes updates."""

    INSURER = "insurer"
    GARAGE = "garage"
    APPRAISER = "appraiser"


class Role(StrEnum):
    """What a user may do: security.md. `ops` sees no client data."""

    BROKER = "broker"
    MANAGER = "manager"
    HANDLER = "handler"
    OPS = "ops"
