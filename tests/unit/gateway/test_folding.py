"""Folding: what people type finds what is stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.search.folding import agency_token, compact, fold, phone_forms, query_terms, search_text

WORDS = st.text(
    alphabet=st.one_of(
        st.characters(categories=("Lu", "Ll", "Lo", "Nd")),
        st.sampled_from("éÉçßœŒæÅךםןףץשלוםİıﬁ-'.״׳ "),
    ),
    max_size=30,
)


def found(typed: str, text: str) -> bool:
    """The rule that both engines follow: every term of one alternative occurs, short ones as a beginning of a word."""
    return any(
        all(term in text if len(term) >= 3 else f" {term}" in text for term in terms)
        for terms in query_terms(typed)
    )


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Élodie  DUPONT", "elodie dupont"),
        ("Œuvre Straße", "oeuvre strasse"),
        ("Jean-Pierre", "jean pierre jeanpierre"),
        ("O'Brien", "o brien obrien"),
        ("שָׁלוֹם כהן", "שלומ כהנ"),
        ("צד ג'", "צד ג"),
        ("١٢٣", "١٢٣"),
        ("", ""),
        ("...", ""),
    ],
)
def test_words_lose_case_accents_points_and_final_letters(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(WORDS)
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(once) == once


@given(WORDS)
def test_letters_and_digits_stay_alone(text: str) -> None:
    assert all(one.isalnum() or one == " " for one in fold(text))
    assert all(one.isalnum() for one in compact(text))


@given(WORDS)
def test_everything_is_found_by_itself_in_any_case(text: str) -> None:
    stored = search_text([text])
    if compact(text):
        assert found(text, stored)
        assert found(text.upper(), stored) or text.upper().lower() != text.lower()


@given(WORDS, WORDS)
def test_each_word_of_a_text_finds_it(first: str, second: str) -> None:
    stored = search_text([f"{first} {second}"])
    for word in f"{first} {second}".split():
        if compact(word):
            assert found(word, stored)


@pytest.mark.parametrize("typed", ["12-345-67", "1234567", "12 345 67", "345-67", "12.345.67", "345"])
def test_a_plate_is_found_with_and_without_separators(typed: str) -> None:
    assert found(typed, search_text([], numbers=["12-345-67"]))


@pytest.mark.parametrize("typed", ["aa-123-bb", "AA123BB", "AA 123 BB", "123", "aa"])
def test_a_french_plate_is_found_as_it_is_said(typed: str) -> None:
    assert found(typed, search_text([], numbers=["AA-123-BB"]))


@pytest.mark.parametrize(
    "typed", ["06 12 34 56 78", "0612345678", "+33 6 12 34 56 78", "+33612345678", "3456"]
)
def test_a_phone_is_found_in_its_national_and_international_form(typed: str) -> None:
    assert found(typed, search_text([], phones=["+33 (0)6 12 34 56 78", "+33612345678"]))


def test_phone_forms_of_both_countries() -> None:
    assert phone_forms("+972 54-123-4567") == ["972541234567", "0541234567"]
    assert phone_forms("0033612345678") == ["0033612345678", "0612345678"]
    assert phone_forms("054-1234567") == ["0541234567"]
    assert phone_forms("", "-") == []


@pytest.mark.parametrize("typed", ["", "   ", "---", "%", "_", '"', "*"])
def test_punctuation_alone_is_no_term(typed: str) -> None:
    assert query_terms(typed) == []


def test_several_words_must_all_occur() -> None:
    text = search_text(["Hélène Dupont"])
    assert found("dupont helene", text)
    assert not found("dupont martin", text)


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_an_agencys_token_is_one_trigram_of_its_own(one: str, other: str) -> None:
    assert len(agency_token(one)) == 3
    assert agency_token(one) == agency_token(one)
    assert one == other or agency_token(one) != agency_token(other)
    assert fold(agency_token(one)) == ""


def test_a_huge_text_is_cut_rather_than_refused() -> None:
    assert len(search_text(["x" * 100_000])) <= 20_000


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
def test_plain_letters_fold_among_others_as_they_do_alone(text: str) -> None:
    assert fold(f"{text} é") == f"{fold(text)} e".strip()
    assert compact(f"{text}é") == f"{compact(text)}e"
