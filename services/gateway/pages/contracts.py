"""The contract: the header and the tabs of the French desk, those that exist so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from services.gateway.commands import mark_file_read
from services.gateway.pages.visits import PageRoute, Visit, desk_visit
from services.gateway.queries import ContractDetail, get_contract
from shared.contracts.policy import PremiumReceipt
from shared.errors import NotFound

router = APIRouter(route_class=PageRoute, include_in_schema=False)
TABS: Final = ("contract", "events", "receipts", "documents", "claims")
"""Quotes come with their own feature: a tab that is not built yet does not pretend."""


@router.get("/contracts/{policy_number:path}")
async def contract_page(visit: Annotated[Visit, Depends(desk_visit)], policy_number: str) -> Response:
    """Show a contract. A policy number may hold slashes, so the tab is told apart by looking for the contract."""
    number, tab = policy_number, "contract"
    head, _, last = policy_number.rpartition("/")
    if head and last in TABS:
        number, tab = head, last
    async with visit.gateway.database.read(visit.user.scope) as session:
        try:
            contract = await get_contract(session, visit.user.scope, number)
        except NotFound:
            if number == policy_number:
                raise
            contract, tab = await get_contract(session, visit.user.scope, policy_number), "contract"
    visit.unread -= await mark_file_read(
        visit.gateway, visit.user, policy_number=contract.state.policy_number
    )
    return visit.page(
        f"contracts/{tab}.html", f"{contract.state.policy_number} · {contract.state.client_name}", "clients",
        contract=contract, tab=tab, balance=balance_of(contract, visit.reader.today), account=account_of(contract),
    )  # fmt: skip


def balance_of(contract: ContractDetail, today: date) -> dict[str, object]:
    """What is due on the contract: receipts that are asked for and not paid, and the next one to come.

    A receipt is issued before its day: until then it is both asked for and the next one.
    """
    owed = [
        one
        for one in contract.state.receipts
        if one.status in {"issued", "reminded", "part_paid", "rejected", "formal_notice", "suspended"}
    ]
    coming = sorted(
        (
            (one.due_on, one.number, one)
            for one in contract.state.receipts
            if one.due_on and (one.status == "pending" or (one.status == "issued" and one.due_on >= today))
        ),
        key=lambda one: one[:2],
    )
    return {
        "owed": sum((one.amount for one in owed), start=type(contract.state.annual_premium.amount)(0)),
        "owed_count": len(owed),
        "next": coming[0][2] if coming else None,
        "currency": contract.state.annual_premium.currency,
    }


@dataclass(frozen=True, slots=True)
class AccountLine:
    """A line of the account: a receipt that was asked for, or its payment; `balance` is what was owed after it.

    A receipt that is still to come has no balance: nothing is owed for it yet.
    """

    receipt: PremiumReceipt
    on: date | None
    debit: Decimal | None
    credit: Decimal | None
    balance: Decimal | None


def account_of(contract: ContractDetail) -> tuple[AccountLine, ...]:
    """Write the receipts as an account, the newest line first.

    A cancelled receipt never was a debt, and a refunded one was given back: neither moves the balance. How much of a
    part-paid one has been paid is not known here, so all of it stands as owed.
    """
    moves: list[tuple[date, int, PremiumReceipt, Decimal]] = []
    coming: list[AccountLine] = []
    for one in contract.state.receipts:
        if one.status == "pending":
            coming.append(AccountLine(one, one.due_on, one.amount, None, None))
            continue
        day = one.due_on or one.paid_on or contract.state.effective_on
        if one.status in {"cancelled", "refunded"}:
            coming.append(AccountLine(one, day, None, None, None))
            continue
        moves.append((day, 0, one, one.amount))
        if one.status == "paid":
            moves.append((one.paid_on or day, 1, one, -one.amount))
    balance = Decimal(0)
    lines: list[AccountLine] = []
    for day, _, one, amount in sorted(moves, key=lambda move: (move[0], move[2].number, move[1])):
        balance += amount
        debit, credit = (amount, None) if amount >= 0 else (None, -amount)
        lines.append(AccountLine(one, day, debit, credit, balance))
    newest_first = sorted([*reversed(lines), *coming], key=lambda line: line.on or date.max, reverse=True)
    return tuple(newest_first)
