"""Figures as each language writes them, and right in both writing directions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.gateway.pages.figures import isolated, isolated_code, policy_number_parts
from services.gateway.pages.markup import plate
from services.gateway.pages.rendering import environment, render
from services.gateway.pages.speaking import speaking_to
from services.gateway.pages.template_names import FILTERS
from tests.unit.gateway.page_samples import NOW, desk, reader


def shown(template: str, language: str = "en", **context: object) -> str:
    """Render a line of template."""
    with speaking_to(reader(language)):
        return environment().from_string(template).render(context)


@pytest.mark.parametrize(
    ("language", "amount", "currency", "written"),
    [
        ("fr", "1234.5", "EUR", "1\u202f234,50\u00a0€"),
        ("en", "1234.5", "ILS", "₪1,234.50"),
        ("he", "1234.5", "ILS", "₪1,234.50"),
        ("he", "-1234.5", "ILS", "-₪1,234.50"),
        ("he", "-7", "EUR", "-€7.00"),
        ("fr", "-7", "EUR", "-7,00\u00a0€"),
    ],
)
def test_money_has_its_sign_and_minus_where_the_language_wants_them(
    language: str, amount: str, currency: str, written: str
) -> None:
    assert reader(language).money(Decimal(amount), currency) == written


def test_no_amount_carries_marks_that_turn_the_direction() -> None:
    for language in ("fr", "he", "en"):
        text = reader(language).money(Decimal("-1.5"), "ILS")
        assert not {"\u200e", "\u200f", "\u202b"} & set(text)


def test_dates_are_written_in_full_figures_and_short_within_the_year() -> None:
    day = date(2026, 12, 2)
    assert [reader(one).date(day) for one in ("fr", "he", "en")] == ["02/12/2026", "2.12.2026", "2 Dec 2026"]
    assert [reader(one).day(day) for one in ("fr", "he", "en")] == ["02/12", "2.12", "2 Dec"]
    assert reader("fr").day(date(2027, 1, 5)) == "05/01/2027"


def test_instants_are_in_the_agencys_zone_also_across_midnight() -> None:
    assert reader("fr").instant(NOW) == "23/11/2026 11:00"
    assert reader("fr").instant(NOW.replace(hour=23, minute=30)) == "24/11/2026 00:30"
    assert reader("fr").today == date(2026, 11, 23)


def test_a_percentage_has_its_space_in_french_and_never_one_that_breaks() -> None:
    assert [reader(one).percent(38) for one in ("fr", "he", "en")] == ["38\u00a0%", "38%", "38%"]


def test_the_digits_after_the_last_dash_of_a_policy_number_stand_out() -> None:
    assert policy_number_parts("4501-889231") == ("4501-", "889231")
    assert policy_number_parts("AB-12-77") == ("AB-12-", "77")
    assert policy_number_parts("889231") == ("", "889231")
    assert "4501-<b>889231</b>" in shown("{{ '4501-889231' | policy_number }}", "he")


def test_plates_show_their_country_and_read_left_to_right() -> None:
    assert 'class="plate plate-il"' in plate("12-345-67")
    assert 'class="plate plate-fr"' in plate("AB-123-CD")
    assert 'dir="ltr"' in plate("12-345-67")


def test_numbers_and_codes_read_left_to_right_and_names_take_their_own_direction() -> None:
    for one in (
        "'CL-1' | code",
        "'12' | phone",
        "day | full_date",
        "at | instant",
        "amount | money('ILS')",
        "60 | percent",
    ):
        html = shown("{{ " + one + " }}", "he", day=date(2026, 1, 2), at=NOW, amount=Decimal(5))
        assert '<bdi dir="ltr"' in html, one
    assert shown("{{ 'Ωμέγα' | name }}", "he") == "<bdi>Ωμέγα</bdi>"


def test_what_is_missing_is_a_dash_and_never_the_word_none() -> None:
    for name in (
        "code",
        "name",
        "plate",
        "policy_number",
        "phone",
        "email",
        "money",
        "percent",
        "day",
        "full_date",
        "instant",
        "ago",
    ):
        assert "—" in str(FILTERS[name](None)), name


def test_plain_text_isolates_names_and_codes() -> None:
    assert isolated("דנה") == "\u2068דנה\u2069"
    assert isolated_code("12-345-67") == "\u206612-345-67\u2069"


@pytest.mark.parametrize(
    ("size", "written"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 KB"), (183_000, "183 KB"), (4_200_000, "4.2 MB")],
)
def test_sizes_are_in_decimal_units(size: int, written: str) -> None:
    assert reader("en").size(size) == written


def test_a_names_own_markup_is_text() -> None:
    assert shown("{{ '<b>x</b>' | name }}") == "<bdi>&lt;b&gt;x&lt;/b&gt;</bdi>"
    assert "&lt;" in render(
        "search.html",
        reader(),
        {"desk": desk(), "title": "", "text": "<i>", "result": _nothing(), "opened": ()},
    )


def _nothing() -> object:
    from services.gateway.queries import SearchResult  # noqa: PLC0415

    return SearchResult()
