from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from shared.clock import Clock, ManualClock, SystemClock
from shared.errors import Conflict, DomainError
from shared.identifiers import new_id


def test_identifiers_are_version_seven_and_grow() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(set(made))
    assert UUID(made[0]).version == 7
    assert len(made[0]) == 36


def test_the_system_clock_is_aware_and_in_utc() -> None:
    clock: Clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)


def test_a_manual_clock_stands_until_it_is_moved() -> None:
    clock = ManualClock(datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert clock.advance(timedelta(days=-1)) == datetime(2026, 2, 28, 7, tzinfo=UTC)
    clock.set(datetime(2027, 1, 1, tzinfo=UTC))
    assert clock.now().year == 2027


def test_a_clock_refuses_a_naive_instant() -> None:
    with pytest.raises(ValueError, match="offset"):
        ManualClock(datetime(2026, 3, 1))  # noqa: DTZ001 - the point of the test


def test_a_domain_error_keeps_what_the_caller_is_told() -> None:
    error = Conflict("illegal_transition", "A delivered car is not dismantled again.", "phase")
    assert isinstance(error, DomainError)
    assert (error.code, error.field) == ("illegal_transition", "phase")
    assert str(error) == "illegal_transition: A delivered car is not dismantled again."
