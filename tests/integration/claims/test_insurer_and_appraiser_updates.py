"""What insurers and appraisers push."""

from __future__ import annotations

from typing import Any

import pytest

from services.claims import handlers
from shared.contracts.codes import AppraisalStatus, ClaimStatus
from shared.contracts.topics import APPRAISAL_UPDATES, CLAIM_UPDATES, REPAIR_UPDATES
from shared.db.tenancy import EVERY_AGENCY
from shared.errors import Conflict
from tests.integration.claims.frame import Service
from tests.unit.claims.factories import BROKER, NOW, cheque_payment, money, payment

NUMBER = "CL-2026-000001"


def word(sequence: int, number: str | None = NUMBER, **given: Any) -> dict[str, Any]:
    named = {"claim_number": number} if number else {}
    return {**named, "sequence": sequence, **given}


async def outcome(service: Service, update: dict[str, Any], partner: str = "insurer-alpha") -> str:
    (receipt,) = await service.push(partner, CLAIM_UPDATES, update)
    return str(receipt["reason"]["code"] if receipt["reason"] else receipt["outcome"])


async def test_an_insurer_moves_status_reserve_and_payments_at_once(service: Service) -> None:
    await service.registered()
    update = word(
        1,
        status="part_paid",
        liability_percent=50,
        reserve={"amount": "5000.00", "currency": "EUR"},
        payments=[payment(paid_on="2026-03-01"), cheque_payment(reference="P-2", amount="700.00")],
        requested_documents=["bank_details"],
        note="second half follows",
    )
    assert await outcome(service, update) == "accepted"
    claim = await service.claim()
    assert (claim.status, claim.settlement.liability_percent) == (ClaimStatus.PART_PAID, 50)
    assert (claim.settlement.paid, claim.settlement.outstanding) == (money("1000.00"), money("700.00"))
    assert (claim.settlement.note, claim.settlement.updated_at) == ("second half follows", NOW)


@pytest.mark.parametrize(
    ("given", "happening"),
    [
        ({"status": "registered"}, "claim-status-changed"),
        ({"payments": [payment()]}, "settlement-changed"),
        ({"payments": [cheque_payment()]}, "cheque-changed"),
        ({"note": "we are on it"}, "settlement-changed"),
    ],
)
async def test_an_update_is_announced_by_what_happened(
    service: Service, given: dict[str, Any], happening: str
) -> None:
    await service.registered()
    assert await outcome(service, word(1, **given)) == "accepted"
    assert await service.happenings() == ["claim-registered", happening]


async def test_another_insurer_may_not_speak_of_the_claim(service: Service) -> None:
    await service.registered()
    assert await outcome(service, word(1, status="approved"), "insurer-beta") == "not_assigned"
    assert await outcome(service, word(1, "CL-0", status="approved")) == "unknown_claim"


async def test_an_illegal_status_or_cheque_changes_nothing_of_the_update(service: Service) -> None:
    await service.registered()
    await outcome(service, word(1, status="settled", payments=[cheque_payment("cleared")]))
    assert await outcome(service, word(2, status="under_assessment", note="x")) == "illegal_transition"
    assert (
        await outcome(service, word(2, note="x", payments=[cheque_payment("received")]))
        == "illegal_transition"
    )
    claim = await service.claim()
    assert (claim.sequence, claim.settlement.note) == (2, "")
    assert await outcome(service, word(2, note="x")) == "accepted"


async def test_a_late_update_of_an_insurer_is_stale(service: Service) -> None:
    await service.registered()
    assert await outcome(service, word(5, status="registered")) == "accepted"
    assert await outcome(service, word(5, status="approved")) == "stale"


async def test_an_insurer_reopens_a_closed_claim_and_its_cheque_clears_after_the_closing(
    service: Service,
) -> None:
    await service.registered()
    await outcome(service, word(1, status="closed", payments=[cheque_payment("deposited")]))
    assert await outcome(service, word(2, payments=[cheque_payment("cleared")])) == "accepted"
    assert await outcome(service, word(3, status="approved")) == "illegal_transition"
    assert await outcome(service, word(3, status="reopened")) == "accepted"
    assert (await service.claim()).status is ClaimStatus.REOPENED


