"""What needs somebody today, ordered by the cost of delay: money first, then late vehicles, silent garages, documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.pages.figures import Reader
from services.gateway.queries import (
    CalendarEntry,
    ChequeDue,
    ClaimQuery,
    ClaimRow,
    SilentGarage,
    calendar,
    cheques_due,
    count_needs,
    list_claims,
    phases,
    silent_garages,
)
from services.gateway.queries.needs import AHEAD, CHEQUE_DAYS
from shared.contracts.codes import RepairPhase
from shared.db.tenancy import Scope

SHOWN: Final = 5
"""Lines of one kind; the rest is a link to the list."""

NAMED: Final = 12
"""Entries of the calendar that are named at once; the rest opens."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar: how many of each kind, and what they are."""

    on: date
    entries: tuple[CalendarEntry, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Kind -> number."""
        return dict(Counter(one.kind for one in self.entries))

    @property
    def weekday(self) -> int:
        """0 is Monday."""
        return self.on.weekday()


@dataclass(frozen=True, slots=True)
class Needs:
    """The lists of the home page; `*_total` counts all, the lists hold the first few."""

    cheques: tuple[ChequeDue, ...]
    cheques_total: int
    late: Sequence[ClaimRow]
    late_total: int
    silent: tuple[SilentGarage, ...]
    silent_total: int
    documents: Sequence[ClaimRow]
    documents_total: int
    phases: tuple[tuple[str, int], ...]
    days: tuple[Day, ...]

    @property
    def nothing(self) -> bool:
        """Whether nothing waits for anybody."""
        return not (self.cheques or self.late or self.silent or self.documents)


async def read_needs(session: AsyncSession, scope: Scope, reader: Reader) -> Needs:
    """Count and read what home shows, for a reader's calendar day."""
    now = reader.now.astimezone(reader.zone)
    late = await list_claims(session, scope, ClaimQuery(need="late", sort="eta"), SHOWN, now=now)
    documents = await list_claims(
        session, scope, ClaimQuery(need="documents", sort="activity"), SHOWN, now=now
    )
    cheques = await cheques_due(session, scope, reader.today + timedelta(days=CHEQUE_DAYS))
    silent = await silent_garages(session, scope, now)
    counted = await count_needs(session, scope, now, ("cheques",)) if len(cheques) > SHOWN else {}
    return Needs(
        cheques=cheques[:SHOWN],
        cheques_total=max(len(cheques), counted.get("cheques", 0)),
        late=late.items,
        late_total=late.total,
        silent=silent[:SHOWN],
        silent_total=len(silent),
        documents=documents.items,
        documents_total=documents.total,
        phases=in_process_order(await phases(session, scope)),
        days=days_of(await calendar(session, scope, reader.today), reader.today),
    )


def in_process_order(counts: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Order counts as a repair goes: where cars pile up is seen at a glance. Phases that are newer than the page come last."""
    known = [one.value for one in RepairPhase]
    return tuple(sorted(counts, key=lambda one: known.index(one[0]) if one[0] in known else len(known)))


def days_of(entries: Sequence[CalendarEntry], today: date) -> tuple[Day, ...]:
    """Lay the entries out over the days to come, empty ones included."""
    by_day: dict[date, list[CalendarEntry]] = {}
    for one in entries:
        by_day.setdefault(one.on, []).append(one)
    ahead = (today + timedelta(days=number) for number in range(AHEAD))
    return tuple(Day(day, tuple(by_day.get(day, ()))) for day in ahead)
