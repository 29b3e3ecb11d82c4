"""Email addresses, telephone numbers and postal addresses: checked as typed, kept as typed and normalised."""

from __future__ import annotations

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from shared.contracts.policy import PostalAddress
from shared.errors import Invalid

MAX_LINE = 200


def checked_email(typed: str, field: str = "email") -> str:
    """Give the address with its domain normalised. Syntax only: a mail server that is down proves nothing."""
    try:
        return validate_email(typed.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Invalid("email_invalid", "This is not an email address.", field) from error


def checked_phone(typed: str, country: str | None, field: str = "phone") -> tuple[str, str]:
    """Give what was typed (spaces tidied) and its E.164 form.

    `country` (ISO 3166-1 alpha-2) is where a number without international prefix is from. Length and prefix
    are checked, not whether an operator has opened the range: numbering plans change faster than libraries.
    """
    tidy = " ".join(typed.split())
    try:
        number = phonenumbers.parse(tidy, country)
    except NumberParseException as error:
        detail = "This is not a telephone number; one from abroad starts with + and the country code."
        raise Invalid("phone_invalid", detail, field) from error
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise Invalid("phone_invalid", "This telephone number has too many or too few digits.", field)
    return tidy, phonenumbers.format_number(number, PhoneNumberFormat.E164)


def checked_address(address: PostalAddress, field: str = "address") -> PostalAddress:
    """Give the address with its spaces tidied; a street and a town are what a letter needs."""
    tidy = PostalAddress(
        street=" ".join(address.street.split()),
        postal_code=" ".join(address.postal_code.split()),
        city=" ".join(address.city.split()),
        country=address.country,
    )
    for name in ("street", "postal_code", "city"):
        value: str = getattr(tidy, name)
        if not value and name != "postal_code":
            raise Invalid("address_incomplete", f"The {name} of the address is missing.", f"{field}.{name}")
        if len(value) > MAX_LINE:
            raise Invalid(
                "address_too_long", f"The {name} has more than {MAX_LINE} characters.", f"{field}.{name}"
            )
    return tidy
