import pytest

from services.policy.domain.contact_details import checked_address, checked_email, checked_phone
from shared.contracts.policy import PostalAddress
from shared.errors import Invalid


def test_an_email_address_keeps_its_local_part_and_gets_a_lower_case_domain() -> None:
    assert checked_email("  Amelie.Durand@DEMO.Example ") == "Amelie.Durand@demo.example"


def test_an_address_in_hebrew_letters_is_an_email_address() -> None:
    assert checked_email("דנה@דוגמה.ישראל") == "דנה@דוגמה.ישראל"


@pytest.mark.parametrize(
    "typed", ["", "amelie", "amelie@", "a b@demo.example", "a@b@demo.example", "x@localhost"]
)
def test_what_is_not_an_email_address_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_email(typed)
    assert (refused.value.code, refused.value.field) == ("email_invalid", "email")
    assert not typed or typed not in refused.value.detail


@pytest.mark.parametrize(
    ("typed", "country", "expected"),
    [
        ("06 39 98 12 34", "FR", ("06 39 98 12 34", "+33639981234")),
        ("052-123-4567", "IL", ("052-123-4567", "+972521234567")),
        ("  +972 50  123 4567 ", "FR", ("+972 50 123 4567", "+972501234567")),
        ("+33 6 12 34 56 78", None, ("+33 6 12 34 56 78", "+33612345678")),
    ],
)
def test_a_phone_number_is_kept_as_typed_and_in_international_form(
    typed: str, country: str | None, expected: tuple[str, str]
) -> None:
    assert checked_phone(typed, country) == expected


@pytest.mark.parametrize(
    ("typed", "country"),
    [("123", "FR"), ("0612345678901234", "FR"), ("hello", "FR"), ("0612345678", None), ("", "IL")],
)
def test_what_is_not_a_phone_number_is_refused(typed: str, country: str | None) -> None:
    with pytest.raises(Invalid, match="phone_invalid"):
        checked_phone(typed, country)


def test_an_address_loses_its_superfluous_spaces() -> None:
    typed = PostalAddress(street=" 3  rue  Neuve", postal_code=" 69002 ", city="Lyon ", country="FR")
    assert checked_address(typed) == PostalAddress(
        street="3 rue Neuve", postal_code="69002", city="Lyon", country="FR"
    )


@pytest.mark.parametrize(("name", "value"), [("street", " "), ("city", ""), ("city", "x" * 201)])
def test_an_address_without_street_or_town_or_of_endless_length_is_refused(name: str, value: str) -> None:
    address = PostalAddress(street="3 rue Neuve", city="Lyon", country="FR").model_copy(update={name: value})
    with pytest.raises(Invalid) as refused:
        checked_address(address)
    assert refused.value.field == f"address.{name}"
