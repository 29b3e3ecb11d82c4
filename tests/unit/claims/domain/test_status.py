"""Which status of a claim may follow which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.claims.domain import status
from shared.contracts.codes import ClaimStatus
from shared.errors import Conflict

STATUSES = st.sampled_from(list(ClaimStatus))
S = ClaimStatus


@given(STATUSES)
def test_the_same_status_again_is_legal(current: ClaimStatus) -> None:
    assert status.moved(current, current) is current


@given(STATUSES)
def test_nothing_goes_back_to_reported(current: ClaimStatus) -> None:
    assert status.may_follow(current, S.REPORTED) is (current is S.REPORTED)


@given(STATUSES)
def test_only_what_has_ended_can_be_reopened(current: ClaimStatus) -> None:
    ended = {S.CLOSED, S.REJECTED, S.WITHDRAWN, S.SETTLED, S.REOPENED}
    assert status.may_follow(current, S.REOPENED) is (current in ended)


@given(st.sampled_from([S.CLOSED, S.REJECTED, S.WITHDRAWN]), STATUSES)
def test_a_closed_claim_becomes_open_only_by_reopening(current: ClaimStatus, following: ClaimStatus) -> None:
    if following.is_open:
        assert status.may_follow(current, following) is (following is S.REOPENED)


@given(STATUSES)
def test_every_open_claim_can_be_closed(current: ClaimStatus) -> None:
    assert status.may_follow(current, S.CLOSED)


@pytest.mark.parametrize(
    ("current", "following"),
    [(S.REPORTED, S.SETTLED), (S.APPROVED, S.DOCUMENTS_PENDING), (S.SETTLED, S.PAYMENT_PENDING)],
)
def test_insurers_skip_and_ask_again(current: ClaimStatus, following: ClaimStatus) -> None:
    assert status.moved(current, following) is following


@pytest.mark.parametrize(
    ("current", "following"),
    [
        (S.CLOSED, S.APPROVED),
        (S.PART_PAID, S.REJECTED),
        (S.SETTLED, S.UNDER_ASSESSMENT),
        (S.APPROVED, S.REGISTERED),
    ],
)
def test_an_illegal_step_is_refused_by_name(current: ClaimStatus, following: ClaimStatus) -> None:
    with pytest.raises(Conflict) as refusal:
        status.moved(current, following)
    assert (refusal.value.code, refusal.value.field) == ("illegal_transition", "status")
