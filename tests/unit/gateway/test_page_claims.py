"""What pages work out themselves: steps of a repair, what needs somebody, which fields are marked, where links lead."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.pages.claim_changes import changed_fields, since_of
from services.gateway.pages.clients import _corrections
from services.gateway.pages.contracts import balance_of
from services.gateway.pages.needs import needs_of
from services.gateway.pages.repairs import stepper
from services.gateway.pages.visits import local_path, login_path
from services.gateway.queries.rows import RepairRow
from shared.contracts.claims import Repair
from shared.contracts.codes import RepairPhase
from shared.contracts.envelope import Change
from tests.unit.gateway.page_samples import (
    NOW,
    activity_row,
    cheque_alert,
    claim_detail,
    claim_row,
    claim_state,
    client_state,
    contract_detail,
    reader,
)


def repair_of(**changes: object) -> Repair:
    repair = claim_state().repair
    assert repair is not None
    return repair.model_copy(update=changes)


def test_the_stepper_shows_the_way_taken_where_it_stands_and_what_is_left() -> None:
    way = stepper(repair_of())
    assert [(step.phase, step.state) for step in way.steps] == [
        ("assigned", "done"),
        ("arrived", "done"),
        ("body", "current"),
    ]
    assert way.to_come == ("paint", "reassembly", "quality_control", "ready", "delivered")


def test_a_slipped_promise_tells_by_how_much_and_why() -> None:
    way = stepper(repair_of())
    assert [(one.eta, one.slipped, one.reason, one.last) for one in way.promises] == [
        (date(2026, 11, 25), 0, None, False),
        (date(2026, 12, 2), 7, "parts", True),
    ]
    assert way.slipped == 7


def test_a_detour_comes_back_to_the_usual_way_and_an_ended_repair_has_nothing_to_come() -> None:
    assert stepper(repair_of(phase=RepairPhase.SUPPLEMENT_SENT)).to_come[0] == "parts_ordered"
    assert stepper(repair_of(phase=RepairPhase.TOTAL_LOSS)).to_come == ()
    assert stepper(repair_of(phase=RepairPhase.DELIVERED)).steps[-1].state == "done"


@given(st.sampled_from(list(RepairPhase)), st.booleans())
def test_whatever_a_garage_reports_one_step_at_most_is_the_current_one(
    phase: RepairPhase, known: bool
) -> None:
    way = stepper(repair_of(phase=phase, **({} if known else {"steps": (), "promises": ()})))
    assert sum(step.state == "current" for step in way.steps) == (0 if phase is RepairPhase.DELIVERED else 1)
    assert phase.value not in way.to_come


def test_home_lists_cheques_late_vehicles_and_silent_garages() -> None:
    quiet = NOW - timedelta(days=6)
    rows = [
        claim_row(),
        claim_row(id="2", last_activity_at=quiet, repair=RepairRow("paint", 70, date(2026, 12, 1))),
        claim_row(id="3", last_activity_at=quiet - timedelta(days=1), repair=RepairRow("body", 50, None)),
        claim_row(id="4", repair=RepairRow("delivered", 100, date(2026, 11, 1), 9)),
        claim_row(id="5", repair=None),
    ]
    needs = needs_of(rows, [cheque_alert(), cheque_alert()], reader())
    assert [one.number for one in needs.cheques] == ["7000107"], (
        "one cheque is one line, however often it was warned of"
    )
    assert [one.id for one in needs.late] == ["claim-1"]
    assert [(one.name, len(one.claims)) for one in needs.silent] == [("Ομάδα", 2)], (
        "one call settles both vehicles"
    )
    assert needs.silent[0].since == quiet - timedelta(days=1)
    assert dict(needs.phases) == {"body": 2, "paint": 1, "delivered": 1}


def test_a_cheque_that_has_matured_needs_nobody_any_more() -> None:
    assert needs_of(
        [],
        [cheque_alert()],
        reader("en").__class__(reader().language, reader().zone, NOW + timedelta(days=30)),
    ).nothing


def test_marks_stay_while_the_page_is_open_and_fold_to_the_value_at_the_opening() -> None:
    opened = NOW - timedelta(hours=1)
    history = (
        activity_row(at=NOW, changes=(Change(field="repair.percent", old=50, new=60),)),
        activity_row(
            at=NOW - timedelta(minutes=5), changes=(Change(field="repair.percent", old=40, new=50),)
        ),
        activity_row(
            at=opened - timedelta(days=1), changes=(Change(field="repair.eta", old=None, new="2026-12-02"),)
        ),
    )
    (found,) = changed_fields(history, opened, "user-1")
    assert (found.field, found.old, found.new) == ("repair.percent", 40, 60)


def test_ones_own_changes_imports_files_and_what_came_back_are_not_marked() -> None:
    opened = NOW - timedelta(hours=1)
    there = (Change(field="status", old="reported", new="registered"),)
    back = (Change(field="status", old="registered", new="reported"),)
    history = (
        activity_row(at=NOW, actor_kind="user", actor_id="user-1"),
        activity_row(at=NOW, actor_kind="import"),
        activity_row("document-added", "document", at=NOW),
        activity_row("claim-registered", at=NOW),
        activity_row(at=NOW - timedelta(minutes=2), changes=there),
        activity_row(at=NOW - timedelta(minutes=1), changes=back),
    )
    assert changed_fields(history, opened, "user-1") == ()


def test_marks_count_from_the_last_opening_or_from_the_first_news() -> None:
    assert since_of(claim_detail(), NOW) == NOW - timedelta(days=1)
    assert since_of(claim_detail(seen_at=None), NOW) < NOW
    assert since_of(claim_detail(seen_at=None, changed=()), NOW) == NOW


def test_only_what_differs_is_sent_as_a_correction() -> None:
    state = client_state()
    known = {
        "email": "x@y.example",
        "phone": "06 39 98 28 04",
        "street": "Οδός 7",
        "postal_code": "38000",
        "city": "Πόλη",
        "country": "FR",
    }
    assert _corrections(state, known) == {}
    assert _corrections(state, {**known, "email": "new@y.example"}) == {"email": "new@y.example"}
    address = {"street": "Νέα 1", "postal_code": "38000", "city": "Πόλη", "country": "FR"}
    assert _corrections(state, {**known, **address}) == {"address": address}
    assert _corrections(state, {**known, "email": ""}) == {}, "an emptied field is no correction"


def test_the_account_of_a_contract_is_what_was_asked_for_and_not_paid() -> None:
    balance = balance_of(contract_detail())
    assert (str(balance["owed"]), balance["owed_count"], balance["currency"]) == ("1234.50", 1, "EUR")
    assert getattr(balance["next"], "number", None) == "Q-3"


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/claims?q=a", "/claims?q=a"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_no_link_back_leads_to_another_site(path: str | None, kept: str) -> None:
    assert local_path(path) == kept


def test_the_log_in_comes_back_to_where_one_was_going() -> None:
    assert login_path("/claims?q=a b") == "/login?next=%2Fclaims%3Fq%3Da+b"
    assert login_path("/") == "/login"
