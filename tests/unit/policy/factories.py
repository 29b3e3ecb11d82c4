"""Clients, contracts and updates as their senders build them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from services.policy.domain import clients, contracts
from services.policy.domain.clients import ClientRegistration
from services.policy.domain.contracts import ContractRegistration
from shared.contracts.partners import ContractUpdate
from shared.contracts.policy import ClientState, Confirmation, ContractState, PremiumReceipt

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
AGENCY = "agency-fr"
ADDRESS = {"street": "3 rue de la République", "postal_code": "69002", "city": "Lyon", "country": "FR"}


def person(**given: Any) -> ClientRegistration:
    """A French client with all contact details."""
    content: dict[str, Any] = {
        "kind": "person",
        "first_name": "Amélie",
        "last_name": "Durand",
        "email": "amelie@demo.example",
        "phone": "06 39 98 12 34",
        "address": ADDRESS,
    }
    return ClientRegistration.model_validate(content | given)


def client(registration: ClientRegistration | None = None, **given: Any) -> ClientState:
    """A client as registered, nothing confirmed."""
    return clients.registered(
        "client-1",
        AGENCY,
        registration or person(**given),
        masked_identity="",
        country="FR",
        language="fr",
        at=NOW,
        confirmed={},
    )


def confirmed_before() -> Confirmation:
    """A confirmation of last year."""
    return Confirmation(at=datetime(2025, 1, 1, tzinfo=UTC), by="Old Hand")


def car_contract(**given: Any) -> dict[str, Any]:
    """A motor contract as JSON."""
    content: dict[str, Any] = {
        "policy_number": "4501-889231",
        "client_id": "client-1",
        "line": "motor_car",
        "insurer": {"partner_id": "insurer-alpha", "name": "Alpha"},
        "status": "in_force",
        "effective_on": "2026-01-01",
        "term_end": "2027-01-01",
        "annual_premium": {"amount": "640.00", "currency": "EUR"},
        "formula": "comfort",
        "guarantees": [{"code": "glass"}, {"code": "theft", "included": False}],
        "payment_method": "sepa",
        "payment_frequency": "monthly",
        "risk": {"kind": "vehicle", "plate": "ab-123-cd", "make": "Renault", "model": "Clio"},
    }
    return content | given


def registration(**given: Any) -> ContractRegistration:
    """A motor contract as a command."""
    return ContractRegistration.model_validate(car_contract(**given))


def contract(**given: Any) -> ContractState:
    """A motor contract in version 1."""
    return contracts.registered("contract-1", AGENCY, "Amélie Durand", registration(**given), NOW)


def update(**given: Any) -> ContractUpdate:
    """An insurer's update."""
    return ContractUpdate.model_validate({"policy_number": "4501-889231", "sequence": 1, **given})


def receipt(**given: Any) -> PremiumReceipt:
    """A premium receipt."""
    content: dict[str, Any] = {
        "number": "R-1",
        "status": "issued",
        "amount": Decimal("53.33"),
        "currency": "EUR",
        "due_on": date(2026, 12, 1),
    }
    return PremiumReceipt.model_validate(content | given)
