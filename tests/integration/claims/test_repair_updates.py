"""A garage's reports, from the record on its topic to claim, event and receipt."""

from __future__ import annotations

from typing import Any

from shared.contracts.codes import RepairPhase
from shared.contracts.topics import REPAIR_UPDATES
from tests.integration.claims.frame import Service


def report(sequence: int, phase: str, number: str = "CL-2026-000001", **given: Any) -> dict[str, Any]:
    return {"claim_number": number, "sequence": sequence, "phase": phase, **given}


async def test_a_report_moves_the_repair_and_is_answered_with_the_new_version(service: Service) -> None:
    await service.registered()
    receipts = await service.push("garage-lyon", REPAIR_UPDATES, report(1, "paint", percent=60, eta="2026-03-20"))
    assert [(one["outcome"], one["claim_number"], one["sequence"]) for one in receipts] == [
        ("accepted", "CL-2026-000001", 2)
    ]
    claim = await service.claim()
    assert claim.repair is not None
    assert (claim.repair.phase, claim.repair.percent, claim.sequence) == (RepairPhase.PAINT, 60, 2)
    assert await service.happenings() == ["claim-registered", "repair-progressed"]
