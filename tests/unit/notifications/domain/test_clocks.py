"""What becomes of a clock: each rule of `derive`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.notifications.domain.clocks import (
    UNKNOWN_AGENCY,
    UNKNOWN_AGENCY_GRACE,
    AgencyRules,
    ClockRow,
    Standing,
    WantedClock,
    derive,
)

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
RULES = AgencyRules("UTC", 14)
DAY = timedelta(days=1)


def wanted(occasion: str, due: datetime, *, ends: datetime | None = None) -> WantedClock:
    return WantedClock("claim/P-1/1", due, occasion, {"params": {"matures_on": occasion}}, ends)


def kept(occasion: str, standing: Standing, due: datetime, *alerted: str) -> ClockRow:
    return ClockRow(
        "claim/P-1/1",
        standing,
        due,
        occasion,
        {},
        created_at=NOW - 30 * DAY,
        fired_at=NOW - 5 * DAY if standing is Standing.FIRED else None,
        alerted=alerted,
    )


def after(
    before: ClockRow | None,
    want: WantedClock | None,
    *,
    now: datetime = NOW,
    agency: AgencyRules = RULES,
    imported: bool = False,
) -> ClockRow:
    row = derive(before, want, now=now, agency=agency, imported=imported)
    assert row is not None
    return row


def test_nothing_wanted_and_nothing_kept_is_nothing() -> None:
    assert derive(None, None, now=NOW, agency=RULES, imported=False) is None


def test_a_new_clock_waits_for_its_time() -> None:
    row = after(None, wanted("m1", NOW + DAY))

    assert (row.standing, row.due_at, row.created_at) == (Standing.PENDING, NOW + DAY, NOW)


def test_a_new_clock_whose_time_has_come_fires_at_once_and_even_late() -> None:
    row = after(None, wanted("m1", NOW - 40 * DAY, ends=NOW - 20 * DAY))

    assert row.standing is Standing.PENDING


def test_loaded_history_whose_time_is_over_lapses_and_stays_so() -> None:
    over = wanted("m1", NOW - 40 * DAY, ends=NOW - DAY)
    row = after(None, over, imported=True)

    assert row.standing is Standing.LAPSED
    assert after(row, over, imported=False) == row


def test_loaded_history_that_is_within_its_time_fires() -> None:
    assert after(None, wanted("m1", NOW - DAY, ends=NOW + DAY), imported=True).standing is Standing.PENDING


def test_a_lapsed_clock_lives_again_with_a_new_date() -> None:
    row = kept("m1", Standing.LAPSED, NOW - 40 * DAY)

    assert after(row, wanted("m2", NOW - DAY)).standing is Standing.PENDING


def test_a_clock_that_is_not_wanted_any_more_is_cancelled() -> None:
    row = after(kept("m1", Standing.PENDING, NOW + DAY), None)

    assert (row.standing, row.cancelled_at) == (Standing.CANCELLED, NOW)
    assert derive(row, None, now=NOW + DAY, agency=RULES, imported=False) == row


def test_a_cancelled_clock_that_is_wanted_again_waits_again() -> None:
    row = replace(kept("m1", Standing.CANCELLED, NOW - DAY), cancelled_at=NOW)

    again = after(row, wanted("m1", NOW - DAY))

    assert (again.standing, again.cancelled_at) == (Standing.PENDING, None)


def test_a_fired_clock_stays_fired_when_its_cheque_is_deposited() -> None:
    row = kept("m1", Standing.FIRED, NOW - DAY, "m1")

    assert after(row, None) == row


def test_a_date_that_moves_before_the_warning_moves_the_warning() -> None:
    row = after(kept("m1", Standing.PENDING, NOW + DAY), wanted("m2", NOW + 9 * DAY))

    assert (row.standing, row.due_at, row.occasion) == (Standing.PENDING, NOW + 9 * DAY, "m2")


def test_a_date_that_moves_into_the_window_before_any_warning_fires_at_once() -> None:
    assert (
        after(kept("m1", Standing.PENDING, NOW + DAY), wanted("m2", NOW - DAY)).standing is Standing.PENDING
    )


def test_after_a_warning_a_date_far_ahead_warns_again() -> None:
    row = after(kept("m1", Standing.FIRED, NOW - 5 * DAY, "m1"), wanted("m2", NOW + DAY))

    assert (row.standing, row.fired_at, row.alerted) == (Standing.PENDING, None, ("m1",))


def test_after_a_warning_a_date_within_the_window_does_not_warn_again() -> None:
    row = after(kept("m1", Standing.FIRED, NOW - 5 * DAY, "m1"), wanted("m2", NOW - DAY))

    assert row.standing is Standing.SILENT
    assert after(row, wanted("m2", NOW - DAY), now=NOW - 9 * DAY) == replace(row), (
        "a jump back changes nothing"
    )


def test_a_date_that_was_warned_of_is_never_warned_of_twice() -> None:
    row = kept("m2", Standing.PENDING, NOW + 9 * DAY, "m1")

    back = after(row, wanted("m1", NOW + DAY))  # in the future again: the machine's clock jumped back

    assert back.standing is Standing.FIRED


def test_the_second_warning_is_not_lost_when_it_is_told_again_before_it_fires() -> None:
    row = kept("m2", Standing.PENDING, NOW - DAY, "m1")

    assert after(row, wanted("m2", NOW - DAY)).standing is Standing.PENDING


def test_a_warning_that_is_owed_is_given_of_the_new_date() -> None:
    row = kept("m2", Standing.PENDING, NOW - DAY, "m1")

    assert after(row, wanted("m3", NOW - 2 * DAY)).standing is Standing.PENDING


def test_a_setting_of_the_agency_moves_a_pending_clock_and_no_fired_one() -> None:
    pending = after(kept("m1", Standing.PENDING, NOW + DAY), wanted("m1", NOW + 8 * DAY))
    fired = after(kept("m1", Standing.FIRED, NOW - DAY, "m1"), wanted("m1", NOW + 8 * DAY))

    assert pending.due_at == NOW + 8 * DAY
    assert fired.standing is Standing.FIRED


def test_while_the_agency_is_unknown_a_clock_waits_for_it_but_not_for_ever() -> None:
    row = after(None, wanted("m1", NOW - DAY), agency=UNKNOWN_AGENCY)
    told_again = after(row, wanted("m1", NOW - DAY), agency=UNKNOWN_AGENCY, now=NOW + DAY)
    known = after(row, wanted("m1", NOW - DAY))

    assert row.due_at == told_again.due_at == NOW + UNKNOWN_AGENCY_GRACE
    assert known.due_at == NOW - DAY
