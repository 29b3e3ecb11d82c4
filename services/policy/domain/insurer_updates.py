"""What an insurer may tell about a contract: its status, its premium receipts, a note."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from services.policy.domain.contracts import check_transition
from shared.contracts.partners import ContractUpdate, UpdateReceipt
from shared.contracts.policy import ContractState, PremiumReceipt
from shared.errors import Invalid

MAX_RECEIPTS: Final = 600
"""Fifty years of monthly receipts: beyond it a sender is broken, and every event would carry the mass."""

Happening = Literal["contract-status-changed", "contract-receipts-changed", "contract-noted"]


def updated(state: ContractState, update: ContractUpdate, at: datetime) -> ContractState:
    """Apply an insurer's update; gives `state` itself when it tells nothing new.

    Raises `Conflict("illegal_transition")`, or `Invalid` for a receipt that cannot be entered.
    """
    changes: dict[str, object] = {}
    if update.status is not None:
        check_transition(state.status, update.status)
        changes["status"] = update.status
        if update.status != state.status or update.reason is not None:
            changes["status_reason"] = update.reason or ""
    elif update.reason is not None:
        changes["status_reason"] = update.reason
    if update.receipts:
        changes["receipts"] = merged_receipts(state.receipts, update.receipts, state.annual_premium.currency)
    if update.note is not None:
        changes["note"] = update.note
    changed = state.model_copy(update=changes)
    if changed == state:
        return state
    return changed.model_copy(update={"sequence": state.sequence + 1, "updated_at": at})


def merged_receipts(
    known: Sequence[PremiumReceipt], news: Sequence[UpdateReceipt], currency: str
) -> tuple[PremiumReceipt, ...]:
    """Merge by number: fields left out keep their value; a new receipt needs an amount, in the contract's currency."""
    found = {receipt.number: receipt for receipt in known}
    for index, new in enumerate(news):
        old = found.get(new.number)
        if old is None:
            if new.amount is None:
                raise Invalid(
                    "receipt_without_amount",
                    "A receipt that is not known yet needs its amount.",
                    f"receipts.{index}.amount",
                )
            old = PremiumReceipt(number=new.number, status=new.status, amount=new.amount, currency=currency)
        told = {"status": new.status, "paid_on": new.paid_on, "amount": new.amount}
        given = {name: value for name, value in told.items() if value is not None}
        found[new.number] = old.model_copy(update=given)
    if len(found) > MAX_RECEIPTS:
        raise Invalid("too_many_receipts", f"A contract has at most {MAX_RECEIPTS} receipts.", "receipts")
    return tuple(found.values())


def happening_of(old: ContractState, new: ContractState) -> Happening:
    """Name the event after what matters most among the changes."""
    if (old.status, old.status_reason) != (new.status, new.status_reason):
        return "contract-status-changed"
    if old.receipts != new.receipts:
        return "contract-receipts-changed"
    return "contract-noted"
