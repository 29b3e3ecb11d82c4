"""Agencies, users and partners, as the gateway announces them on `identity.events.v1`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from shared.contracts.codes import PartnerKind, Role
from shared.contracts.envelope import Contract
from shared.contracts.money import Currency


class AgencyState(Contract):
    """A brokerage: the tenant that every row, event, file and stream belongs to."""

    id: str
    name: str
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    language: str
    timezone: str
    currency: Currency
    cheque_warning_days: Annotated[int, Field(ge=0, le=365)] = 14
    sequence: int = 0
    updated_at: AwareDatetime


class UserState(Contract):
    """A person at the desk. `ops` users have no agency."""

    id: str
    email: str
    name: str
    role: Role
    agency_ids: tuple[str, ...]
    language: str
    active: bool = True
    sequence: int = 0
    updated_at: AwareDatetime


class PartnerState(Contract):
    """An insurer, garage or appraiser that may push updates. Partners stand outside the agencies."""

    id: str
    kind: PartnerKind
    name: str
    phone: str = ""
    city: str = ""
    active: bool = True
    sequence: int = 0
    updated_at: AwareDatetime
