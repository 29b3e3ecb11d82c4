"""A client, a contract and a claim with every field filled, in Greek: no other text of a page is, so data can be told from words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.gateway.identity.sessions import CurrentUser
from services.gateway.pages.figures import Reader
from services.gateway.pages.languages import LANGUAGES
from services.gateway.pages.visits import Desk
from services.gateway.queries import (
    ActivityRow,
    AgencyInfo,
    AlertRow,
    ChangedField,
    ClaimDetail,
    ClaimRow,
    ClientRow,
    ContractDetail,
    ContractRow,
    DocumentRow,
    Told,
    ToldClaim,
    ToldClient,
)
from services.gateway.queries.rows import LastChange, PartnerCard, RepairRow
from services.gateway.status import DownService
from shared.contracts.changes import changes_between
from shared.contracts.claims import ClaimState
from shared.contracts.envelope import Change
from shared.contracts.policy import ClientState, ContractState

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FIRM = {"partner_id": "garage-one", "name": "Ομάδα", "phone": "04 99 00 30 30", "city": "Πόλη"}
EURO = {"amount": "1234.50", "currency": "EUR"}


def reader(language: str = "en") -> Reader:
    """Somebody of a French agency, in Paris at eleven o'clock."""
    return Reader(LANGUAGES[language], ZoneInfo("Europe/Paris"), NOW, frozenset({"FR"}))


def user(role: Any = "broker", language: str = "fr") -> CurrentUser:
    agency = AgencyInfo("agency-1", "Γραφείο", "FR", "fr", "Europe/Paris", "EUR")
    return CurrentUser("user-1", "a@b.example", "Άλφα Βήτα", role, language, (agency,), "session-1")


def desk(language: str = "en", **changes: Any) -> Desk:
    values: dict[str, Any] = {
        "language": LANGUAGES[language],
        "theme": "system",
        "user": user(),
        "unread": 3,
        "position": 7,
        "active": "claims",
        "here": "/claims",
        "down": (DownService("claims", NOW - timedelta(minutes=9)),),
        "notice": "",
    }
    return Desk(**{**values, **changes})


def claim_state(**changes: Any) -> ClaimState:
    state = {
        "id": "claim-1",
        "agency_id": "agency-1",
        "claim_number": "CL-2026-000117",
        "policy_number": "4501-889231",
        "client_id": "client-1",
        "client_name": "Ωμέγα Σίγμα",
        "line": "motor_car",
        "kind": "third_party",
        "cause": "collision",
        "status": "under_assessment",
        "event_date": "2026-10-09",
        "description": "Σύγκρουση",
        "plate": "12-345-67",
        "plate_normalised": "1234567",
        "insurer": {**FIRM, "partner_id": "insurer-alpha"},
        "insurer_reference": "REF-1",
        "garage": FIRM,
        "appraiser": {**FIRM, "partner_id": "appraiser-one"},
        "insured": {
            "name": "Ωμέγα Σίγμα",
            "identity_number": "*****6782",
            "address": "Οδός 7",
            "mobile": "052-555-1880",
            "plate": "12-345-67",
            "policy_number": "4501-889231",
        },
        "third_parties": [
            {
                "policyholder": "Τρίτος",
                "mobile": "1",
                "driver": "Οδηγός",
                "plate": "GK-129-LM",
                "insurer": "Γάμμα",
            }
        ],
        "third_party_agent": {"name": "Πράκτορας", "agency": "Δέλτα", "phone": "2", "email": "x@y.example"},
        "repair": {
            "phase": "body",
            "percent": 60,
            "eta": "2026-12-02",
            "delay_reason": "parts",
            "quote": {"status": "approved", "amount": "1915.00", "currency": "EUR"},
            "note": "Σημείωση",
            "steps": [
                {"phase": "assigned", "at": "2026-10-11T11:41:00Z"},
                {"phase": "arrived", "at": "2026-10-19T12:31:00Z", "note": "Ήρθε"},
                {"phase": "body", "at": "2026-11-20T08:00:00Z"},
            ],
            "promises": [
                {"eta": "2026-11-25", "given_at": "2026-10-19T12:31:00Z"},
                {"eta": "2026-12-02", "given_at": "2026-11-20T08:00:00Z", "delay_reason": "parts"},
            ],
            "updated_at": "2026-11-20T08:00:00Z",
        },
        "appraisal": {
            "status": "report_issued",
            "visit_on": "2026-10-17",
            "damage": EURO,
            "loss_of_value": EURO,
            "total_loss": "none",
            "fee": EURO,
            "note": "Πόρισμα",
            "updated_at": "2026-10-18T08:00:00Z",
        },
        "settlement": {
            "liability_percent": 50,
            "reserve": EURO,
            "payments": [
                {
                    "reference": "P-1",
                    "kind": "indemnity",
                    "payee": "Ωμέγα",
                    **EURO,
                    "method": "cheque",
                    "cheque": {"number": "7000107", "bank": "Τράπεζα", "matures_on": "2026-12-07"},
                },
                {"reference": "P-2", "kind": "garage", **EURO, "method": "transfer", "paid_on": "2026-11-20"},
            ],
            "requested_documents": ["demand_letter", "repair_invoice"],
            "paid": EURO,
            "outstanding": EURO,
            "note": "Παρατήρηση",
        },
        "sequence": 9,
        "reported_at": "2026-10-09T10:00:00Z",
        "updated_at": "2026-11-20T08:00:00Z",
    }
    return ClaimState.model_validate({**state, **changes})


