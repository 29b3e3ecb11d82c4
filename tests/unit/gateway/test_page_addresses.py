"""Addresses as people of their country write them, with the country only from abroad."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.gateway.pages.addresses import address_parts, town_first
from services.gateway.pages.markup import address
from services.gateway.pages.speaking import speaking_to
from shared.contracts.policy import PostalAddress
from tests.unit.gateway.page_samples import reader

LYON = PostalAddress(street="65 place de la Fontaine", postal_code="69100", city="Villeurbanne", country="FR")
KARMIEL = PostalAddress(street="שדרות הדקל 37", postal_code="2161401", city="כרמיאל", country="IL")
ISRAELI = replace(reader("he"), at_home=frozenset({"IL"}))


def test_a_town_and_its_code_stay_together_in_the_order_of_the_country() -> None:
    assert address_parts(LYON, reader("fr")) == ("65 place de la Fontaine,", "69100\u00a0Villeurbanne")
    assert address_parts(KARMIEL, ISRAELI) == ("שדרות הדקל 37,", "כרמיאל\u00a02161401")


def test_the_country_is_said_only_where_it_is_not_ones_own() -> None:
    assert address_parts(LYON, ISRAELI)[-1] == "צרפת"
    assert address_parts(KARMIEL, reader("fr")) == ("שדרות הדקל 37,", "כרמיאל\u00a02161401,", "Israël")
    both = replace(reader("en"), at_home=frozenset({"FR", "IL"}))
    assert [len(address_parts(one, both)) for one in (LYON, KARMIEL)] == [2, 2]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "65 place de la Fontaine, 69100 Villeurbanne, FR",
            ("65 place de la Fontaine,", "69100\u00a0Villeurbanne"),
        ),
        ("12, rue des Lilas, 69003 Lyon, FR", ("12, rue des Lilas,", "69003\u00a0Lyon")),
        ("שדרות הדקל 37, 2161401 כרמיאל, IL", ("שדרות הדקל 37,", "כרמיאל\u00a02161401,", "Israël")),
        ("1 rue de la Paix, Lyon", ("1 rue de la Paix,", "Lyon")),
        ("1 Baker Street, NW1 6XE London, GB", ("1 Baker Street,", "NW1 6XE London,", "Royaume-Uni")),
        ("at his mother's", ("at his mother's",)),
        ("1 rue de la Paix, 12345", ("1 rue de la Paix,", "12345")),
    ],
)
def test_a_claims_line_of_text_is_read_where_it_can_be_and_else_left_as_it_is(
    text: str, parts: tuple[str, ...]
) -> None:
    assert address_parts(text, reader("fr")) == parts


def test_an_address_without_a_code_or_of_an_unknown_country_is_still_one() -> None:
    assert address_parts(LYON.model_copy(update={"postal_code": ""}), reader())[-1] == "Villeurbanne"
    assert address_parts(LYON.model_copy(update={"country": "XX"}), reader())[-1] == "XX"


def test_a_line_breaks_between_the_parts_and_what_was_typed_is_text() -> None:
    with speaking_to(reader("fr")):
        assert address(LYON) == (
            '<bdi class="address"><span>65 place de la Fontaine,</span> <span>69100\u00a0Villeurbanne</span></bdi>'
        )
        assert "<b>" not in address("<b>1</b>, 69000 Lyon")
        assert "—" in address("")
        assert "—" in address(None)


@pytest.mark.parametrize(
    ("country", "at_home", "first"),
    [
        ("IL", {"FR"}, True),
        ("FR", {"IL"}, False),
        ("", {"IL"}, True),
        ("", {"FR"}, False),
        ("", {"FR", "IL"}, False),
        ("", set(), False),
    ],
)
def test_a_form_asks_in_the_order_of_the_address_or_of_the_agency(
    country: str, at_home: set[str], first: bool
) -> None:
    assert town_first(country, replace(reader(), at_home=frozenset(at_home))) is first
