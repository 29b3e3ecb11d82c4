"""Whose language a page is in, and the catalogs behind it."""

from __future__ import annotations

import pytest

from services.gateway.pages.languages import (
    DEFAULT,
    LANGUAGE_COOKIE,
    accepted_language,
    choose_language,
    language_of,
    translations,
)


def test_the_profile_decides_then_the_cookie_then_the_browser() -> None:
    cookie = {LANGUAGE_COOKIE: "he"}
    assert choose_language("fr", cookie, "en").code == "fr"
    assert choose_language(None, cookie, "en").code == "he"
    assert choose_language(None, {}, "fr-FR,fr;q=0.9").code == "fr"
    assert choose_language(None, {}, None) is DEFAULT
    assert choose_language("xx", {LANGUAGE_COOKIE: "<script>"}, "zz").code == "en"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("he-IL,he;q=0.9,en;q=0.8", "he"),
        ("en;q=0.5, fr;q=0.7", "fr"),
        ("iw", "he"),
        ("de, fr;q=0", None),
        ("fr;q=abc", None),
        ("", None),
        (";;;,,,=;q", None),
    ],
)
def test_the_browsers_wishes_are_weighed_and_nonsense_counts_as_none(header: str, code: str | None) -> None:
    found = accepted_language(header)
    assert (found.code if found else None) == code


def test_only_hebrew_runs_from_right_to_left() -> None:
    for code, direction in (("fr", "ltr"), ("he", "rtl"), ("en", "ltr")):
        language = language_of(code)
        assert language is not None
        assert (language.direction, language.right_to_left) == (direction, direction == "rtl")


def test_a_language_without_a_catalog_speaks_the_sources_english() -> None:
    assert translations("en").gettext("Claims") == "Claims"
    assert translations("xx").ngettext("%(num)d claim", "%(num)d claims", 2) == "%(num)d claims"
    assert translations("fr").gettext("Claims") == "Sinistres"
