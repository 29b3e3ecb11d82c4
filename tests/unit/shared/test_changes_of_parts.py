"""Only what is not the very same object is compared; what differs is found all the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from shared.contracts.changes import changes_between
from shared.contracts.claims import Repair, RepairQuote, RepairStep
from shared.contracts.codes import RepairPhase, RepairQuoteStatus
from shared.contracts.envelope import Change

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)
REPAIR = Repair(
    phase=RepairPhase.BODY, note="a", steps=(RepairStep(phase=RepairPhase.BODY, at=AT),), updated_at=AT
)


def test_a_copy_differs_in_what_it_was_copied_with() -> None:
    new = REPAIR.model_copy(update={"eta": date(2026, 12, 1), "note": "b"})
    found = {one.field: (one.old, one.new) for one in changes_between(REPAIR, new)}
    assert found == {"eta": (None, "2026-12-01"), "note": ("a", "b")}


def test_equal_parts_that_are_other_objects_are_no_change() -> None:
    read_again = Repair.model_validate_json(REPAIR.model_dump_json())
    assert read_again is not REPAIR
    assert changes_between(REPAIR, read_again) == ()
    assert changes_between(REPAIR, REPAIR) == ()


def test_everything_is_new_where_nothing_was() -> None:
    assert {one.field for one in changes_between(None, REPAIR)} >= {"phase", "note"}


def test_a_change_has_what_the_state_has_in_its_json() -> None:
    new = REPAIR.model_copy(
        update={
            "phase": RepairPhase.PAINT,
            "percent": 40,
            "eta": date(2026, 12, 1),
            "quote": RepairQuote(status=RepairQuoteStatus.APPROVED, amount=Decimal("10.50"), currency="EUR"),
        }
    )
    before, after = (one.model_dump(mode="json") for one in (REPAIR, new))
    assert changes_between(REPAIR, new) == tuple(
        Change(field=name, old=before[name], new=after[name]) for name in ("phase", "percent", "eta")
    ) + tuple(
        Change(field=f"quote.{name}", old=None, new=after["quote"][name])
        for name in ("status", "amount", "currency")
    )
    dearer = new.model_copy(
        update={"quote": new.quote and new.quote.model_copy(update={"amount": Decimal(11)})}
    )
    assert changes_between(new, dearer) == (Change(field="quote.amount", old="10.50", new="11"),)
