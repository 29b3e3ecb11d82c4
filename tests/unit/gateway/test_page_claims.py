"""What pages work out themselves: steps of a repair, what needs somebody, which fields are marked, where links lead."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.pages.alert_groups import grouped, lines_of
from services.gateway.pages.claim_changes import changed_fields, since_of
from services.gateway.pages.claim_filters import chips_of
from services.gateway.pages.claim_parties import AGENT, THIRD, missing_names, parties_command, party_values
from services.gateway.pages.claim_views import views_of
from services.gateway.pages.client_values import particular_values
from services.gateway.pages.clients import _corrections, particulars_command
from services.gateway.pages.contracts import account_of, balance_of
from services.gateway.pages.markup import files_together
from services.gateway.pages.needs import days_of, in_process_order
from services.gateway.pages.next_steps import missing_documents, next_steps
from services.gateway.pages.paging import page_numbers
from services.gateway.pages.rendering import render
from services.gateway.pages.repairs import stepper
from services.gateway.pages.runs import activity_runs
from services.gateway.pages.speaking import speaking_to
from services.gateway.pages.visits import local_path, login_path
from services.gateway.queries import ActivityRow, CalendarEntry, ClaimQuery, ViewRow
from services.gateway.queries.rows import LastChange, PartnerCard
from shared.contracts.claims import Repair
from shared.contracts.codes import RepairPhase
from shared.contracts.envelope import Change
from tests.unit.gateway.page_samples import (
    NOW,
    activity_row,
    alert_row,
    claim_detail,
    claim_row,
    claim_state,
    client_state,
    contract_detail,
    document_row,
    partner_card,
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


def test_the_calendar_has_fourteen_days_and_counts_each_kind() -> None:
    today = reader().today
    entry = CalendarEntry(today + timedelta(days=2), "cheque", "CL-1", "", "Ωμέγα")
    days = days_of([entry, replace(entry, kind="visit"), entry], today)
    assert [day.on for day in days] == [today + timedelta(days=number) for number in range(14)]
    assert days[2].counts == {"cheque": 2, "visit": 1}
    assert days[0].entries == ()


def steps_of(**changes: Any) -> list[tuple[str, bool]]:
    found = next_steps(claim_detail(state=claim_state(**changes), documents=()), reader())
    return [(one.text, one.urgent) for one in found]


def test_the_next_steps_stand_in_the_order_of_what_their_delay_costs() -> None:
    assert steps_of() == [
        ("Deposit cheque \u20667000107\u2069", False),
        ("Send the insurer: Demand letter, Original repair invoice", False),
        ("Confirm the client's address", False),
    ]


def test_a_matured_or_bounced_cheque_is_urgent() -> None:
    settlement = claim_state().settlement.model_dump(mode="json")
    cheque = settlement["payments"][0]["cheque"]
    for change in ({"matures_on": "2026-11-23"}, {"status": "bounced"}):
        settlement["payments"][0]["cheque"] = {**cheque, **change}
        assert steps_of(settlement=settlement)[0][1], change
    settlement["payments"][0]["cheque"] = {**cheque, "status": "deposited"}
    assert "cheque" not in steps_of(settlement=settlement)[0][0]


def test_a_document_that_is_there_is_not_asked_for_again_and_a_closed_claim_waits_for_nothing() -> None:
    claim = claim_detail(documents=(document_row(type="demand_letter"),))
    assert missing_documents(claim) == ("repair_invoice",)
    assert steps_of(status="closed") == []


def test_a_claim_without_a_garage_or_with_an_overdue_or_silent_one_says_so() -> None:
    repair = repair_of().model_dump(mode="json")
    assert ("Assign a garage", False) in steps_of(garage=None, repair=None)
    assert steps_of(repair={**repair, "eta": "2026-11-20"})[2][0].startswith("Delivery is overdue")
    silent = {**repair, "updated_at": "2026-11-10T08:00:00Z"}
    assert steps_of(repair=silent)[2][0].endswith("is silent: ask for news")
    waiting = {**repair, "quote": {"status": "waiting_for_approval", "amount": "10", "currency": "EUR"}}
    assert "waits for the insurer's approval" in steps_of(repair=waiting)[2][0]


def typed_parties(**changes: str) -> dict[str, str]:
    return {**party_values(claim_detail()), **changes}


DIRECTORY = {"garage": (partner_card("garage"), PartnerCard("garage-two", "Άλλο", "garage", "1", "Πόλη"))}


def test_parties_that_were_not_touched_are_not_sent() -> None:
    assert parties_command(claim_detail(), typed_parties(), DIRECTORY) == {}


def test_a_garage_comes_from_the_directory_by_name_alone_or_is_taken_off() -> None:
    def garage(**changes: str) -> Any:
        return parties_command(claim_detail(), typed_parties(**changes), DIRECTORY)["garage"]

    assert garage(garage="garage-two") == {
        "partner_id": "garage-two",
        "name": "Άλλο",
        "phone": "1",
        "city": "Πόλη",
    }
    assert garage(garage="", garage_name="Γωνία") == {"partner_id": None, "name": "Γωνία"}
    assert garage(garage="") is None
    assert garage(garage="unknown") is None, "an id that is not in the directory names nobody"


def test_third_parties_and_their_agent_are_added_corrected_and_taken_off() -> None:
    added = parties_command(claim_detail(), typed_parties(third_1_policyholder="Νέος"), DIRECTORY)
    assert [one["policyholder"] for one in added["third_parties"]] == ["Τρίτος", "Νέος"]
    gone = {f"third_0_{field}": "" for field in THIRD} | {f"agent_{field}": "" for field in AGENT}
    assert parties_command(claim_detail(), typed_parties(**gone), DIRECTORY) == {
        "third_parties": [],
        "third_party_agent": None,
    }


def test_a_third_party_and_an_agent_need_a_name() -> None:
    typed = typed_parties(third_1_mobile="052")
    assert missing_names(typed, {}) == "third_1_policyholder"
    typed = typed_parties(agent_name="")
    assert missing_names(typed, parties_command(claim_detail(), typed, DIRECTORY)) == "agent_name"


def test_only_particulars_that_differ_are_sent_and_an_emptied_field_is_none() -> None:
    state = client_state()
    known = particular_values(state)
    assert particulars_command(state, known) == {}
    assert particulars_command(state, {**known, "first_name": "Ν", "born_on": ""}) == {"first_name": "Ν"}


def test_the_account_runs_from_receipt_to_payment() -> None:
    lines = account_of(contract_detail())
    told = [
        (line.receipt.number, str(line.debit or ""), str(line.credit or ""), str(line.balance))
        for line in lines
    ]
    assert told == [
        ("Q-3", "1234.50", "", "None"),
        ("Q-2", "1234.50", "", "1234.50"),
        ("Q-1", "", "1234.50", "0.00"),
        ("Q-1", "1234.50", "", "1234.50"),
    ]


@pytest.mark.parametrize(
    ("page", "pages", "shown"),
    [
        (1, 1, [1]),
        (2, 3, [1, 2, 3]),
        (1, 9, [1, 2, None, 9]),
        (3, 9, [1, 2, 3, 4, None, 9]),
        (4, 9, [1, 2, 3, 4, 5, None, 9]),
        (5, 9, [1, None, 4, 5, 6, None, 9]),
    ],
)
def test_a_long_list_links_to_its_ends_and_to_the_pages_around(
    page: int, pages: int, shown: list[Any]
) -> None:
    assert page_numbers(page, pages) == shown


def test_a_chip_takes_its_own_filter_away_and_no_other() -> None:
    query = ClaimQuery(kind=("glass", "fire"), garage=("garage-one",), mine=True, page=3)
    chips = chips_of(query, {"garage": (("garage-one", "Ομάδα"),)}, reader())
    assert [(one.label, one.value, one.without) for one in chips] == [
        ("", "I worked on it", "kind=glass%2Cfire&garage=garage-one"),
        ("Kind", "Glass", "kind=fire&garage=garage-one&mine=1"),
        ("Kind", "Fire", "kind=glass&garage=garage-one&mine=1"),
        ("Garage", "Ομάδα", "kind=glass%2Cfire&mine=1"),
    ]


def test_the_view_that_shows_the_same_list_is_active_and_one_from_another_version_is_not() -> None:
    own = (ViewRow("1", "Δική", "kind=glass"), ViewRow("2", "Παλιά", "kind=gone"))
    active = [one.id for one in views_of(own, ClaimQuery(kind=("glass",), page=2), "en") if one.active]
    assert active == ["1"]
    assert [one.id for one in views_of(own, ClaimQuery(), "en") if one.active] == ["open"]


def test_alerts_stand_by_day_and_within_it_by_file() -> None:
    other = alert_row(id="2", claim_number="CL-2")
    before = alert_row(id="3", at=NOW - timedelta(days=1), read=True)
    days = grouped([alert_row(), other, alert_row(id="4"), before], reader())
    assert [(day.name, [len(group.alerts) for group in day.groups]) for day in days] == [
        ("Today", [2, 1]),
        ("Yesterday", [1]),
    ]
    assert days[0].groups[0].unread == ("alert-1", "4")
    assert days[1].groups[0].unread == ()


def test_files_that_one_person_adds_in_a_row_stand_as_one_line() -> None:
    added = [alert_row("document-added", id=str(number)) for number in range(4)]
    elsewhere = alert_row("document-added", id="4", claim_number="CL-2")
    by_another = alert_row("document-added", id="5", actor_name="Ομάδα Βήτα")
    read = alert_row("document-added", id="6", read=True)
    days_ago = alert_row("document-added", id="10", read=True, at=NOW - timedelta(days=2))
    repair = alert_row(id="7")
    rows = [*added, repair, elsewhere, by_another, read, days_ago, alert_row(id="8"), alert_row(id="9")]
    ids = [[one.id for one in line.alerts] for line in lines_of(rows)]
    assert ids == [["0", "1", "2", "3"], ["7"], ["4"], ["5"], ["6"], ["10"], ["8"], ["9"]]


def test_a_history_counts_the_files_that_were_added_in_a_row_and_names_the_first() -> None:
    def added(number: int, **changes: Any) -> ActivityRow:
        name = (Change(field="name", old=None, new=f"IMG-{number}.jpg"),)
        return activity_row(
            event_id=str(number), happening="document-added", aggregate="document", changes=name, **changes
        )

    rows = [*map(added, range(5)), activity_row(event_id="5"), added(6), added(7, actor_name="Ομάδα Βήτα")]
    told = activity_runs(rows)
    assert [[one.event_id for one in run] for run in told] == [["0", "1", "2", "3", "4"], ["5"], ["6"], ["7"]]
    with speaking_to(reader("fr")):
        words = files_together(told[0])
    assert words["title"] == "5 pièces ajoutées"
    assert [name in words["names"] for name in ("IMG-0.jpg", "IMG-2.jpg", "IMG-3.jpg")] == [True, True, False]
    assert words["names"].endswith("et 2 autres")


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
    balance = balance_of(contract_detail(), NOW.date())
    assert (str(balance["owed"]), balance["owed_count"], balance["currency"]) == ("1234.50", 1, "EUR")
    assert getattr(balance["next"], "number", None) == "Q-3"


@pytest.mark.parametrize(
    ("due_on", "following"),
    [("2026-11-22", "Q-3"), ("2026-11-23", "Q-2"), ("2026-12-31", "Q-2"), ("2027-02-03", "Q-3")],
)
def test_a_receipt_that_is_issued_before_its_day_is_the_next_one(due_on: str, following: str) -> None:
    detail = contract_detail()
    first, second, third = detail.state.receipts
    issued = second.model_copy(update={"status": "issued", "due_on": date.fromisoformat(due_on)})
    state = detail.state.model_copy(update={"receipts": (first, issued, third)})
    balance = balance_of(replace(detail, state=state), NOW.date())
    assert getattr(balance["next"], "number", None) == following
    assert (str(balance["owed"]), balance["owed_count"]) == ("1234.50", 1), "it is asked for all the same"


def test_nothing_is_next_once_all_is_paid() -> None:
    detail = contract_detail()
    paid = detail.state.model_copy(update={"receipts": detail.state.receipts[:1]})
    assert balance_of(replace(detail, state=paid), NOW.date())["next"] is None


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


def test_open_claims_are_counted_in_the_order_in_which_a_repair_goes() -> None:
    counts = (("paint", 9), ("assigned", 1), ("robots", 2), ("body", 4))
    assert in_process_order(counts) == (("assigned", 1), ("body", 4), ("paint", 9), ("robots", 2))


@pytest.mark.parametrize("language", ["fr", "he"])
def test_a_figure_and_what_became_of_it_are_not_torn_apart(language: str) -> None:
    change = Change(field="repair.percent", old=60, new=66)
    last = LastChange("repair-progressed", "Ομάδα", "partner", NOW, (change,))
    text = render("claims/_rows.html", reader(language), {"rows": [claim_row(last_change=last)]})
    arrow = "←" if language == "he" else "→"
    assert f"\u00a0{arrow}\u00a0" in text
    assert f" {arrow} " not in text
    assert re.search(r":\u00a0[\u2066\u2068\u200f]*60", text), "nor is a figure from what it is"
