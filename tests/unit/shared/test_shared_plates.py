"""Registration plates: one rule for typing, comparing and showing them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import plates
from shared.plates import PlateKind


@pytest.mark.parametrize(
    ("typed", "normalised", "shown", "kind"),
    [
        ("ab-123-cd", "AB123CD", "AB-123-CD", PlateKind.FRENCH),
        (" AB 123 CD ", "AB123CD", "AB-123-CD", PlateKind.FRENCH),
        ("ww 123 ab", "WW123AB", "WW-123-AB", PlateKind.FRENCH_PROVISIONAL),
        ("12-345-67", "1234567", "12-345-67", PlateKind.ISRAELI),
        ("12345678", "12345678", "123-45-678", PlateKind.ISRAELI),
        ("12345", "12345", "12-345", PlateKind.ISRAELI),
        ("123456", "123456", "123-456", PlateKind.ISRAELI),
        ("\u200f12-345-67\u200e", "1234567", "12-345-67", PlateKind.ISRAELI),
        ("１２-345-67", "1234567", "12-345-67", PlateKind.ISRAELI),
        ("AI-123-CD", "AI123CD", "AI-123-CD", PlateKind.OTHER),
        ("AB-123-CO", "AB123CO", "AB-123-CO", PlateKind.OTHER),
        ("SS-123-AB", "SS123AB", "SS-123-AB", PlateKind.OTHER),
        ("1234 AB 69", "1234AB69", "1234 AB 69", PlateKind.OTHER),
        ("", "", "", PlateKind.OTHER),
    ],
)
def test_a_plate_is_compared_without_separators_and_shown_as_its_country_does(
    typed: str, normalised: str, shown: str, kind: PlateKind
) -> None:
    assert (plates.normalise(typed), plates.format(typed), plates.kind(typed)) == (normalised, shown, kind)


@given(st.text())
def test_normalising_twice_is_normalising_once_and_showing_changes_no_identity(typed: str) -> None:
    once = plates.normalise(typed)
    assert plates.normalise(once) == once
    assert plates.same(plates.format(typed), typed)


def test_the_same_plate_typed_in_two_ways_is_the_same() -> None:
    assert plates.same("ab 123 cd", "AB-123-CD")
    assert not plates.same("AB-123-CD", "AB-123-CE")
