"""From a state to its clocks: when the state changes, when its agency's rules do, when a kind is new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications import repository
from services.notifications.clocks.registry import ClockKinds
from services.notifications.domain.clocks import (
    UNKNOWN_AGENCY,
    AgencyRules,
    ClockRow,
    Standing,
    WantedClock,
    derive,
)
from services.notifications.models import Agency, Clock, ClockSource
from services.notifications.repository import AGENCY_UNKNOWN
from shared.clock import Clock as TimeSource
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.events import aggregate_of_state
from shared.db.database import on_after_commit
from shared.identifiers import new_id

log = structlog.get_logger(__name__)


def rules_of(agency: Agency | None) -> AgencyRules:
    """The rules of an agency, or defaults while it is not known."""
    if agency is None:
        return UNKNOWN_AGENCY
    return AgencyRules(agency.timezone, agency.cheque_warning_days, agency.sequence)


@dataclass(frozen=True)
class Derivation:
    """Derives clocks. `wake` is told after the commit when one may have become due sooner."""

    kinds: ClockKinds
    clock: TimeSource
    wake: Callable[[], None]

    async def follow(self, session: AsyncSession, event: CloudEvent[ChangeData[Any]]) -> None:
        """Keep the state if it is the newest of its aggregate, and derive its clocks."""
        state = event.data.state
        aggregate = aggregate_of_state(type(state)).name
        agency = await repository.find_agency(session, state.agency_id)
        row = {
            "aggregate": aggregate,
            "id": state.id,
            "agency_id": state.agency_id,
            "sequence": state.sequence,
            "imported": event.data.actor.kind == "import",
            "state": state.model_dump(mode="json"),
            "rules_sequence": agency.sequence if agency else AGENCY_UNKNOWN,
            "kinds": self.kinds.fingerprint(aggregate),
        }
        has_clocks = await repository.keep_source(session, row)
        if has_clocks is None:
            log.debug("clock.older_state", aggregate=aggregate, subject_id=state.id, sequence=state.sequence)
            return
        wanted = self._wanted(aggregate, state, agency)
        if not wanted and not has_clocks:
            return
        kept = await repository.clocks_of_sources(session, state.agency_id, aggregate, [state.id])
        source = _Source(aggregate, state.id, state.agency_id, state.sequence)
        self._apply(session, source, wanted, kept, agency, imported=row["imported"])
        if not has_clocks:
            await repository.mark_clocks(session, state.agency_id, aggregate, state.id)

    async def again(self, session: AsyncSession, sources: Sequence[ClockSource]) -> None:
        """Derive the clocks of kept states anew. One that cannot be read keeps the clocks that it has."""
        groups: dict[tuple[str, str], list[ClockSource]] = defaultdict(list)
        for source in sources:
            groups[source.agency_id, source.aggregate].append(source)
        for (agency_id, aggregate), mine in groups.items():
            found = await repository.clocks_of_sources(
                session, agency_id, aggregate, [one.id for one in mine]
            )
            clocks: dict[str, list[Clock]] = defaultdict(list)
            for clock in found:
                clocks[clock.source_id].append(clock)
            for source in mine:
                await self._derive_again(session, source, clocks[source.id])

    async def _derive_again(self, session: AsyncSession, source: ClockSource, kept: Sequence[Clock]) -> None:
        agency = await repository.find_agency(session, source.agency_id)
        source.rules_sequence = agency.sequence if agency else AGENCY_UNKNOWN
        source.kinds = self.kinds.fingerprint(source.aggregate)
        kinds = self.kinds.of(source.aggregate)
        if not kinds:
            return
        try:
            state = kinds[0].state.model_validate(source.state)
        except ValidationError:
            log.error("clock.state_unreadable", aggregate=source.aggregate, subject_id=source.id)  # noqa: TRY400 - values are personal
            return
        about = _Source(source.aggregate, source.id, source.agency_id, source.sequence)
        wanted = self._wanted(source.aggregate, state, agency)
        source.has_clocks = source.has_clocks or bool(wanted)
        self._apply(session, about, wanted, kept, agency, imported=source.imported)

    def _wanted(self, aggregate: str, state: BaseModel, agency: Agency | None) -> _Wanted:
        rules = rules_of(agency)
        return {
            (kind.name, one.subject): one
            for kind in self.kinds.of(aggregate)
            for one in kind.wanted(state, rules)
        }

    def _apply(
        self,
        session: AsyncSession,
        source: _Source,
        wanted: _Wanted,
        kept: Sequence[Clock],
        agency: Agency | None,
        *,
        imported: bool,
    ) -> None:
        rules = rules_of(agency)
        now = self.clock.now()
        names = {kind.name for kind in self.kinds.of(source.aggregate)}
        rows = {(row.kind, row.subject): row for row in kept if row.kind in names}
        moved = False
        for key in {**rows, **wanted}:
            row = rows.get(key)
            before = _value_of(row) if row is not None else None
            after = derive(before, wanted.get(key), now=now, agency=rules, imported=imported)
            if after is not None and after != before:
                _keep(session, key[0], source, row, after)
                moved = moved or after.standing is Standing.PENDING
        if moved:
            on_after_commit(session, self.wake)


@dataclass(frozen=True, slots=True)
class _Source:
    aggregate: str
    id: str
    agency_id: str
    sequence: int


_Wanted = dict[tuple[str, str], WantedClock]
"""By kind and subject."""


def _value_of(row: Clock) -> ClockRow:
    return ClockRow(
        subject=row.subject,
        standing=Standing(row.standing),
        due_at=row.due_at,
        occasion=row.occasion,
        payload=row.payload,
        created_at=row.created_at,
        cancelled_at=row.cancelled_at,
        fired_at=row.fired_at,
        alerted=tuple(row.alerted),
    )


def _keep(session: AsyncSession, kind: str, source: _Source, row: Clock | None, after: ClockRow) -> None:
    if row is None:
        row = Clock(
            id=new_id(),
            agency_id=source.agency_id,
            kind=kind,
            subject=after.subject,
            aggregate=source.aggregate,
            source_id=source.id,
            created_at=after.created_at,
            alerted=[],
            failures=0,
        )
        session.add(row)
    row.source_sequence = source.sequence
    row.standing = after.standing.value
    row.due_at = after.due_at
    row.occasion = after.occasion
    row.payload = after.payload
    row.cancelled_at = after.cancelled_at
    row.fired_at = after.fired_at
    row.retry_at = None
    log.info("clock.derived", clock_id=row.id, kind=row.kind, subject_id=source.id, standing=row.standing)
