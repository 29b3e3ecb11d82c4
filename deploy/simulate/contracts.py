"""An insurer at work on contracts: premium receipts that are issued, reminded and paid, and what follows from unpaid ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any, Final

from deploy.simulate.known import KnownContract
from deploy.simulate.words import note
from services.policy.domain.contracts import NEXT
from shared.contracts.codes import ContractStatus, ReceiptStatus
from shared.contracts.partners import ContractUpdate, UpdateReceipt

_RECEIPT: Final = 0.75
_STATUS: Final = 0.85
_PAYS: Final = 0.7
_MOST_RECEIPTS: Final = 24
_UNPAID: Final[Mapping[ReceiptStatus, ReceiptStatus]] = {
    ReceiptStatus.PENDING: ReceiptStatus.ISSUED,
    ReceiptStatus.ISSUED: ReceiptStatus.REMINDED,
    ReceiptStatus.REMINDED: ReceiptStatus.FORMAL_NOTICE,
    ReceiptStatus.PART_PAID: ReceiptStatus.REMINDED,
    ReceiptStatus.REJECTED: ReceiptStatus.REMINDED,
    ReceiptStatus.FORMAL_NOTICE: ReceiptStatus.SUSPENDED,
    ReceiptStatus.SUSPENDED: ReceiptStatus.SUSPENDED,
}
"""What becomes of a receipt that is not paid; those that are not here are settled."""


def has_work(contract: KnownContract) -> bool:
    """Whether the cover still runs: of one that has ended nobody speaks any more."""
    return bool(NEXT[contract.state.status])


def report(random: Random, contract: KnownContract, today: date, sequence: int) -> ContractUpdate:
    """Make the insurer's next update of a contract that has not ended."""
    state = contract.state
    said: dict[str, Any] = {"policy_number": state.policy_number, "sequence": sequence}
    roll = random.random()
    if roll < _RECEIPT and (receipt := _receipt(random, contract, today)) is not None:
        said["receipts"] = (receipt,)
    elif roll < _STATUS and (status := _status(contract)) is not None:
        said |= status
    else:
        said["note"] = note(random, contract.language, "contract")
    return ContractUpdate(**said)


def _receipt(random: Random, contract: KnownContract, today: date) -> UpdateReceipt | None:
    """Move the first unpaid receipt on; when all are settled, issue the next one."""
    receipts = contract.state.receipts
    for receipt in receipts:
        if receipt.status not in _UNPAID:
            continue
        if receipt.status is not ReceiptStatus.PENDING and random.random() < _PAYS:
            return UpdateReceipt(number=receipt.number, status=ReceiptStatus.PAID, paid_on=today)
        return UpdateReceipt(number=receipt.number, status=_UNPAID[receipt.status])
    if len(receipts) >= _MOST_RECEIPTS:
        return None
    amount = (contract.state.annual_premium.amount / 4).quantize(Decimal("0.01"))
    number = f"S-{today:%Y}-{len(receipts) + 1:02}"
    return UpdateReceipt(number=number, status=ReceiptStatus.ISSUED, amount=amount)


def _status(contract: KnownContract) -> dict[str, Any] | None:
    """Suspend after a formal notice, resume when all is paid, begin what was only agreed."""
    state = contract.state
    unpaid = any(
        one.status in {ReceiptStatus.FORMAL_NOTICE, ReceiptStatus.SUSPENDED} for one in state.receipts
    )
    if state.status is ContractStatus.IN_FORCE and unpaid:
        return {"status": ContractStatus.SUSPENDED, "reason": "L113-3"}
    if state.status is ContractStatus.IN_FORCE or unpaid:
        return None
    return {"status": ContractStatus.IN_FORCE, "reason": ""}
