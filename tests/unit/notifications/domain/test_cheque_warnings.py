"""Which warnings a claim asks for, and what they say."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.notifications.domain.cheques import wanted_warnings, warning_alert
from services.notifications.domain.clocks import EARLIEST, LATEST, AgencyRules, Firing
from shared.contracts.codes import ChequeStatus, Role
from tests.unit.notifications.factory import cheque_payment, claim

ISRAEL = AgencyRules("Asia/Jerusalem", 14)


def test_a_warning_is_due_at_local_midnight_fourteen_days_before_the_cheque_matures() -> None:
    [wanted] = wanted_warnings(claim("a", cheque_payment("P-1", date(2026, 3, 30))), ISRAEL)

    assert wanted.due_at == datetime(2026, 3, 15, 22, tzinfo=UTC)  # 16 March 00:00 in Jerusalem, winter time
    assert wanted.occasion == "2026-03-30"


def test_local_midnight_follows_the_clock_change_of_the_agency() -> None:
    [wanted] = wanted_warnings(claim("a", cheque_payment("P-1", date(2026, 4, 15))), ISRAEL)

    assert wanted.due_at == datetime(2026, 3, 31, 21, tzinfo=UTC)  # 1 April 00:00, summer time since 27 March


def test_the_days_are_a_setting_of_the_agency() -> None:
    rules = AgencyRules("Europe/Paris", 3)

    [wanted] = wanted_warnings(claim("a", cheque_payment("P-1", date(2026, 3, 10))), rules)

    assert wanted.due_at == datetime(2026, 3, 6, 23, tzinfo=UTC)


@pytest.mark.parametrize("status", list(ChequeStatus))
def test_only_a_cheque_whose_paper_still_waits_is_warned_of(status: ChequeStatus) -> None:
    found = wanted_warnings(claim("a", cheque_payment("P-1", date(2026, 3, 30), status=status)), ISRAEL)

    assert bool(found) == (status in {ChequeStatus.ANNOUNCED, ChequeStatus.RECEIVED})


def test_a_cheque_without_a_maturity_date_and_a_payment_without_a_cheque_want_nothing() -> None:
    transfer = cheque_payment("P-2", None).model_copy(update={"cheque": None})

    assert wanted_warnings(claim("a", cheque_payment("P-1", None), transfer), ISRAEL) == []


def test_every_cheque_of_a_claim_has_its_own_warning() -> None:
    payments = [cheque_payment(f"P-{n}", date(2026, 4, n)) for n in (1, 2, 3)]

    assert len({one.subject for one in wanted_warnings(claim("a", *payments), ISRAEL)}) == 3


def test_references_and_numbers_with_separators_in_them_are_not_confused() -> None:
    day = date(2026, 4, 1)
    payments = [cheque_payment("P/1", day, number="2"), cheque_payment("P", day, number="1/2")]

    assert len({one.subject for one in wanted_warnings(claim("a", *payments), ISRAEL)}) == 2


def test_a_payment_that_stands_twice_wants_one_warning() -> None:
    payments = [cheque_payment("P-1", date(2026, 4, 1)), cheque_payment("P-1", date(2026, 4, 2))]

    assert len(wanted_warnings(claim("a", *payments), ISRAEL)) == 1


@pytest.mark.parametrize("day", [date.min, date(1, 1, 5), date.max])
def test_a_date_at_the_edge_of_the_calendar_disturbs_nobody(day: date) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        [wanted] = wanted_warnings(claim("a", cheque_payment("P-1", day)), AgencyRules(zone, 365))

        assert wanted.ends_at is not None
        assert EARLIEST <= wanted.due_at <= wanted.ends_at <= LATEST


def test_an_unknown_time_zone_counts_as_utc() -> None:
    rules = AgencyRules("Mars/Olympus", 14)

    [wanted] = wanted_warnings(claim("a", cheque_payment("P-1", date(2026, 3, 30))), rules)

    assert wanted.due_at == datetime(2026, 3, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (datetime(2026, 3, 15, 22, tzinfo=UTC), 14),
        (datetime(2026, 3, 29, 20, tzinfo=UTC), 1),
        (datetime(2026, 3, 29, 21, tzinfo=UTC), 0),
        (datetime(2026, 4, 3, tzinfo=UTC), -4),
    ],
)
def test_the_alert_counts_the_days_that_are_left_where_the_agency_is(now: datetime, days: int) -> None:
    state = claim("a", cheque_payment("P-1", date(2026, 3, 30)), sequence=7)
    [wanted] = wanted_warnings(state, ISRAEL)

    alert = warning_alert(Firing("clock:x", wanted.payload, "a", ISRAEL, state.id, 7, now))

    assert alert.params == {
        "number": "N-P-1",
        "bank": "Hapoalim",
        "amount": "12500.00",
        "currency": "ILS",
        "matures_on": "2026-03-30",
        "payee": "Noa Levi",
        "reference": "P-1",
        "days": days,
    }
    assert (alert.subject_id, alert.subject_sequence, alert.claim_number) == (state.id, 7, "CL-2026-000123")
    assert set(alert.roles) == {Role.BROKER, Role.MANAGER, Role.HANDLER}
