"""The settlement: liability, reserve, payments by reference, and what is paid or still to come."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from services.claims.domain import cheque as cheques
from shared.contracts.claims import Payment, Settlement
from shared.contracts.codes import ChequeStatus, PaymentKind, PaymentMethod
from shared.contracts.money import Money
from shared.contracts.partners import ClaimUpdate, UpdatePayment
from shared.errors import Invalid, NotFound

LARGEST_PAYMENTS: Final = 128 * 1024
"""Bytes of JSON that the payments of one claim may have (some 400 payments): the state travels whole in every event,
and an event must stay well below what Kafka takes (1 MB)."""

_VOID: Final = frozenset({ChequeStatus.REPLACED, ChequeStatus.CANCELLED})
_LARGEST: Final = Decimal(10) ** 12


def updated(settlement: Settlement, update: ClaimUpdate, *, at: datetime) -> Settlement:
    """Apply an insurer's word; gives the same object when it says nothing new.

    What is left out stays as it was; a payment whose reference is known replaces what was known of it.
    `requested_documents` is the list as it stands now, so an empty one clears it. Raises `illegal_transition` for a
    cheque's step, `too_large` when the payments do not fit.
    """
    given = {
        "liability_percent": update.liability_percent,
        "reserve": update.reserve,
        "requested_documents": update.requested_documents,
        "note": update.note,
    }
    following = settlement.model_copy(
        update={name: value for name, value in given.items() if value is not None}
        | {"payments": _payments(settlement.payments, update.payments)}
    )
    return _summed(settlement, following, at)


def with_cheque_status(
    settlement: Settlement, reference: str, status: ChequeStatus, *, at: datetime
) -> Settlement:
    """Set the status of a payment's cheque, as the desk sees it. Raises `unknown_cheque`, `illegal_transition`."""
    payments = {payment.reference: payment for payment in settlement.payments}
    payment = payments.get(reference)
    if payment is None or payment.cheque is None:
        raise NotFound("unknown_cheque", "the claim has no payment by cheque with this reference")
    payments[reference] = payment.model_copy(update={"cheque": cheques.moved(payment.cheque, status)})
    return _summed(settlement, settlement.model_copy(update={"payments": tuple(payments.values())}), at)


def is_paid(payment: Payment) -> bool:
    """Money has arrived: a transfer that has its day, a cheque that has cleared (not one that is merely in hand)."""
    if payment.cheque is not None:
        return payment.cheque.status is ChequeStatus.CLEARED
    return payment.paid_on is not None


def is_void(payment: Payment) -> bool:
    """A replaced or cancelled cheque is neither paid nor to come: what replaces it is a payment of its own."""
    return payment.cheque is not None and payment.cheque.status in _VOID


def sums(settlement: Settlement) -> tuple[Money | None, Money | None]:
    """Give (paid, outstanding): indemnity payments that arrived, and those announced that did not.

    In the reserve's currency; without a reserve, in the one currency of all indemnity payments. None where there is
    no such currency: amounts of several currencies have no sum.
    """
    indemnities = [
        payment
        for payment in settlement.payments
        if payment.kind is PaymentKind.INDEMNITY and not is_void(payment)
    ]
    currencies = (
        {settlement.reserve.currency} if settlement.reserve else {one.currency for one in indemnities}
    )
    if len(currencies) != 1:
        return None, None
    currency = currencies.pop()
    counted = [payment for payment in indemnities if payment.currency == currency]
    paid = sum((payment.amount for payment in counted if is_paid(payment)), Decimal("0.00"))
    outstanding = sum((payment.amount for payment in counted if not is_paid(payment)), Decimal("0.00"))
    return _money(paid, currency), _money(outstanding, currency)


def _money(amount: Decimal, currency: str) -> Money | None:
    """A sum beyond what money can carry in the contract is not told rather than told wrong."""
    return Money(amount=amount, currency=currency) if 0 <= amount < _LARGEST else None


def _summed(before: Settlement, after: Settlement, at: datetime) -> Settlement:
    paid, outstanding = sums(after)
    following = after.model_copy(update={"paid": paid, "outstanding": outstanding})
    return before if following == before else following.model_copy(update={"updated_at": at})


def _payments(known: tuple[Payment, ...], said: tuple[UpdatePayment, ...]) -> tuple[Payment, ...]:
    payments = {payment.reference: payment for payment in known}
    for position, update in enumerate(said):
        payments[update.reference] = _payment(payments.get(update.reference), update, f"payments.{position}")
    if (
        said
        and sum(len(payment.model_dump_json().encode()) for payment in payments.values()) > LARGEST_PAYMENTS
    ):
        raise Invalid(
            "too_large", f"the payments of a claim have at most {LARGEST_PAYMENTS} bytes", "payments"
        )
    return tuple(payments.values())


def _payment(known: Payment | None, update: UpdatePayment, path: str) -> Payment:
    cheque = known.cheque if known is not None else None
    if update.method is not PaymentMethod.CHEQUE:
        cheque = None
    elif update.cheque is not None:
        cheque = cheques.said(cheque, update.cheque, f"{path}.cheque.status")
    return Payment(
        reference=update.reference,
        kind=update.kind,
        payee=update.payee or (known.payee if known else ""),
        amount=update.amount,
        currency=update.currency,
        method=update.method,
        paid_on=update.paid_on or (known.paid_on if known else None),
        cheque=cheque,
    )
