"""The contract: the header and the tabs of the French desk, those that exist so far."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from services.gateway.pages.visits import PageRoute, Visit, desk_visit
from services.gateway.queries import ContractDetail, get_contract
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
    async with visit.gateway.database.read() as session:
        try:
            contract = await get_contract(session, visit.user.scope, number)
        except NotFound:
            if number == policy_number:
                raise
            contract, tab = await get_contract(session, visit.user.scope, policy_number), "contract"
    return visit.page(
        f"contracts/{tab}.html", f"{contract.state.policy_number} · {contract.state.client_name}", "clients",
        contract=contract, tab=tab, balance=balance_of(contract),
    )  # fmt: skip


def balance_of(contract: ContractDetail) -> dict[str, object]:
    """What is due on the contract: receipts that are asked for and not paid, and the next one."""
    owed = [
        one
        for one in contract.state.receipts
        if one.status in {"issued", "reminded", "part_paid", "rejected", "formal_notice", "suspended"}
    ]
    coming = sorted(
        (one for one in contract.state.receipts if one.status == "pending" and one.due_on),
        key=lambda one: str(one.due_on),
    )
    return {
        "owed": sum((one.amount for one in owed), start=type(contract.state.annual_premium.amount)(0)),
        "owed_count": len(owed),
        "next": coming[0] if coming else None,
        "currency": contract.state.annual_premium.currency,
    }