def client_state(**changes: Any) -> ClientState:
    state = {
        "id": "client-1",
        "agency_id": "agency-1",
        "kind": "person",
        "name": "Ωμέγα Σίγμα",
        "identity_number": "*****6782",
        "born_on": "1980-02-03",
        "email": {"value": "x@y.example", "confirmed": {"at": "2026-11-20T08:00:00Z", "by": "Άλφα"}},
        "phone": {"value": "06 39 98 28 04", "e164": "+33639982804"},
        "address": {"value": {"street": "Οδός 7", "postal_code": "38000", "city": "Πόλη", "country": "FR"}},
        "sequence": 2,
        "updated_at": "2026-11-20T08:00:00Z",
    }
    return ClientState.model_validate({**state, **changes})


def contract_state(**changes: Any) -> ContractState:
    state = {
        "id": "contract-1",
        "agency_id": "agency-1",
        "policy_number": "4501-889231",
        "version": 3,
        "line": "motor_car",
        "insurer": {**FIRM, "partner_id": "insurer-alpha"},
        "client_id": "client-1",
        "client_name": "Ωμέγα Σίγμα",
        "status": "in_force",
        "status_reason": "Αιτία",
        "effective_on": "2025-10-03",
        "term_start": "2026-10-03",
        "term_end": "2027-10-02",
        "annual_premium": EURO,
        "formula": "comprehensive",
        "guarantees": [
            {"code": "liability", "limit": EURO, "deductible": EURO},
            {"code": "glass", "included": False},
        ],
        "payment_method": "direct_debit",
        "payment_frequency": "quarterly",
        "risk": {
            "kind": "vehicle",
            "plate": "AB-123-CD",
            "make": "Ρω",
            "model": "Σι",
            "first_registered_on": "2020-12-09",
        },
        "receipts": [
            {"number": "Q-1", "status": "paid", **EURO, "due_on": "2026-10-03", "paid_on": "2026-10-05"},
            {"number": "Q-2", "status": "reminded", **EURO, "due_on": "2026-11-03"},
            {"number": "Q-3", "status": "pending", **EURO, "due_on": "2027-01-03"},
        ],
        "note": "Σημείωση",
        "updated_at": "2026-11-20T08:00:00Z",
    }
    return ContractState.model_validate({**state, **changes})


def claim_row(**changes: Any) -> ClaimRow:
    values: dict[str, Any] = {
        "id": "claim-1",
        "agency_id": "agency-1",
        "claim_number": "CL-2026-000117",
        "policy_number": "4501-889231",
        "client_id": "client-1",
        "client_name": "Ωμέγα Σίγμα",
        "insured_name": "Ωμέγα Σίγμα",
        "plate": "12-345-67",
        "event_date": date(2026, 10, 9),
        "line": "motor_car",
        "kind": "third_party",
        "status": "under_assessment",
        "open": True,
        "insurer": "insurer-alpha",
        "insurer_name": "Άλφα",
        "garage": "garage-one",
        "garage_name": "Ομάδα",
        "repair": RepairRow("body", 60, date(2026, 12, 2), 7, "parts"),
        "unread": True,
        "last_activity_at": NOW - timedelta(minutes=2),
        "sequence": 9,
        "last_change": LastChange(
            "repair-progressed",
            "Ομάδα",
            "partner",
            NOW - timedelta(minutes=2),
            (Change(field="repair.eta", old="2026-11-25", new="2026-12-02"),),
        ),
    }
    return ClaimRow(**{**values, **changes})


def contract_row(**changes: Any) -> ContractRow:
    state = contract_state()
    values: dict[str, Any] = {
        "id": state.id,
        "agency_id": state.agency_id,
        "policy_number": state.policy_number,
        "version": 3,
        "line": "motor_car",
        "status": "in_force",
        "insurer": "insurer-alpha",
        "insurer_name": "Άλφα",
        "client_id": "client-1",
        "client_name": "Ωμέγα Σίγμα",
        "plate": "",
        "term_start": state.term_start,
        "term_end": state.term_end,
        "annual_premium": state.annual_premium,
        "formula": "comprehensive",
        "sequence": 2,
        "last_activity_at": NOW,
    }
    return ContractRow(**{**values, **changes})


