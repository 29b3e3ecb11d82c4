"""A garage's reports, from the record on its topic to claim, event and receipt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.claims import handlers
from shared.contracts.codes import ClaimStatus, RepairPhase
from shared.contracts.topics import REPAIR_UPDATES
from shared.db.tenancy import EVERY_AGENCY
from shared.messaging.records import Record
from tests.integration.claims.frame import Service
from tests.unit.claims.factories import BROKER, NOW, OTHER_GARAGE

NUMBER = "CL-2026-000001"


def report(sequence: int, phase: str = "body", number: str = NUMBER, **given: Any) -> dict[str, Any]:
    return {"claim_number": number, "sequence": sequence, "phase": phase, **given}


def outcomes(receipts: list[dict[str, Any]]) -> list[str]:
    return [one["reason"]["code"] if one["reason"] else one["outcome"] for one in receipts]


async def test_a_report_moves_the_repair_and_is_answered_with_the_new_version(service: Service) -> None:
    await service.registered()
    receipts = await service.push(
        "garage-lyon", REPAIR_UPDATES, report(1, "paint", percent=60, eta="2026-03-20")
    )
    assert [(one["outcome"], one["claim_number"], one["sequence"]) for one in receipts] == [
        ("accepted", NUMBER, 2)
    ]
    claim = await service.claim()
    assert claim.repair is not None
    assert (claim.repair.phase, claim.repair.percent, claim.sequence) == (RepairPhase.PAINT, 60, 2)
    assert await service.happenings() == ["claim-registered", "repair-progressed"]


async def test_the_event_says_what_changed_and_who_did_it(service: Service) -> None:
    await service.registered()
    await service.push("garage-lyon", REPAIR_UPDATES, report(1, "paint", percent=60))
    _, event = next(
        one for one in await service.published() if one[1]["type"].endswith("repair-progressed.v1")
    )
    assert event["data"]["actor"] == {"kind": "partner", "id": "garage-lyon", "name": "Garage du Rhône"}
    assert {change["field"]: change["new"] for change in event["data"]["changes"]} == {
        "repair.phase": "paint",
        "repair.percent": 60,
    }
    assert (event["sequence"], event["subject"]) == (2, event["data"]["state"]["id"])


@pytest.mark.parametrize(
    ("partner", "update", "code", "field"),
    [
        ("garage-lyon", report(1, number="CL-2026-999999"), "unknown_claim", "claim_number"),
        ("garage-lyon", report(1, number="CL-2026-\u00e9"), "unknown_claim", "claim_number"),
        ("garage-haifa", report(1, plate="ZZ-999-ZZ"), "not_assigned", None),
        ("garage-lyon", report(1, "nonsense"), "schema", "phase"),
        ("garage-lyon", report(1, plate="ZZ-999-ZZ"), "plate_mismatch", "plate"),
    ],
)
async def test_a_report_that_cannot_stand_is_refused_with_its_reason(
    service: Service, partner: str, update: dict[str, Any], code: str, field: str | None
) -> None:
    await service.registered()
    (receipt,) = await service.push(partner, REPAIR_UPDATES, update)
    assert (receipt["outcome"], receipt["reason"]["code"], receipt["reason"]["field"]) == (
        "rejected",
        code,
        field,
    )
    assert (await service.claim()).sequence == 1
    assert await service.happenings() == ["claim-registered"]


async def test_a_partner_that_is_not_assigned_learns_nothing_of_the_claim(service: Service) -> None:
    await service.registered()
    (receipt,) = await service.push("garage-haifa", REPAIR_UPDATES, report(1))
    assert receipt["sequence"] is None


async def test_the_order_of_the_checks_is_that_of_the_interface(service: Service) -> None:
    """Each message is at fault in all later ways too, and is refused for the first."""
    await service.registered()
    await service.push("garage-lyon", REPAIR_UPDATES, report(5, "ready"))
    receipts = [
        *await service.push("garage-haifa", REPAIR_UPDATES, report(1, "assigned", "CL-0", plate="X")),
        *await service.push("garage-haifa", REPAIR_UPDATES, report(1, "assigned", plate="X")),
        *await service.push("garage-lyon", REPAIR_UPDATES, report(1, "assigned", plate="X")),
        *await service.push("garage-lyon", REPAIR_UPDATES, report(1, "assigned")),
        *await service.push("garage-lyon", REPAIR_UPDATES, report(6, "assigned")),
    ]
    assert outcomes(receipts) == [
        "unknown_claim",
        "not_assigned",
        "plate_mismatch",
        "stale",
        "illegal_transition",
    ]


async def test_a_refused_report_uses_up_no_sequence(service: Service) -> None:
    await service.registered()
    receipts = await service.push(
        "garage-lyon", REPAIR_UPDATES, report(1, "ready"), report(2, "booked"), report(2, "quality_control")
    )
    assert outcomes(receipts) == ["accepted", "illegal_transition", "accepted"]
    assert receipts[1]["sequence"] == 2


async def test_late_and_repeated_reports_change_nothing(service: Service) -> None:
    await service.registered()
    first = service.record("garage-lyon", REPAIR_UPDATES, report(2, "body"), "m-1")
    assert outcomes(await service.take([first])) == ["accepted"]
    repeated = service.record("garage-lyon", REPAIR_UPDATES, report(3, "paint"), "m-1")
    late = service.record("garage-lyon", REPAIR_UPDATES, report(1, "teardown"), "m-0")
    assert outcomes(await service.take([repeated, late])) == ["duplicate", "stale"]
    assert (await service.claim()).sequence == 2


async def test_the_same_id_twice_in_one_batch_is_applied_once(service: Service) -> None:
    await service.registered()
    one = service.record("garage-lyon", REPAIR_UPDATES, report(1, "body"), "m-1")
    two = service.record("garage-lyon", REPAIR_UPDATES, report(2, "paint"), "m-1")
    assert outcomes(await service.take([one, two])) == ["accepted", "duplicate"]


async def test_a_record_that_is_delivered_again_is_neither_applied_nor_answered_again(
    service: Service,
) -> None:
    await service.registered()
    record = service.record("garage-lyon", REPAIR_UPDATES, report(1))
    assert outcomes(await service.take([record])) == ["accepted"]
    assert await service.take([record]) == []
    assert (await service.claim()).sequence == 2


async def test_a_refused_message_may_be_sent_again_with_the_same_id(service: Service) -> None:
    await service.registered()
    wrong = service.record("garage-lyon", REPAIR_UPDATES, report(1, plate="X"), "m-1")
    right = service.record("garage-lyon", REPAIR_UPDATES, report(1), "m-1")
    assert outcomes(await service.take([wrong, right])) == ["plate_mismatch", "accepted"]


async def test_a_report_without_news_is_accepted_and_makes_no_new_version(service: Service) -> None:
    await service.registered()
    receipts = await service.push(
        "garage-lyon", REPAIR_UPDATES, report(1, "body"), report(2, "body"), report(2, "paint")
    )
    assert [(one["outcome"], one["sequence"]) for one in receipts] == [
        ("accepted", 2),
        ("accepted", 2),
        ("stale", 2),
    ]
    assert await service.happenings() == ["claim-registered", "repair-progressed"]


async def test_each_garage_has_a_sequence_of_its_own(service: Service) -> None:
    claim = await service.registered()
    await service.push("garage-lyon", REPAIR_UPDATES, report(9, "ready"))
    async with service.database.write(EVERY_AGENCY) as session:
        claim = await handlers.claim_for_update(session, NUMBER)
        command = handlers.ChangeParties(garage=OTHER_GARAGE)
        await handlers.change_parties(session, claim, command, actor=BROKER, at=NOW)
    assert outcomes(await service.push("garage-lyon", REPAIR_UPDATES, report(10))) == ["not_assigned"]
    assert outcomes(await service.push("garage-haifa", REPAIR_UPDATES, report(1, "arrived"))) == ["accepted"]
    claim = await service.claim()
    assert claim.repair is not None
    assert [step.phase for step in claim.repair.steps] == [RepairPhase.ASSIGNED, RepairPhase.ARRIVED]


async def test_a_closed_claim_takes_no_report_until_it_is_reopened(service: Service) -> None:
    claim = await service.registered()
    for status, code in ((ClaimStatus.CLOSED, "illegal_transition"), (ClaimStatus.REOPENED, "accepted")):
        async with service.database.write(EVERY_AGENCY) as session:
            claim = await handlers.claim_for_update(session, NUMBER)
            await handlers.set_status(session, claim, status, actor=BROKER, at=NOW)
        assert outcomes(await service.push("garage-lyon", REPAIR_UPDATES, report(1))) == [code]


async def test_a_burst_is_applied_once_and_in_order_per_claim(service: Service) -> None:
    for _ in range(5):
        await service.registered()
    updates = [
        report(step, "paint", f"CL-2026-{position:06d}", percent=step)
        for step in range(1, 21)
        for position in range(1, 6)
    ]
    receipts = await service.push("garage-lyon", REPAIR_UPDATES, *updates)
    assert outcomes(receipts) == ["accepted"] * 100
    for position in range(1, 6):
        claim = await service.claim(f"CL-2026-{position:06d}")
        assert claim.repair is not None
        assert (claim.sequence, claim.repair.percent) == (21, 20)
    sequences: dict[str, list[int]] = {}
    for topic, event in await service.published():
        if topic == "claims.events.v1":
            sequences.setdefault(event["subject"], []).append(event["sequence"])
    assert all(found == list(range(1, 22)) for found in sequences.values())


async def test_bad_messages_and_foreign_records_do_not_disturb_their_neighbours(service: Service) -> None:
    await service.registered()
    poison = Record("policy.events.v1", 0, 0, 0, None, b"not an event")
    records = [
        service.record("garage-lyon", REPAIR_UPDATES, report(1, "body", note="\u00e9t\u00e9")),
        service.raw("garage-lyon", REPAIR_UPDATES, b"{"),
        service.record("garage-haifa", REPAIR_UPDATES, report(1)),
        poison,
        service.raw("garage-lyon", REPAIR_UPDATES, b'{"id": "big", "x": "' + b"x" * 300_000 + b'"}'),
        service.record("garage-lyon", REPAIR_UPDATES, report(2, "paint")),
    ]
    receipts = await service.take(records)
    assert outcomes(receipts) == ["accepted", "malformed", "not_assigned", "too_large", "accepted"]
    assert (await service.claim()).sequence == 3


async def test_a_partners_clock_decides_when_a_step_was_but_not_when_we_learned_of_it(
    service: Service,
) -> None:
    await service.registered()
    service.clock.set(datetime(2026, 3, 5, tzinfo=UTC))
    await service.push(
        "garage-lyon",
        REPAIR_UPDATES,
        report(1, "body", occurred_at="2026-03-04T08:00:00+02:00"),
        report(2, "paint", occurred_at="2099-01-01T00:00:00Z"),
    )
    claim = await service.claim()
    assert claim.repair is not None
    assert [step.at for step in claim.repair.steps[1:]] == [
        datetime(2026, 3, 4, 6, tzinfo=UTC),
        service.clock.now(),
    ]
    assert claim.updated_at == service.clock.now() == NOW + timedelta(days=2, hours=14, minutes=30)
