"""A contract: registered, amended into versions, and its life from quote to its end."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from services.policy.domain.clients import Command
from services.policy.domain.contact_details import checked_address
from shared import plates
from shared.contracts.codes import ContractStatus, ProductLine
from shared.contracts.dates import IsoDate
from shared.contracts.money import Money
from shared.contracts.policy import ContractState, Guarantee, PartnerReference, PremiumReceipt, Risk
from shared.errors import Conflict, Invalid

POLICY_NUMBER: Final = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,49}$"
"""People type it into addresses and file names, so nothing that needs escaping there."""

NEXT: Final[dict[ContractStatus, frozenset[ContractStatus]]] = {
    ContractStatus.QUOTED: frozenset(
        {ContractStatus.PENDING, ContractStatus.IN_FORCE, ContractStatus.CANCELLED, ContractStatus.EXPIRED}
    ),
    ContractStatus.PENDING: frozenset(
        {ContractStatus.IN_FORCE, ContractStatus.CANCELLED, ContractStatus.EXPIRED}
    ),
    ContractStatus.IN_FORCE: frozenset(
        {ContractStatus.SUSPENDED, ContractStatus.CANCELLED, ContractStatus.EXPIRED}
    ),
    ContractStatus.SUSPENDED: frozenset(
        {ContractStatus.IN_FORCE, ContractStatus.CANCELLED, ContractStatus.EXPIRED}
    ),
    ContractStatus.CANCELLED: frozenset(),
    ContractStatus.EXPIRED: frozenset(),
}
"""Legal steps. Cover that has ended never comes back: another agreement is another contract. A suspended one
does, when arrears are paid (L113-3)."""

RISK_OF: Final[dict[ProductLine, Literal["vehicle", "home", "person", "animal"]]] = {
    ProductLine.MOTOR_CAR: "vehicle",
    ProductLine.MOTOR_BIKE: "vehicle",
    ProductLine.HOME: "home",
    ProductLine.HEALTH: "person",
    ProductLine.PET: "animal",
}

_PARTNER_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

Text = Annotated[str, Field(max_length=200)]
Note = Annotated[str, Field(max_length=4000)]


class ContractRegistration(Command):
    """A new contract of a known client."""

    policy_number: Annotated[str, Field(pattern=POLICY_NUMBER)]
    client_id: Annotated[str, Field(min_length=1, max_length=36)]
    line: ProductLine
    insurer: PartnerReference
    status: ContractStatus = ContractStatus.QUOTED
    effective_on: IsoDate
    term_start: IsoDate | None = None
    term_end: IsoDate | None = None
    annual_premium: Money
    formula: Annotated[str, Field(min_length=1, max_length=200)]
    guarantees: Annotated[tuple[Guarantee, ...], Field(max_length=100)] = ()
    payment_method: Text = ""
    payment_frequency: Text = ""
    risk: Risk
    receipts: Annotated[tuple[PremiumReceipt, ...], Field(max_length=600)] = ()
    note: Note = ""


class ContractAmendment(Command):
    """What an amendment ("avenant") changes; what is left out stays. `effective_on` starts the new conditions."""

    effective_on: IsoDate
    reason: Text = ""
    term_end: IsoDate | None = None
    annual_premium: Money | None = None
    formula: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    guarantees: Annotated[tuple[Guarantee, ...], Field(max_length=100)] | None = None
    payment_method: Text | None = None
    payment_frequency: Text | None = None
    risk: Risk | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_dump(exclude_none=True, exclude={"effective_on", "reason"}):
            message = "an amendment changes at least one field"
            raise ValueError(message)
        return self


def registered(
    contract_id: str, agency_id: str, client_name: str, registration: ContractRegistration, at: datetime
) -> ContractState:
    """Make version 1."""
    partner_id = registration.insurer.partner_id
    if partner_id is not None and not _PARTNER_ID.fullmatch(partner_id):
        raise Invalid("insurer_invalid", "This is not the id of a partner.", "insurer.partner_id")
    if not registration.insurer.name.strip() and partner_id is None:
        raise Invalid("insurer_invalid", "A contract names its insurer.", "insurer.name")
    _check_unique([guarantee.code for guarantee in registration.guarantees], "guarantees")
    _check_unique([receipt.number for receipt in registration.receipts], "receipts")
    term_start = registration.term_start or registration.effective_on
    _check_term(term_start, registration.term_end)
    return ContractState(
        id=contract_id,
        agency_id=agency_id,
        version=1,
        client_name=client_name,
        term_start=term_start,
        risk=checked_risk(registration.risk, registration.line),
        sequence=1,
        updated_at=at,
        **{
            name: getattr(registration, name)
            for name in ContractRegistration.model_fields
            if name not in {"risk", "term_start"}
        },
    )


def amended(state: ContractState, amendment: ContractAmendment, at: datetime) -> ContractState:
    """Raise the version by one with the changed fields; cover that has ended is not amended."""
    if not NEXT[state.status]:
        raise Conflict("contract_ended", f"A contract that is {state.status.value} cannot be amended.")
    given = {
        name: getattr(amendment, name)
        for name in ContractAmendment.model_fields
        if name not in {"effective_on", "reason"} and getattr(amendment, name) is not None
    }
    if amendment.risk is not None:
        given["risk"] = checked_risk(amendment.risk, state.line)
    if amendment.guarantees is not None:
        _check_unique([guarantee.code for guarantee in amendment.guarantees], "guarantees")
    if amendment.effective_on < state.effective_on:
        raise Invalid("effective_too_early", "An amendment starts after the contract does.", "effective_on")
    _check_term(amendment.effective_on, given.get("term_end", state.term_end))
    if all(getattr(state, name) == value for name, value in given.items()):
        raise Invalid("nothing_to_amend", "These are the conditions already in force.")
    note = amendment.reason or state.note
    return _next(state, at, version=state.version + 1, term_start=amendment.effective_on, note=note, **given)


def with_status(state: ContractState, status: ContractStatus, reason: str, at: datetime) -> ContractState:
    """Take one step of the contract's life; repeating the present status changes its reason only."""
    check_transition(state.status, status)
    return _next(state, at, status=status, status_reason=reason)


