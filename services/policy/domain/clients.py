"""A client of the agency: registered, corrected, and his contact details confirmed at every call (domain.md, 8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.policy.domain.contact_details import checked_address, checked_email, checked_phone
from services.policy.domain.identity_numbers import ClientKind
from shared.contracts.dates import IsoDate
from shared.contracts.policy import (
    AddressDetail,
    ClientState,
    Confirmation,
    EmailDetail,
    PhoneDetail,
    PostalAddress,
)
from shared.errors import Invalid

Detail = Literal["email", "phone", "address"]
DETAILS: tuple[Detail, ...] = ("email", "phone", "address")

Name = Annotated[str, Field(max_length=100)]
CountryCode = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Language = Literal["fr", "he", "en"]


class Command(BaseModel):
    """What a caller asks for: unknown fields are refused, since a misspelt one would silently do nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _printable(cls, given: object) -> object:
        """Refuse the character NUL anywhere: PostgreSQL can keep it neither in text nor in JSON."""
        if _has_nul(given):
            message = "the character NUL is not text"
            raise ValueError(message)
        return given


class ContactCorrection(Command):
    """New contact details; those left out stay as they are."""

    email: Annotated[str, Field(max_length=320)] | None = None
    phone: Annotated[str, Field(max_length=50)] | None = None
    address: PostalAddress | None = None

    @property
    def given(self) -> tuple[Detail, ...]:
        """Which details are corrected."""
        return tuple(name for name in DETAILS if getattr(self, name) is not None)


class ClientRegistration(ContactCorrection):
    """A new client: a person by his names, a company by its own."""

    kind: ClientKind
    first_name: Name = ""
    last_name: Name = ""
    company_name: Annotated[str, Field(max_length=200)] = ""
    identity_number: Annotated[str, Field(max_length=40)] = ""
    identity_country: CountryCode | None = None
    born_on: IsoDate | None = None
    language: Language | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.kind == "person" and not self.last_name:
            message = "a person has a last name"
            raise ValueError(message)
        if self.kind == "company" and not self.company_name:
            message = "a company has a company name"
            raise ValueError(message)
        return self


class ClientCorrection(Command):
    """Corrected particulars; those left out stay as they are."""

    first_name: Name | None = None
    last_name: Name | None = None
    company_name: Annotated[str, Field(max_length=200)] | None = None
    identity_number: Annotated[str, Field(max_length=40)] | None = None
    identity_country: CountryCode | None = None
    born_on: IsoDate | None = None
    language: Language | None = None


def registered(
    client_id: str,
    agency_id: str,
    registration: ClientRegistration,
    *,
    masked_identity: str,
    country: str | None,
    language: str,
    at: datetime,
    confirmed: Mapping[Detail, Confirmation],
) -> ClientState:
    """Make the first state. `country` is the agency's: where a phone number is from when no address tells."""
    _check_birth(registration.born_on, at)
    blank = ClientState(
        id=client_id,
        agency_id=agency_id,
        kind=registration.kind,
        name=full_name(
            registration.kind, registration.first_name, registration.last_name, registration.company_name
        ),
        first_name=_tidy(registration.first_name),
        last_name=_tidy(registration.last_name),
        company_name=_tidy(registration.company_name),
        identity_number=masked_identity,
        born_on=registration.born_on,
        language=registration.language or language,
        sequence=1,
        updated_at=at,
    )
    return _with_details(blank, registration, country, confirmed)


def contact_confirmed(
    state: ClientState, details: Collection[Detail], *, at: datetime, by: str
) -> ClientState:
    """Mark details as confirmed with the client, by `by` and just now."""
    if not details:
        raise Invalid("nothing_to_confirm", "Name at least one detail to confirm.", "details")
    seal = Confirmation(at=at, by=by)
    confirmed: dict[str, object] = {}
    for name in DETAILS:
        if name in details:
            detail: EmailDetail | PhoneDetail | AddressDetail | None = getattr(state, name)
            if detail is None:
                raise Invalid("nothing_to_confirm", f"This client has no {name} yet.", f"details.{name}")
            confirmed[name] = detail.model_copy(update={"confirmed": seal})
    return _next(state, at, **confirmed)


def contact_corrected(
    state: ClientState, correction: ContactCorrection, *, country: str | None, at: datetime, by: str
) -> ClientState:
    """Replace details; who corrects one has just spoken with the client, so it counts as confirmed."""
    if not correction.given:
        raise Invalid("nothing_to_correct", "Give at least one detail to correct.")
    seal = Confirmation(at=at, by=by)
    return _with_details(_next(state, at), correction, country, dict.fromkeys(correction.given, seal))


def corrected(
    state: ClientState, correction: ClientCorrection, *, masked_identity: str | None, at: datetime
) -> ClientState:
    """Correct names, birth, language or the identity number (given masked; None leaves it)."""
    _check_birth(correction.born_on, at)
    given = correction.model_dump(exclude_none=True, exclude={"identity_number", "identity_country"})
    if masked_identity is not None:
        given["identity_number"] = masked_identity
    if not given:
        raise Invalid("nothing_to_correct", "Give at least one field to correct.")
    for name in ("first_name", "last_name", "company_name"):
        if name in given:
            given[name] = _tidy(given[name])
    changed = state.model_copy(update=given)
    name = full_name(changed.kind, changed.first_name, changed.last_name, changed.company_name)
    return _next(changed, at, name=name)


def full_name(kind: ClientKind, first_name: str, last_name: str, company_name: str) -> str:
    """Give the name that lists show: first name first, as both countries write it."""
    name = _tidy(company_name) if kind == "company" else _tidy(f"{first_name} {last_name}")
    required = company_name if kind == "company" else last_name
    if not required.strip():
        field = "company_name" if kind == "company" else "last_name"
        raise Invalid("name_missing", "A client has a name.", field)
    return name


def _with_details(
    state: ClientState,
    correction: ContactCorrection,
    country: str | None,
    confirmed: Mapping[Detail, Confirmation],
) -> ClientState:
    found: dict[str, object] = {}
    if correction.address is not None:
        address = checked_address(correction.address)
        found["address"] = AddressDetail(value=address, confirmed=confirmed.get("address", Confirmation()))
    if correction.email is not None:
        email = checked_email(correction.email)
        found["email"] = EmailDetail(value=email, confirmed=confirmed.get("email", Confirmation()))
    if correction.phone is not None:
        own = correction.address or (state.address.value if state.address else None)
        value, e164 = checked_phone(correction.phone, own.country if own else country)
        found["phone"] = PhoneDetail(value=value, e164=e164, confirmed=confirmed.get("phone", Confirmation()))
    return state.model_copy(update=found)


def _next(state: ClientState, at: datetime, **update: object) -> ClientState:
    return state.model_copy(update={**update, "sequence": state.sequence + 1, "updated_at": at})


def _check_birth(born_on: date | None, at: datetime) -> None:
    if born_on is not None and born_on > at.date():
        raise Invalid("born_in_future", "The date of birth lies in the future.", "born_on")


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _has_nul(given: object) -> bool:
    if isinstance(given, str):
        return "\0" in given
    if isinstance(given, Mapping):
        return any(_has_nul(value) for value in given.values())
    return isinstance(given, list | tuple) and any(_has_nul(value) for value in given)
