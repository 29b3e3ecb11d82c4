"""Where time comes from: handlers take a clock, so that tests can move it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What a handler needs to know of time."""

    def now(self) -> datetime:
        """Give the present instant, aware and in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Give the present instant, aware and in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved, for tests and simulated months."""

    def __init__(self, start: datetime) -> None:
        """Stand at `start`, which must be aware: a naive instant would shift with the machine's zone."""
        self._now = _aware(start)

    def now(self) -> datetime:
        """Give the instant at which the clock stands."""
        return self._now

    def advance(self, step: timedelta) -> datetime:
        """Move by `step` (backwards too: clocks of machines do jump) and give the new instant."""
        self._now += step
        return self._now

    def set(self, instant: datetime) -> None:
        """Jump to `instant`."""
        self._now = _aware(instant)


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        message = "an instant must carry its offset"
        raise ValueError(message)
    return instant.astimezone(UTC)