async def test_a_reference_that_comes_with_our_number_is_learned_and_names_the_claim_from_then_on(
    service: Service,
) -> None:
    await service.registered()
    assert await outcome(service, word(1, None, insurer_reference="REF-1", note="a")) == "unknown_claim"
    assert await outcome(service, word(1, insurer_reference=" REF-1 ")) == "accepted"
    assert (await service.claim()).insurer_reference == "REF-1"
    assert await outcome(service, word(2, None, insurer_reference="REF-1", status="approved")) == "accepted"
    assert (await service.claim()).status is ClaimStatus.APPROVED


async def test_a_reference_learned_in_a_batch_is_known_to_the_next_message_of_it(service: Service) -> None:
    await service.registered()
    receipts = await service.push(
        "insurer-alpha",
        CLAIM_UPDATES,
        word(1, insurer_reference="REF-1"),
        word(2, None, insurer_reference="REF-1", status="approved"),
    )
    assert [one["outcome"] for one in receipts] == ["accepted", "accepted"]


async def test_number_and_reference_must_name_the_same_claim(service: Service) -> None:
    await service.registered(insurer_reference="REF-1")
    await service.registered(insurer_reference="REF-2")
    await service.registered()
    assert await outcome(service, word(1, insurer_reference="REF-1", note="a")) == "accepted"
    assert await outcome(service, word(2, insurer_reference="REF-2")) == "unknown_claim"
    assert await outcome(service, word(2, insurer_reference="REF-9")) == "unknown_claim"
    assert await outcome(service, word(1, "CL-2026-000003", insurer_reference="REF-2")) == "unknown_claim"


async def test_a_reference_is_only_looked_for_within_its_insurer(service: Service) -> None:
    await service.registered(insurer_reference="REF-1")
    update = word(1, None, insurer_reference="REF-1", status="approved")
    assert await outcome(service, update, "insurer-beta") == "unknown_claim"


async def test_two_claims_of_one_insurer_cannot_have_the_same_reference(service: Service) -> None:
    await service.registered(insurer_reference="REF-1")
    with pytest.raises(Conflict) as refusal:
        await service.registered(insurer_reference="REF-1")
    assert refusal.value.code == "insurer_reference_taken"
    await service.registered()
    async with service.database.write(EVERY_AGENCY) as session:
        claim = await handlers.claim_for_update(session, "CL-2026-000002")
        command = handlers.ChangeParties(insurer_reference="REF-1")
        with pytest.raises(Conflict):
            await handlers.change_parties(session, claim, command, actor=BROKER, at=NOW)


async def test_an_appraiser_reports_and_is_refused_like_a_garage(service: Service) -> None:
    await service.registered()
    await service.push(
        "garage-lyon", REPAIR_UPDATES, {"claim_number": NUMBER, "sequence": 9, "phase": "arrived"}
    )
    found: dict[str, Any] = {"damage": {"amount": "4000.00", "currency": "EUR"}, "fee": "250.00"}
    accepted, stale, illegal, undenominated, unknown = await service.push(
        "appraiser-one",
        APPRAISAL_UPDATES,
        word(1, status="report_issued", visit_on="2026-03-04", **found),
        word(1, status="contested"),
        word(2, status="assigned"),
        word(2, status="sleeping"),
        word(2, "CL-0", status="visited"),
    )
    assert (accepted["outcome"], stale["outcome"]) == ("accepted", "stale")
    assert [one["reason"]["code"] for one in (illegal, undenominated, unknown)] == [
        "illegal_transition",
        "schema",
        "unknown_claim",
    ]
    (foreign,) = await service.push("appraiser-two", APPRAISAL_UPDATES, word(3, status="visited"))
    assert foreign["reason"]["code"] == "not_assigned"
    claim = await service.claim()
    assert claim.appraisal is not None
    assert (claim.appraisal.status, claim.appraisal.fee) == (AppraisalStatus.REPORT_ISSUED, money("250.00"))
    assert (await service.happenings())[-1] == "appraisal-progressed"


async def test_an_amount_without_any_currency_is_refused_as_schema(service: Service) -> None:
    await service.registered()
    (receipt,) = await service.push(
        "appraiser-one", APPRAISAL_UPDATES, word(1, status="visited", fee="10.00")
    )
    assert (receipt["reason"]["code"], receipt["reason"]["field"]) == ("schema", "fee")


async def test_a_closed_claim_is_not_appraised(service: Service) -> None:
    await service.registered()
    await outcome(service, word(1, status="closed"))
    (receipt,) = await service.push("appraiser-one", APPRAISAL_UPDATES, word(1, status="visited"))
    assert (receipt["reason"]["code"], receipt["reason"]["field"]) == ("illegal_transition", "status")
