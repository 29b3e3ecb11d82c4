from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.policy.domain.insurer_updates import MAX_RECEIPTS, happening_of, merged_receipts, updated
from shared.contracts.codes import ContractStatus, ReceiptStatus
from shared.contracts.partners import UpdateReceipt
from shared.errors import Conflict, Invalid
from tests.unit.policy.factories import NOW, contract, receipt, update

LATER = NOW + timedelta(minutes=1)


def test_a_status_comes_with_its_reason() -> None:
    state = updated(contract(), update(status="suspended", reason="unpaid"), LATER)
    assert (state.status, state.status_reason, state.sequence) == (ContractStatus.SUSPENDED, "unpaid", 2)


def test_a_new_status_without_reason_forgets_the_old_reason() -> None:
    suspended = updated(contract(), update(status="suspended", reason="unpaid"), LATER)
    assert updated(suspended, update(status="in_force"), LATER).status_reason == ""


def test_repeating_the_status_keeps_the_reason() -> None:
    suspended = updated(contract(), update(status="suspended", reason="unpaid"), LATER)
    assert updated(suspended, update(status="suspended"), LATER) is suspended


def test_an_illegal_step_is_refused() -> None:
    with pytest.raises(Conflict, match="illegal_transition"):
        updated(contract(status="expired"), update(status="in_force"), LATER)


def test_a_known_receipt_is_changed_where_something_is_told() -> None:
    merged = merged_receipts(
        [receipt(), receipt(number="R-2")],
        [UpdateReceipt(number="R-1", status=ReceiptStatus.PAID, paid_on=date(2026, 12, 2))],
        "EUR",
    )
    assert merged == (receipt(status="paid", paid_on=date(2026, 12, 2)), receipt(number="R-2"))


def test_an_unknown_receipt_with_an_amount_is_added_in_the_currency_of_the_contract() -> None:
    news = UpdateReceipt(number="R-9", status=ReceiptStatus.ISSUED, amount=Decimal("-12.50"))
    [added] = merged_receipts([], [news], "ILS")
    assert (added.number, added.amount, added.currency) == ("R-9", Decimal("-12.50"), "ILS")


def test_an_unknown_receipt_without_an_amount_is_refused_by_its_place() -> None:
    news = [
        UpdateReceipt(number="R-1", status=ReceiptStatus.PAID),
        UpdateReceipt(number="R-9", status=ReceiptStatus.PAID),
    ]
    with pytest.raises(Invalid) as refused:
        merged_receipts([receipt()], news, "EUR")
    assert refused.value.field == "receipts.1.amount"


def test_receipts_do_not_grow_without_bound() -> None:
    news = [
        UpdateReceipt(number=f"N-{place}", status=ReceiptStatus.ISSUED, amount=Decimal(1))
        for place in range(MAX_RECEIPTS + 1)
    ]
    with pytest.raises(Invalid, match="too_many_receipts"):
        merged_receipts([], news, "EUR")


def test_an_update_that_tells_nothing_new_changes_nothing() -> None:
    state = contract()
    assert updated(state, update(status="in_force"), LATER) is state


@pytest.mark.parametrize(
    ("given", "happening"),
    [
        ({"status": "suspended", "note": "n", "receipts": []}, "contract-status-changed"),
        ({"reason": "asked"}, "contract-status-changed"),
        (
            {"receipts": [{"number": "R", "status": "issued", "amount": "1.00"}], "note": "n"},
            "contract-receipts-changed",
        ),
        ({"note": "called"}, "contract-noted"),
    ],
)
def test_the_event_is_named_after_what_matters_most(given: dict[str, object], happening: str) -> None:
    old = contract()
    assert happening_of(old, updated(old, update(**given), LATER)) == happening