def client_row(**changes: Any) -> ClientRow:
    values: dict[str, Any] = {
        "id": "client-1",
        "agency_id": "agency-1",
        "name": "Ωμέγα Σίγμα",
        "kind": "company",
        "phone": "06 39 98 28 04",
        "email": "x@y.example",
        "city": "Πόλη",
        "identity_number": "",
        "contracts": 2,
        "open_claims": 1,
        "last_activity_at": NOW - timedelta(days=1),
    }
    return ClientRow(**{**values, **changes})


def document_row(**changes: Any) -> DocumentRow:
    values: dict[str, Any] = {
        "id": "file-1",
        "agency_id": "agency-1",
        "name": "Φωτό",
        "type": "damage_photo",
        "content_type": "image/jpeg",
        "size": 183_000,
        "uploaded_at": NOW - timedelta(hours=3),
        "uploaded_by": "Άλφα",
        "width": 800,
        "height": 600,
        "client_id": "client-1",
        "claim_number": "CL-2026-000117",
    }
    return DocumentRow(**{**values, **changes})


def activity_row(
    happening: str = "repair-progressed", aggregate: str = "claim", **changes: Any
) -> ActivityRow:
    values: dict[str, Any] = {
        "event_id": "event-1",
        "happening": happening,
        "aggregate": aggregate,
        "subject_id": "claim-1",
        "sequence": 9,
        "at": NOW - timedelta(minutes=2),
        "actor_kind": "partner",
        "actor_id": "garage-one",
        "actor_name": "Ομάδα",
        "changes": (
            Change(field="repair.phase", old="parts_ordered", new="body"),
            Change(field="repair.eta", old="2026-11-25", new="2026-12-02"),
        ),
        "client_id": "client-1",
        "policy_number": "4501-889231",
        "claim_number": "CL-2026-000117",
    }
    return ActivityRow(**{**values, **changes})


def alert_row(kind: str = "repair-progressed", **changes: Any) -> AlertRow:
    values: dict[str, Any] = {
        "id": "alert-1",
        "position": 7,
        "agency_id": "agency-1",
        "kind": kind,
        "params": {},
        "changes": (Change(field="repair.percent", old=40, new=60),),
        "claim_number": "CL-2026-000117",
        "policy_number": "4501-889231",
        "client_id": "client-1",
        "client_name": "Ωμέγα Σίγμα",
        "actor_kind": "partner",
        "actor_name": "Ομάδα",
        "at": NOW - timedelta(minutes=2),
        "read": False,
    }
    return AlertRow(**{**values, **changes})


def cheque_alert(days: int = 14) -> AlertRow:
    return alert_row(
        "cheque-maturing",
        changes=(),
        actor_kind="system",
        actor_name="clock",
        params={
            "number": "7000107",
            "bank": "Τράπεζα",
            "amount": "1460.00",
            "currency": "EUR",
            "matures_on": "2026-12-07",
            "days": days,
        },
    )


def partner_card(kind: str) -> PartnerCard:
    return PartnerCard("garage-one", "Ομάδα", kind, "04 99 00 30 30", "Πόλη")


def changed_fields() -> tuple[ChangedField, ...]:
    """Every field of a claim, as if each had changed since the page was opened."""
    return tuple(
        ChangedField(change.field, change.old, change.new, NOW, "Ομάδα")
        for change in changes_between(None, claim_state())
        if change.field.partition(".")[0] in {"repair", "appraisal", "settlement", "garage"}
    )


def claim_detail(**changes: Any) -> ClaimDetail:
    values: dict[str, Any] = {
        "row": claim_row(),
        "state": claim_state(),
        "insurer": partner_card("insurer"),
        "garage": partner_card("garage"),
        "appraiser": partner_card("appraiser"),
        "client": client_state(),
        "contract": contract_row(),
        "changed": changed_fields(),
        "history": (activity_row(), activity_row("document-added", "document")),
        "documents": (document_row(), document_row(id="file-2", content_type="application/pdf")),
        "seen_at": NOW - timedelta(days=1),
    }
    return ClaimDetail(**{**values, **changes})


def told_claim(**changes: Any) -> ToldClaim:
    """What the claim page is given, of a claim that is there."""
    claim = claim_detail(**changes)
    state = claim.state
    title = f"{state.plate or state.claim_number} · {state.insured.name or state.client_name}"
    return ToldClaim(
        state.claim_number,
        title,
        Told.of(claim),
        claim.changed,
        claim.history,
        claim.documents,
        claim.seen_at,
        marked=False,
    )


def told_client(**changes: Any) -> ToldClient:
    state = client_state(**changes)
    return ToldClient(
        state.id,
        state.name,
        Told.of(state),
        (contract_row(),),
        (claim_row(),),
        (document_row(),),
        (activity_row(),),
    )


def contract_detail(**changes: Any) -> ContractDetail:
    return ContractDetail(
        contract_row(),
        contract_state(**changes),
        client_state(),
        partner_card("insurer"),
        (claim_row(),),
        (document_row(),),
        (activity_row("contract-receipts-changed", "contract"),),
    )
