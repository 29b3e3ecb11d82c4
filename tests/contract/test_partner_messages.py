"""What partners are promised: a message that the published schema takes is read, and one that it refuses is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from shared.contracts.envelope import CloudEvent, written_event
from shared.contracts.partners import RECEIPT_TYPE, UPDATE_MODELS, UPDATE_TYPES, Receipt
from shared.contracts.schemas import schema_files
from shared.messaging.partners import Reading, Verdict, read_message
from tests.contract.schemas import complaints, required_fields, validator

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
MONEY = {"amount": "1250.00", "currency": "EUR"}
EVERYTHING: dict[str, dict[str, Any]] = {
    "repair-updates": {
        "claim_number": "CL-2026-000001",
        "sequence": 7,
        "phase": "body",
        "plate": "AB-123-CD",
        "percent": 60,
        "eta": "2026-12-02",
        "delay_reason": "parts",
        "quote": {"status": "approved", **MONEY},
        "note": "Aile avant remplacée.",
        "occurred_at": "2026-11-25T08:00:00+01:00",
    },
    "claim-updates": {
        "insurer_reference": "REF-77",
        "sequence": 3,
        "status": "payment_pending",
        "liability_percent": 50,
        "reserve": MONEY,
        "payments": [
            {
                "reference": "P-1",
                "kind": "indemnity",
                "payee": "Hélène Dupont",
                **MONEY,
                "method": "cheque",
                "paid_on": "2026-11-20",
                "cheque": {
                    "number": "700101",
                    "bank": "Banque des Deux Rives",
                    "issued_on": "2026-11-20",
                    "matures_on": "2026-12-20",
                    "status": "announced",
                },
            },
            {"reference": "P-2", "kind": "garage", "payee": "Garage", **MONEY, "method": "transfer"},
        ],
        "requested_documents": ["repair_invoice", "damage_photo"],
        "note": "Dossier complet.",
    },
    "appraisal-updates": {
        "claim_number": "CL-2026-000001",
        "sequence": 2,
        "status": "report_issued",
        "visit_on": "2026-11-24",
        "damage": MONEY,
        "loss_of_value": MONEY,
        "total_loss": "none",
        "fee": MONEY,
        "note": "Rapport remis.",
    },
    "contract-updates": {
        "policy_number": "4501-880000",
        "sequence": 4,
        "status": "suspended",
        "reason": "Cotisation impayée.",
        "receipts": [{"number": "Q-1", "status": "paid", "paid_on": "2026-11-20", "amount": "640.00"}],
        "note": "Régularisé.",
    },
}
"""Every field of interface.md, once."""


def event(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "m-1",
        "source": "urn:dossier:partner:firm-one",
        "type": UPDATE_TYPES[kind],
        "data": data,
    }


def read(kind: str, data: dict[str, Any]) -> Reading:
    return read_message("firm-one", kind, orjson.dumps(event(kind, data)), NOW)


def copied(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(orjson.dumps(EVERYTHING[kind]))
    return found


def broken(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each field in turn with a value of the wrong type, and each code with one that does not exist."""
    for field, value in EVERYTHING[kind].items():
        data = copied(kind)
        data[field] = {"wrong": True} if not isinstance(value, dict | list) else 1.5
        yield field, data
        if isinstance(value, dict):
            for inner in value:
                data = copied(kind)
                data[field][inner] = ["wrong"]
                yield f"{field}.{inner}", data
    for field in {"phase", "status", "delay_reason", "total_loss"} & EVERYTHING[kind].keys():
        yield field, {**EVERYTHING[kind], field: "no_such_code"}


def test_each_kind_of_message_has_its_example() -> None:
    assert EVERYTHING.keys() == UPDATE_MODELS.keys()


@pytest.mark.parametrize("kind", EVERYTHING)
def test_a_message_with_every_field_of_the_interface_fits_the_schema_and_is_read(kind: str) -> None:
    assert complaints(UPDATE_TYPES[kind], event(kind, EVERYTHING[kind])) == []

    found = read(kind, EVERYTHING[kind])

    assert found.message is not None, found.verdict
    told = found.message.data.model_dump(mode="json", exclude_unset=True)
    assert told.keys() == EVERYTHING[kind].keys(), "no field is passed over"


@pytest.mark.parametrize("kind", EVERYTHING)
def test_a_message_with_the_required_fields_alone_fits_and_is_read(kind: str) -> None:
    required = required_fields(UPDATE_TYPES[kind], UPDATE_MODELS[kind].__name__)
    naming = {"insurer_reference"} & EVERYTHING[kind].keys()
    data = {name: EVERYTHING[kind][name] for name in {*required, *naming}}

    assert complaints(UPDATE_TYPES[kind], event(kind, data)) == []
    assert read(kind, data).message is not None


