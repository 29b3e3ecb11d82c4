import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.domain.identity_numbers import ClientKind, checked_identity_number, masked
from shared.errors import Invalid


@pytest.mark.parametrize(
    ("typed", "kind", "country", "expected"),
    [
        ("123456782", "person", "IL", "123456782"),
        ("12345678-2", "person", "IL", "123456782"),
        ("18", "person", "IL", "000000018"),
        ("516179157", "company", "IL", "516179157"),
        ("552 100 554", "company", "FR", "552100554"),
        ("552 100 554 00013", "company", "FR", "55210055400013"),
        ("x4rtbpfw4", "person", "FR", "X4RTBPFW4"),
        ("AB 12.345-6", "person", "BE", "AB123456"),
    ],
)
def test_a_number_is_checked_by_the_rule_of_its_country(
    typed: str, kind: ClientKind, country: str, expected: str
) -> None:
    assert checked_identity_number(typed, kind, country) == expected


@pytest.mark.parametrize(
    ("typed", "kind", "country"),
    [
        ("123456789", "person", "IL"),
        ("000000000", "person", "IL"),
        ("1234567820", "person", "IL"),
        ("552100555", "company", "FR"),
        ("55210055400014", "company", "FR"),
        ("12", "person", "FR"),
        ("X" * 21, "person", "FR"),
        ("AB_12345", "person", "BE"),
    ],
)
def test_a_wrong_number_is_refused_without_repeating_it(typed: str, kind: ClientKind, country: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_identity_number(typed, kind, country)
    assert refused.value.code == "identity_number_invalid"
    assert typed not in refused.value.detail


def _with_check_digit(first: str) -> str:
    weighed = [int(digit) * (1 + place % 2) for place, digit in enumerate(first)]
    total = sum(value if value < 10 else value - 9 for value in weighed)
    return first + str(-total % 10)


@given(st.from_regex(r"[0-9]{7}[1-9]", fullmatch=True))
def test_every_israeli_number_with_its_check_digit_passes_and_with_another_does_not(first: str) -> None:
    right = _with_check_digit(first)
    assert checked_identity_number(right, "person", "IL") == right
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    with pytest.raises(Invalid):
        checked_identity_number(wrong, "person", "IL")


@pytest.mark.parametrize(
    ("number", "shown"),
    [("123456782", "*****6782"), ("55210055400013", "**********0013"), ("AB12", "**12"), ("", "")],
)
def test_only_the_last_characters_are_shown(number: str, shown: str) -> None:
    assert masked(number) == shown
