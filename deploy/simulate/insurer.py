"""An insurer at work on claims: statuses, reserves, liability, and payments with cheques that mature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from deploy.simulate import appraiser
from deploy.simulate.known import KnownClaim
from deploy.simulate.words import note
from shared.contracts.claims import Payment
from shared.contracts.codes import (
    ChequeStatus,
    ClaimStatus,
    DocumentType,
    PaymentKind,
    PaymentMethod,
    RepairPhase,
)
from shared.contracts.money import Money
from shared.contracts.partners import ClaimUpdate, UpdateCheque, UpdatePayment

_CHEQUE: Final = 0.3
_STEP: Final = 0.65
_RESERVE: Final = 0.8
_LIABILITY: Final = 0.88
"""Shares of what an insurer reports, one upon the other; the rest are notes."""

_BOUNCES: Final = 0.1
_DISPUTES: Final = 0.2
_ASKS: Final = 0.5
_BANKS: Final = {"fr": "Banque des Deux Rives", "he": "בנק שתי הגדות"}
_NEXT_CHEQUE: Final[Mapping[ChequeStatus, ChequeStatus]] = {
    ChequeStatus.ANNOUNCED: ChequeStatus.RECEIVED,
    ChequeStatus.RECEIVED: ChequeStatus.DEPOSITED,
    ChequeStatus.DEPOSITED: ChequeStatus.CLEARED,
    ChequeStatus.BOUNCED: ChequeStatus.DEPOSITED,
}


def has_work(claim: KnownClaim) -> bool:
    """Whether the insurer still works on the claim; it leaves what is closed."""
    return claim.status.is_open


def report(random: Random, claim: KnownClaim, today: date, sequence: int) -> ClaimUpdate:
    """Make the insurer's next update of an open claim."""
    said: dict[str, Any] = {"claim_number": claim.claim_number, "sequence": sequence}
    roll = random.random()
    if roll < _CHEQUE and (waiting := _waiting_cheque(claim)) is not None:
        said["payments"] = (_moved(random, waiting),)
    elif roll < _STEP and (step := _step(random, claim, today, sequence)):
        said |= step
    elif roll < _RESERVE:
        amount = Decimal(random.randrange(8, 90) * 100)
        said["reserve"] = Money(amount=amount, currency=claim.office.currency)
    elif roll < _LIABILITY:
        said["liability_percent"] = random.choice((0, 50, 100))
    else:
        said["note"] = note(random, claim.office.language, "claim")
    return ClaimUpdate(**said)


def _step(random: Random, claim: KnownClaim, today: date, sequence: int) -> dict[str, Any]:  # noqa: PLR0911 - one return per status
    """Give the next status with what belongs to it; nothing while something else has to happen first."""
    match claim.status:
        case ClaimStatus.REPORTED:
            return {"status": ClaimStatus.REGISTERED}
        case ClaimStatus.REGISTERED if random.random() < _ASKS:
            asked = (DocumentType.REPAIR_INVOICE, DocumentType.DAMAGE_PHOTO)
            return {"status": ClaimStatus.DOCUMENTS_PENDING, "requested_documents": asked}
        case ClaimStatus.REGISTERED | ClaimStatus.REOPENED:
            return {"status": ClaimStatus.UNDER_ASSESSMENT}
        case ClaimStatus.DOCUMENTS_PENDING:
            return {"status": ClaimStatus.UNDER_ASSESSMENT, "requested_documents": ()}
        case ClaimStatus.UNDER_ASSESSMENT if random.random() < _DISPUTES:
            return {"status": ClaimStatus.LIABILITY_DISPUTED}
        case ClaimStatus.LIABILITY_DISPUTED:
            return {"status": ClaimStatus.UNDER_ASSESSMENT, "liability_percent": random.choice((50, 100))}
        case ClaimStatus.UNDER_ASSESSMENT:
            return {"status": ClaimStatus.APPROVED}
        case ClaimStatus.APPROVED:
            paid = _by_cheque(random, claim, today, sequence)
            return {"status": ClaimStatus.PAYMENT_PENDING, "payments": (paid,)}
    return _towards_the_end(claim, today, sequence)


def _towards_the_end(claim: KnownClaim, today: date, sequence: int) -> dict[str, Any]:
    """Pay the garage once the car is delivered, settle once the cheque has cleared, close once nobody works any more."""
    if _waiting_cheque(claim) is not None:
        return {}
    delivered = claim.repair is not None and claim.repair.phase is RepairPhase.DELIVERED
    garage_paid = any(payment.kind is PaymentKind.GARAGE for payment in claim.settlement.payments)
    if claim.status is ClaimStatus.PAYMENT_PENDING and delivered and not garage_paid:
        return {"status": ClaimStatus.PART_PAID, "payments": (_to_garage(claim, today, sequence),)}
    if claim.status is not ClaimStatus.SETTLED:
        return {"status": ClaimStatus.SETTLED}
    # On a closed claim neither garage nor appraiser may speak: what they have sent must have been taken first.
    busy = claim.in_repair or appraiser.has_work(claim) or claim.waiting
    return {} if busy else {"status": ClaimStatus.CLOSED}


def _waiting_cheque(claim: KnownClaim) -> Payment | None:
    found = (p for p in claim.settlement.payments if p.cheque is not None and p.cheque.status in _NEXT_CHEQUE)
    return next(found, None)


def _moved(random: Random, payment: Payment) -> UpdatePayment:
    cheque = payment.cheque
    if cheque is None:
        raise ValueError(payment.reference)
    status = _NEXT_CHEQUE[cheque.status]
    if cheque.status is ChequeStatus.DEPOSITED and random.random() < _BOUNCES:
        status = ChequeStatus.BOUNCED
    said = UpdateCheque(
        number=cheque.number,
        bank=cheque.bank,
        issued_on=cheque.issued_on,
        matures_on=cheque.matures_on,
        status=status,
    )
    return UpdatePayment(**payment.model_dump(exclude={"cheque"}), cheque=said)


def _by_cheque(random: Random, claim: KnownClaim, today: date, sequence: int) -> UpdatePayment:
    """Announce a post-dated cheque: in Israel the usual way, and what the maturity warning is for."""
    reserve = claim.settlement.reserve
    amount = reserve.amount if reserve is not None and reserve.amount > 0 else Decimal(1500)
    cheque = UpdateCheque(
        number=f"{random.randrange(7_200_000, 7_999_999)}",
        bank=_BANKS.get(claim.office.language, _BANKS["fr"]),
        issued_on=today,
        matures_on=today + timedelta(days=random.randrange(3, 60)),
        status=ChequeStatus.ANNOUNCED,
    )
    return UpdatePayment(
        reference=_reference(claim, sequence),
        kind=PaymentKind.INDEMNITY,
        payee="",
        amount=amount,
        currency=claim.office.currency,
        method=PaymentMethod.CHEQUE,
        cheque=cheque,
    )


def _to_garage(claim: KnownClaim, today: date, sequence: int) -> UpdatePayment:
    quote = claim.repair.quote if claim.repair is not None else None
    return UpdatePayment(
        reference=_reference(claim, sequence),
        kind=PaymentKind.GARAGE,
        payee="",
        amount=quote.amount if quote is not None and quote.amount else Decimal(1200),
        currency=claim.office.currency,
        method=PaymentMethod.TRANSFER,
        paid_on=today,
    )


def _reference(claim: KnownClaim, sequence: int) -> str:
    return f"P-{len(claim.settlement.payments) + 1}-{sequence % 1_000_000:06}"