@pytest.mark.parametrize("kind", EVERYTHING)
def test_a_field_of_a_newer_sender_fits_and_is_passed_over(kind: str) -> None:
    data = {**EVERYTHING[kind], "colour_of_the_roof": "red"}

    assert complaints(UPDATE_TYPES[kind], event(kind, data)) == []
    assert read(kind, data).message is not None


@pytest.mark.parametrize("kind", EVERYTHING)
def test_what_the_schema_refuses_is_refused_with_the_same_field(kind: str) -> None:
    for field, data in broken(kind):
        assert complaints(UPDATE_TYPES[kind], event(kind, data)), f"{field}: the schema takes it"
        verdict = read(kind, data).verdict
        assert verdict is not None, f"{field}: it is read"
        assert verdict.reason is not None
        assert verdict.reason.code == "schema"
        assert (verdict.reason.field or "").startswith(field.split(".")[0])


@pytest.mark.parametrize("amount", [180, "-180.00", "1e3", "12.345", ""])
def test_an_amount_is_a_decimal_string_that_is_not_negative(amount: object) -> None:
    data = {**EVERYTHING["appraisal-updates"], "damage": {"amount": amount, "currency": "EUR"}}

    assert complaints(UPDATE_TYPES["appraisal-updates"], event("appraisal-updates", data))
    assert read("appraisal-updates", data).message is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("eta", 46359),
        ("eta", "1767225600"),
        ("eta", "2026-12-02T00:00:00"),
        ("eta", "02/12/2026"),
        ("eta", "2026-02-30"),
        ("occurred_at", 1767225600),
        ("occurred_at", "1767225600"),
        ("occurred_at", "2026-11-25"),
        ("occurred_at", "2026-11-25T08:00:00"),
    ],
)
def test_dates_are_iso_8601_and_instants_carry_an_offset(field: str, value: object) -> None:
    verdict = read("repair-updates", {**EVERYTHING["repair-updates"], field: value}).verdict

    assert verdict is not None
    assert verdict.reason is not None
    assert (verdict.reason.code, verdict.reason.field) == ("schema", field)


@pytest.mark.parametrize(
    "value", ["2026-11-25T08:00:00Z", "2026-11-25T08:00:00.123+01:00", "2026-11-25T08:00+0200"]
)
def test_the_ways_to_write_an_instant_are_read(value: str) -> None:
    assert read("repair-updates", {**EVERYTHING["repair-updates"], "occurred_at": value}).message is not None


@pytest.mark.parametrize("outcome", ["accepted", "duplicate", "stale", "rejected"])
def test_receipts_fit_the_schema_that_partners_read(outcome: str) -> None:
    verdict = read("repair-updates", {}).verdict
    assert verdict is not None
    receipt = {**verdict.receipt("m-1"), "outcome": outcome}
    message = {
        "specversion": "1.0",
        "id": "r-1",
        "source": "urn:dossier:service:claims",
        "type": RECEIPT_TYPE,
        "subject": "m-1",
        "time": NOW.isoformat(),
        "data": receipt,
    }

    assert complaints(RECEIPT_TYPE, message) == []
    assert complaints(RECEIPT_TYPE, {**message, "data": {**receipt, "outcome": "perhaps"}})


def test_every_committed_schema_is_one_itself() -> None:
    for path in schema_files():
        validator(path.name.removesuffix(".json"))


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict.accepted(7, claim_number="CL-2026-000117"),
        Verdict.stale(7, policy_number="4501-000001"),
        Verdict.rejected("schema", '«Ce champ» est "faux".', "data.eta"),
    ],
)
def test_a_receipt_is_written_as_its_model_writes_it(verdict: Verdict) -> None:
    receipt = Receipt.model_validate(verdict.receipt("m-1"))
    event = CloudEvent[Receipt](
        id="r-1",
        source="urn:dossier:service:claims",
        type=RECEIPT_TYPE,
        subject="m-1",
        time=NOW,
        sequence=verdict.sequence or 0,
        traceparent="00-x",
        data=receipt,
    )
    written = written_event(
        event_id="r-1",
        source="urn:dossier:service:claims",
        event_type=RECEIPT_TYPE,
        subject="m-1",
        time=NOW,
        sequence=verdict.sequence or 0,
        traceparent="00-x",
        data=verdict.receipt("m-1"),
    )

    assert written == event.to_json()
