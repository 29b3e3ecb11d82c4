"""Payments by reference, their sums, and the life of a cheque."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.claims.domain import cheque as cheques
from services.claims.domain import settlement
from shared.contracts.claims import Settlement
from shared.contracts.codes import ChequeStatus, DocumentType
from shared.errors import Conflict, Invalid, NotFound
from tests.unit.claims.factories import NOW, cheque_payment, claim_update, money, payment

CHEQUE_STATUSES = st.sampled_from(list(ChequeStatus))
C = ChequeStatus


def updated(known: Settlement | None = None, **given: Any) -> Settlement:
    return settlement.updated(known or Settlement(), claim_update(**given), at=NOW)


def test_an_update_that_says_nothing_new_gives_the_same_object() -> None:
    known = updated(reserve={"amount": "5000.00", "currency": "EUR"}, payments=[payment()], note="ok")
    again = settlement.updated(
        known, claim_update(sequence=2, payments=[payment()], note="ok"), at=NOW + timedelta(days=1)
    )
    assert again is known


def test_what_is_left_out_stays() -> None:
    known = updated(liability_percent=50, reserve={"amount": "5000", "currency": "EUR"}, note="first")
    later = updated(known, payments=[payment()])
    assert (later.liability_percent, later.reserve, later.note) == (50, money("5000"), "first")


def test_requested_documents_are_the_list_as_it_stands_now() -> None:
    known = updated(requested_documents=["damage_photo", "bank_details"])
    assert known.requested_documents == (DocumentType.DAMAGE_PHOTO, DocumentType.BANK_DETAILS)
    assert updated(known, note="x").requested_documents == known.requested_documents
    assert updated(known, requested_documents=[]).requested_documents == ()


def test_a_known_reference_replaces_and_a_new_one_is_added() -> None:
    known = updated(payments=[payment(), payment(reference="P-2", amount="50.00")])
    known = updated(known, payments=[payment(amount="1200.00", paid_on="2026-03-01")])
    assert [(one.reference, one.amount, one.paid_on) for one in known.payments] == [
        ("P-1", Decimal("1200.00"), date(2026, 3, 1)),
        ("P-2", Decimal("50.00"), None),
    ]


def test_sums_count_indemnities_in_the_currency_of_the_reserve() -> None:
    known = updated(
        reserve={"amount": "5000.00", "currency": "EUR"},
        payments=[
            payment(paid_on="2026-03-01"),
            payment(reference="P-2", amount="250.50"),
            payment(reference="P-3", kind="appraiser_fee", paid_on="2026-03-01"),
            payment(reference="P-4", currency="ILS", paid_on="2026-03-01"),
        ],
    )
    assert (known.paid, known.outstanding) == (money("1000.00"), money("250.50"))


def test_without_a_reserve_the_one_currency_of_the_indemnities_counts() -> None:
    assert updated(payments=[payment(currency="ILS")]).outstanding == money("1000.00", "ILS")
    mixed = updated(payments=[payment(), payment(reference="P-2", currency="ILS")])
    assert (mixed.paid, mixed.outstanding) == (None, None)


@pytest.mark.parametrize(
    ("status", "paid", "outstanding"),
    [
        ("announced", "0.00", "1000.00"),
        ("deposited", "0.00", "1000.00"),
        ("cleared", "1000.00", "0.00"),
        ("bounced", "0.00", "1000.00"),
        ("replaced", "0.00", "0.00"),
        ("cancelled", "0.00", "0.00"),
    ],
)
def test_a_cheque_is_paid_when_it_has_cleared_and_void_when_replaced(
    status: str, paid: str, outstanding: str
) -> None:
    known = updated(
        reserve={"amount": "5000.00", "currency": "EUR"},
        payments=[cheque_payment(status, paid_on="2026-03-01")],
    )
    assert (known.paid, known.outstanding) == (money(paid), money(outstanding))


@given(
    st.lists(
        st.tuples(st.decimals(0, 10**6, places=2), st.booleans(), CHEQUE_STATUSES, st.booleans()), max_size=12
    )
)
def test_paid_and_outstanding_together_are_all_indemnities_that_are_not_void(
    payments: list[tuple[Decimal, bool, ChequeStatus, bool]],
) -> None:
    said = [
        cheque_payment(status, reference=f"P-{n}", amount=str(amount))
        if by_cheque
        else payment(reference=f"P-{n}", amount=str(amount), paid_on="2026-03-01" if is_paid else None)
        for n, (amount, by_cheque, status, is_paid) in enumerate(payments)
    ]
    known = updated(reserve={"amount": "1.00", "currency": "EUR"}, payments=said)
    valid = [one.amount for one in known.payments if not settlement.is_void(one)]
    assert known.paid is not None
    assert known.outstanding is not None
    assert known.paid.amount + known.outstanding.amount == sum(valid)


def test_a_sum_beyond_what_money_can_carry_is_not_told() -> None:
    known = updated(payments=[payment(reference=f"P-{n}", amount="999999999999.99") for n in range(3)])
    assert known.outstanding is None


def test_the_payments_of_a_claim_are_bounded_and_known_ones_can_still_be_corrected() -> None:
    known: Settlement | None = None
    for start in range(0, 400, 100):
        known = updated(known, payments=[payment(reference=f"P-{n}") for n in range(start, start + 100)])
    too_many = [payment(reference=f"{n:0100}", payee="é" * 200) for n in range(200)]
    with pytest.raises(Invalid) as refusal:
        updated(known, payments=too_many)
    assert (refusal.value.code, refusal.value.field) == ("too_large", "payments")
    assert len(updated(known, payments=[payment(reference="P-7", amount="1.00")]).payments) == 400


@given(CHEQUE_STATUSES)
def test_the_same_status_of_a_cheque_is_always_legal(status: ChequeStatus) -> None:
    assert cheques.may_follow(status, status)


@given(st.sampled_from([C.REPLACED, C.CANCELLED]), CHEQUE_STATUSES)
def test_a_replaced_or_cancelled_cheque_stays_so(void: ChequeStatus, status: ChequeStatus) -> None:
    assert cheques.may_follow(void, status) is (void is status)


@given(CHEQUE_STATUSES)
def test_nothing_becomes_announced_again(status: ChequeStatus) -> None:
    assert cheques.may_follow(status, C.ANNOUNCED) is (status is C.ANNOUNCED)


@pytest.mark.parametrize(
    ("current", "following"),
    [(C.ANNOUNCED, C.CLEARED), (C.DEPOSITED, C.RECEIVED), (C.CLEARED, C.BOUNCED), (C.BOUNCED, C.DEPOSITED)],
)
def test_cheques_skip_and_go_back_as_they_do_in_life(current: ChequeStatus, following: ChequeStatus) -> None:
    assert cheques.may_follow(current, following)


def test_an_illegal_step_of_a_cheque_names_its_payment() -> None:
    known = updated(payments=[cheque_payment("cleared")])
    with pytest.raises(Conflict) as refusal:
        updated(known, payments=[payment(reference="P-2"), cheque_payment("received")])
    assert (refusal.value.code, refusal.value.field) == ("illegal_transition", "payments.1.cheque.status")


def test_of_the_same_cheque_what_is_left_out_stays() -> None:
    known = updated(payments=[cheque_payment("received")])
    known = updated(
        known, payments=[payment(method="cheque", cheque={"number": "778812", "matures_on": "2026-06-01"})]
    )
    cheque = known.payments[0].cheque
    assert cheque is not None
    assert (cheque.status, cheque.matures_on, cheque.bank) == (C.RECEIVED, date(2026, 6, 1), "Leumi")


def test_a_payment_by_cheque_that_does_not_repeat_its_cheque_keeps_it() -> None:
    known = updated(
        updated(payments=[cheque_payment()]), payments=[payment(method="cheque", amount="900.00")]
    )
    assert known.payments[0].cheque is not None


def test_a_payment_that_becomes_a_transfer_loses_its_cheque() -> None:
    assert updated(updated(payments=[cheque_payment()]), payments=[payment()]).payments[0].cheque is None


def test_another_number_is_another_cheque_and_begins_anew() -> None:
    known = updated(payments=[cheque_payment("bounced")])
    known = updated(known, payments=[payment(method="cheque", cheque={"number": "778813"})])
    cheque = known.payments[0].cheque
    assert cheque is not None
    assert (cheque.number, cheque.status, cheque.matures_on) == ("778813", C.ANNOUNCED, None)


def test_the_desk_moves_a_cheque_by_the_reference_of_its_payment() -> None:
    known = updated(payments=[cheque_payment("received"), payment(reference="P-2")])
    moved = settlement.with_cheque_status(known, "P-1", C.DEPOSITED, at=NOW)
    assert moved.payments[0].cheque is not None
    assert moved.payments[0].cheque.status is C.DEPOSITED
    assert settlement.with_cheque_status(known, "P-1", C.RECEIVED, at=NOW) is known
    for reference in ("P-2", "P-9"):
        with pytest.raises(NotFound) as refusal:
            settlement.with_cheque_status(known, reference, C.CLEARED, at=NOW)
        assert refusal.value.code == "unknown_cheque"
