"""Which alert a change raises, and what it tells."""

from __future__ import annotations

from datetime import date

from services.notifications.domain.alerts import (
    AlertDraft,
    alert_on_claim,
    alert_on_client,
    alert_on_contract,
    alert_on_document,
    numbered,
)
from shared.contracts.codes import ChequeStatus, ClaimStatus, ReceiptStatus, RepairPhase, Role
from shared.contracts.policy import PhoneDetail
from tests.unit.notifications.factory import (
    LOADED,
    cheque_payment,
    claim,
    client,
    contract,
    document,
    event_of,
    premium_receipt,
    repair,
)


def raised(draft: AlertDraft | None) -> AlertDraft:
    assert draft is not None
    return draft


def test_a_repair_update_tells_phase_percent_and_how_the_promised_date_slipped() -> None:
    old = claim("a", repair=repair(RepairPhase.BODY, percent=40, eta=date(2026, 3, 9)))
    new = old.model_copy(
        update={"repair": repair(RepairPhase.PAINT, percent=60, eta=date(2026, 3, 12)), "sequence": 2}
    )
    event = event_of(new, "repair-progressed", old=old)

    alert = raised(alert_on_claim(event))

    assert alert.kind == "repair-progressed"
    assert alert.params == {
        "status": "registered",
        "line": "motor_car",
        "phase": "paint",
        "phase_old": "body",
        "percent": 60,
        "percent_old": 40,
        "eta": "2026-03-12",
        "eta_old": "2026-03-09",
        "delay_reason": None,
        "quote_status": None,
    }
    assert alert.changes == event.data.changes
    assert (alert.aggregate, alert.subject_id, alert.subject_sequence) == ("claim", new.id, 2)
    assert (alert.claim_number, alert.policy_number) == ("CL-2026-000123", "POL-77")
    assert (alert.client_id, alert.client_name) == ("client-1", "Noa Levi")
    assert (alert.actor, alert.at) == (event.data.actor, event.time)


def test_a_status_change_tells_the_old_status_and_nothing_of_the_repair() -> None:
    old = claim("a", repair=repair(RepairPhase.BODY))
    new = old.model_copy(update={"status": ClaimStatus.APPROVED})

    alert = raised(alert_on_claim(event_of(new, "claim-status-changed", old=old)))

    assert alert.params == {"status": "approved", "status_old": "registered", "line": "motor_car"}


def test_a_cheque_tells_what_it_is_and_how_its_date_moved() -> None:
    old = claim("a", cheque_payment("P.1", date(2026, 4, 1)), cheque_payment("P.10", date(2026, 4, 1)))
    moved = cheque_payment("P.1", date(2026, 5, 1), status=ChequeStatus.RECEIVED)
    new = old.model_copy(
        update={
            "settlement": old.settlement.model_copy(update={"payments": (moved, old.settlement.payments[1])})
        }
    )

    alert = raised(alert_on_claim(event_of(new, "cheque-changed", old=old)))

    assert alert.params["payments"] == ["P.1"]
    assert alert.params["number"] == "N-P.1"
    assert (alert.params["cheque_status_old"], alert.params["cheque_status"]) == ("announced", "received")
    assert (alert.params["matures_on_old"], alert.params["matures_on"]) == ("2026-04-01", "2026-05-01")
    assert (alert.params["amount"], alert.params["currency"]) == ("12500.00", "ILS")


def test_a_premium_receipt_tells_its_number_and_status() -> None:
    old = contract(
        "a", premium_receipt("Q-1", ReceiptStatus.ISSUED), premium_receipt("Q-2", ReceiptStatus.PENDING)
    )
    new = old.model_copy(
        update={"receipts": (premium_receipt("Q-1", ReceiptStatus.REJECTED), old.receipts[1]), "sequence": 2}
    )

    alert = raised(alert_on_contract(event_of(new, "contract-receipts-changed", old=old)))

    assert alert.params["receipts"] == ["Q-1"]
    assert (alert.params["receipt_status_old"], alert.params["receipt_status"]) == ("issued", "rejected")
    assert (alert.policy_number, alert.claim_number) == ("POL-77", None)


def test_a_client_tells_which_details_changed() -> None:
    old = client("a")
    new = old.model_copy(update={"phone": PhoneDetail(value="054-1234567"), "sequence": 2})

    alert = raised(alert_on_client(event_of(new, "client-contact-corrected", old=old)))

    assert alert.params == {"name": "Noa Levi", "details": ["phone"]}
    assert (alert.client_id, alert.client_name) == ("client-1", "Noa Levi")


def test_a_file_tells_its_name_type_and_whose_it_is() -> None:
    state = document("a")

    alert = raised(alert_on_document(event_of(state, "document-added"), client_name="Noa Levi"))

    assert alert.params == {
        "name": "levi-noa-bumper.jpg",
        "type": "damage_photo",
        "content_type": "image/jpeg",
        "removed": False,
    }
    assert (alert.claim_number, alert.client_id, alert.client_name) == (
        "CL-2026-000123",
        "client-1",
        "Noa Levi",
    )


def test_loaded_history_alerts_nobody() -> None:
    assert alert_on_claim(event_of(claim("a"), "claim-registered", actor=LOADED)) is None
    assert alert_on_client(event_of(client("a"), "client-registered", actor=LOADED)) is None
    assert alert_on_contract(event_of(contract("a"), "contract-registered", actor=LOADED)) is None
    assert alert_on_document(event_of(document("a"), "document-added", actor=LOADED)) is None


def test_operations_are_never_among_the_audience() -> None:
    alert = raised(alert_on_claim(event_of(claim("a"), "claim-registered")))

    assert Role.OPS not in alert.roles


def test_a_kept_draft_becomes_the_published_alert_without_loss() -> None:
    draft = raised(alert_on_claim(event_of(claim("a"), "claim-registered")))

    state = numbered(draft.model_dump(mode="json", exclude={"cause"}), id="alert-1", position=9)

    assert (state.id, state.position, state.sequence) == ("alert-1", 9, 1)
    for name in set(AlertDraft.model_fields) - {"cause"}:
        assert getattr(state, name) == getattr(draft, name)
