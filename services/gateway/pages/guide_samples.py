"""What the style guide shows: values of the shapes that pages are given, with names and figures in both scripts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.gateway.queries.rows import DocumentRow
from shared.contracts.claims import Repair, RepairPromise, RepairStep
from shared.contracts.codes import DelayReason, RepairPhase
from shared.contracts.envelope import Change


@dataclass(frozen=True, slots=True)
class SampleActivity:
    """A line of a timeline."""

    happening: str
    aggregate: str
    actor_kind: str
    actor_name: str
    at: datetime
    changes: tuple[Change, ...] = ()
    claim_number: str | None = None
    policy_number: str | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class SamplePage:
    """A place in a list of pages."""

    page: int = 2
    pages: int = 12


@dataclass(frozen=True, slots=True)
class SampleRepair:
    """A repair as lists show it."""

    phase: str
    percent: int | None = None
    eta: date | None = None
    slipped_days: int = 0
    delay_reason: str | None = None


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A claim as lists show it."""

    claim_number: str
    plate: str
    line: str
    event_date: date
    kind: str
    status: str
    repair: SampleRepair | None
    last_activity_at: datetime
    last_change: None = None
    unread: bool = False


def sample_repair(now: datetime) -> Repair:
    """A repair with a promise that slipped."""
    return Repair(
        phase=RepairPhase.BODY,
        percent=60,
        eta=(now + timedelta(days=9)).date(),
        delay_reason=DelayReason.PARTS,
        steps=tuple(
            RepairStep(phase=phase, at=now - timedelta(days=days), note="")
            for phase, days in (
                (RepairPhase.ASSIGNED, 20),
                (RepairPhase.ARRIVED, 14),
                (RepairPhase.AUTHORISED, 8),
                (RepairPhase.BODY, 2),
            )
        ),
        promises=(
            RepairPromise(eta=(now + timedelta(days=4)).date(), given_at=now - timedelta(days=14)),
            RepairPromise(
                eta=(now + timedelta(days=9)).date(),
                given_at=now - timedelta(days=2),
                delay_reason=DelayReason.PARTS,
            ),
        ),
        updated_at=now - timedelta(days=2),
    )


def sample_activity(now: datetime) -> tuple[SampleActivity, ...]:
    """A timeline with old and new values, of partners, people and the system."""
    eta = Change(field="repair.eta", old=str(now.date()), new=str((now + timedelta(days=4)).date()))
    phase = Change(field="repair.phase", old="parts_ordered", new="body")
    status = Change(field="status", old="registered", new="under_assessment")
    return (
        SampleActivity(
            "repair-progressed",
            "claim",
            "partner",
            "Garage Bellecour",
            now - timedelta(minutes=2),
            (phase, eta),
        ),
        SampleActivity(
            "claim-status-changed", "claim", "user", "נועה לוי", now - timedelta(hours=3), (status,)
        ),
        SampleActivity("claim-registered", "claim", "system", "", now - timedelta(days=20)),
    )


def sample_rows(now: datetime) -> tuple[SampleRow, ...]:
    """Claims in a table: unread and read, with a plate and without."""
    return (
        SampleRow(
            "CL-2026-000117", "GK-129-LM", "motor_car", (now - timedelta(days=21)).date(), "third_party",
            "under_assessment", SampleRepair("body", 60, (now + timedelta(days=9)).date(), 3), now - timedelta(minutes=2), unread=True,
        ),
        SampleRow(
            "CL-2026-000092", "12-345-67", "motor_car", (now - timedelta(days=40)).date(), "glass", "settled",
            SampleRepair("delivered", 100), now - timedelta(days=3),
        ),
        SampleRow(
            "CL-2026-000008", "", "home", (now - timedelta(days=90)).date(), "water", "liability_disputed",
            None, now - timedelta(days=12),
        ),
    )  # fmt: skip


def sample_documents(now: datetime) -> tuple[DocumentRow, ...]:
    """Files that are no pictures, so that the guide loads nothing."""
    return (
        DocumentRow(
            "sample-1", "", "facture-réparation-originale-n°-2026-11-0042.pdf", "repair_invoice",
            "application/pdf", 482_133, now - timedelta(days=1), "Garage Bellecour",
        ),
        DocumentRow(
            "sample-2", "", "רישיון רכב.pdf", "vehicle_licence", "application/pdf", 88_200, now - timedelta(hours=5), "נועה לוי",
        ),
    )  # fmt: skip
