"""What becomes of a clock when the state that it is derived from changes.

Everything here is pure, and decides on what a clock is about (its *occasion*: for a cheque, the maturity date),
never on how often or when it is asked. So duplicates, restarts and jumps of the machine's clock change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNKNOWN_AGENCY_GRACE: Final = timedelta(minutes=5)
"""How long a clock waits for its agency, whose event comes on another topic, before it falls back on defaults."""

EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)
"""Instants that every zone and both engines can express; days beyond them are bounded to them."""


class Standing(StrEnum):
    """Where a clock stands. Only a pending one can fire."""

    PENDING = "pending"
    FIRED = "fired"
    CANCELLED = "cancelled"
    SILENT = "silent"
    """Its date changed after a warning to one whose own warning instant had passed: nobody is warned again."""
    LAPSED = "lapsed"
    """It came with loaded history and its time was over already."""


@dataclass(frozen=True, slots=True)
class AgencyRules:
    """What clocks need to know of an agency. `known` is false while its own event has not come."""

    timezone: str = "UTC"
    cheque_warning_days: int = 14
    sequence: int = 0
    known: bool = True

    @property
    def zone(self) -> tzinfo:
        """The agency's time zone; UTC when nobody knows the name, since late is better than never."""
        return zone_named(self.timezone) or UTC


UNKNOWN_AGENCY: Final = AgencyRules(known=False)


def zone_named(name: str) -> tzinfo | None:
    """Find a time zone by its IANA name, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def start_of_day(day: date, zone: tzinfo, *, days_before: int = 0) -> datetime:
    """The first instant of the day that lies `days_before` before `day`, where the agency is."""
    try:
        instant = datetime.combine(day - timedelta(days=days_before), time(), zone).astimezone(UTC)
    except OverflowError:
        return EARLIEST if day.year < LATEST.year else LATEST
    return min(max(instant, EARLIEST), LATEST)


@dataclass(frozen=True, slots=True)
class WantedClock:
    """A clock as the present state of its source asks for it.

    `subject` is unique within the kind; `occasion` names what the alert is about, so that the same occasion never
    alerts twice; `ends_at` is when the alert has lost its use. `payload` is what firing needs to say it.
    """

    subject: str
    due_at: datetime
    occasion: str
    payload: dict[str, Any]
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Firing:
    """A clock that fires: what its alert is made from. `source_sequence` is the version that it was derived from."""

    cause: str
    payload: dict[str, Any]
    agency_id: str
    agency: AgencyRules
    source_id: str
    source_sequence: int
    now: datetime


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A clock as it is kept. `alerted` lists the occasions that have alerted, the oldest first."""

    subject: str
    standing: Standing
    due_at: datetime
    occasion: str
    payload: dict[str, Any]
    created_at: datetime
    cancelled_at: datetime | None = None
    fired_at: datetime | None = None
    alerted: tuple[str, ...] = field(default=())


def derive(
    kept: ClockRow | None, wanted: WantedClock | None, *, now: datetime, agency: AgencyRules, imported: bool
) -> ClockRow | None:
    """Give the clock after a change of its source, or of its agency's settings; None where there is none.

    `imported`: the state was loaded, not lived.
    """
    if wanted is None:
        if kept is None or kept.standing is not Standing.PENDING:
            return kept
        return replace(kept, standing=Standing.CANCELLED, cancelled_at=now)
    base = kept or ClockRow(
        wanted.subject, Standing.CANCELLED, wanted.due_at, wanted.occasion, wanted.payload, created_at=now
    )
    standing = _standing(kept, wanted, now, imported=imported)
    cancelled_at = None
    if standing not in {Standing.PENDING, Standing.FIRED}:
        cancelled_at = kept.cancelled_at if kept and kept.standing is standing and kept.cancelled_at else now
    return replace(
        base,
        standing=standing,
        due_at=wanted.due_at if agency.known else max(wanted.due_at, base.created_at + UNKNOWN_AGENCY_GRACE),
        occasion=wanted.occasion,
        payload=wanted.payload,
        cancelled_at=cancelled_at,
        fired_at=None if standing is Standing.PENDING else base.fired_at,
    )


def _standing(kept: ClockRow | None, wanted: WantedClock, now: datetime, *, imported: bool) -> Standing:
    if kept is not None:
        if wanted.occasion in kept.alerted:
            return Standing.FIRED
        if wanted.occasion == kept.occasion and kept.standing is not Standing.CANCELLED:
            return kept.standing
        owed = kept.standing is Standing.PENDING and kept.due_at <= now
        if kept.alerted and not owed:
            # Somebody was warned already, of a date that no longer holds. He is warned again only when there
            # is time for it: a date that moves within the window that he knows of is told by its change alert.
            # A warning that is owed (we were down when it was due) is given all the same, of the new date.
            return Standing.PENDING if wanted.due_at > now else Standing.SILENT
    if imported and wanted.ends_at is not None and wanted.ends_at <= now:
        return Standing.LAPSED
    return Standing.PENDING