def check_transition(old: ContractStatus, new: ContractStatus) -> None:
    """Refuse a step that is not legal; staying is."""
    if new != old and new not in NEXT[old]:
        detail = f"A contract that is {old.value} cannot become {new.value}."
        raise Conflict("illegal_transition", detail, "status")


def with_client_name(state: ContractState, name: str, at: datetime) -> ContractState:
    """Follow a corrected client."""
    return _next(state, at, client_name=name)


def checked_risk(risk: Risk, line: ProductLine) -> Risk:
    """Hold the risk to the product line and complete what follows from it."""
    expected = RISK_OF[line]
    if risk.kind != expected:
        raise Invalid(
            "risk_mismatch", f"A {line.value} contract insures a {expected}, not a {risk.kind}.", "risk.kind"
        )
    if expected == "home" and risk.address is None:
        raise Invalid("risk_incomplete", "A home has an address.", "risk.address")
    if expected in {"person", "animal"} and not risk.name.strip():
        raise Invalid("risk_incomplete", f"The {expected} insured has a name.", "risk.name")
    address = checked_address(risk.address, "risk.address") if risk.address is not None else None
    return risk.model_copy(update={"plate_normalised": plates.normalise(risk.plate), "address": address})


def _check_term(start: date, end: date | None) -> None:
    if end is not None and end <= start:
        raise Invalid("term_invalid", "The term ends after it starts.", "term_end")


def _check_unique(names: list[str], field: str) -> None:
    if len(set(names)) != len(names):
        raise Invalid("duplicate_entry", f"The same entry stands twice in {field}.", field)


def _next(state: ContractState, at: datetime, **update: object) -> ContractState:
    return state.model_copy(update={**update, "sequence": state.sequence + 1, "updated_at": at})
