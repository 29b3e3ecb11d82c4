"""Clients and contracts, as the policy service publishes them on `policy.events.v1`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.codes import ContractStatus, ProductLine, ReceiptStatus
from shared.contracts.envelope import Contract
from shared.contracts.money import Amount, Money


class PartnerReference(Contract):
    """A partner as it stands on a claim or contract. `partner_id` is None for firms that push nothing."""

    partner_id: str | None = None
    name: str
    phone: str = ""
    city: str = ""


class PostalAddress(Contract):
    """An address as people write it; `country` is ISO 3166-1 alpha-2."""

    street: str
    postal_code: str = ""
    city: str
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]


class Confirmation(Contract):
    """When and by whom a contact detail was last confirmed with the client (domain.md, 8)."""

    at: AwareDatetime | None = None
    by: str = ""


class EmailDetail(Contract):
    """An email address and its last confirmation."""

    value: str
    confirmed: Confirmation = Confirmation()


class PhoneDetail(Contract):
    """A phone number: what was typed, its E.164 form, and its last confirmation."""

    value: str
    e164: str = ""
    confirmed: Confirmation = Confirmation()


class AddressDetail(Contract):
    """A postal address and its last confirmation."""

    value: PostalAddress
    confirmed: Confirmation = Confirmation()


class ClientState(Contract):
    """A client of the agency. `identity_number` is masked: the full one never leaves the policy service."""

    id: str
    agency_id: str
    kind: Literal["person", "company"]
    name: str
    first_name: str = ""
    last_name: str = ""
    company_name: str = ""
    identity_number: str = ""
    born_on: date | None = None
    language: str = "fr"
    email: EmailDetail | None = None
    phone: PhoneDetail | None = None
    address: AddressDetail | None = None
    sequence: int = 0
    updated_at: AwareDatetime


class Guarantee(Contract):
    """One cover of the formula; `limit` and `deductible` are None where there is none."""

    code: str
    included: bool = True
    limit: Money | None = None
    deductible: Money | None = None


class Risk(Contract):
    """What is insured. Only the fields of its kind are filled."""

    kind: Literal["vehicle", "home", "person", "animal"]
    plate: str = ""
    plate_normalised: str = ""
    make: str = ""
    model: str = ""
    first_registered_on: date | None = None
    address: PostalAddress | None = None
    area_m2: int | None = None
    name: str = ""
    species: str = ""
    breed: str = ""
    born_on: date | None = None


class PremiumReceipt(Contract):
    """A premium receipt ("quittance")."""

    number: str
    status: ReceiptStatus
    amount: Amount
    currency: str
    due_on: date | None = None
    paid_on: date | None = None


class ContractState(Contract):
    """A contract in its current version."""

    id: str
    agency_id: str
    policy_number: str
    version: Annotated[int, Field(ge=1)] = 1
    line: ProductLine
    insurer: PartnerReference
    client_id: str
    client_name: str
    status: ContractStatus
    status_reason: str = ""
    effective_on: date
    term_start: date
    term_end: date | None = None
    annual_premium: Money
    formula: str
    guarantees: tuple[Guarantee, ...] = ()
    payment_method: str = ""
    payment_frequency: str = ""
    risk: Risk
    receipts: tuple[PremiumReceipt, ...] = ()
    note: str = ""
    sequence: int = 0
    updated_at: AwareDatetime
