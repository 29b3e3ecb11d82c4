"""From a state to its clocks: when the state changes, when its agency's rules do, when a kind is new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from orjson import Fragment
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
from services.notifications.repository import AGENCY_UNKNOWN, KnownSource, SourceKey
from shared.clock import Clock as TimeSource
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.events import aggregate_of_state
from shared.db.database import on_after_commit
from shared.identifiers import new_id
from shared.observability.tracing import traced

UNSEEN: Final = -1
"""The sequence of a source before its first state."""

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

    async def follow(self, session: AsyncSession, events: Sequence[CloudEvent[ChangeData[Any]]]) -> None:
        """Keep the newest state of each of these aggregates, which are of one kind, and derive its clocks.

        It is derived from each state that is newer than the one kept, in turn: what a state that was loaded has let lapse
        stays so when a lived one follows in the same batch.
        """
        aggregate = aggregate_of_state(type(events[0].data.state)).name
        news: dict[SourceKey, list[CloudEvent[ChangeData[Any]]]] = defaultdict(list)
        for event in sorted(events, key=lambda event: event.sequence):
            news[event.data.state.agency_id, event.data.state.id].append(event)
        known = await self._known(session, aggregate, news)
        rows: list[dict[str, Any]] = []
        steps: dict[SourceKey, list[_Step]] = {}
        for key in sorted(news):
            sequence, has_clocks, rules = known[key]
            newer = [event for event in news[key] if event.sequence > sequence]
            if not newer:
                log.debug("clock.older_state", aggregate=aggregate, subject_id=key[1], sequence=sequence)
                continue
            wanted = [self._wanted(aggregate, event.data.state, rules) for event in newer]
            if has_clocks or any(wanted):
                steps[key] = list(zip(newer, wanted, strict=True))
            row = self._source_row(aggregate, newer[-1], rules)
            rows.append(row | {"has_clocks": key in steps})
        await repository.keep_sources(session, rows)
        await self._take_steps(session, aggregate, steps, known)

    async def _known(
        self, session: AsyncSession, aggregate: str, news: Mapping[SourceKey, Sequence[CloudEvent[Any]]]
    ) -> dict[SourceKey, KnownSource]:
        """What is kept of these sources, locked; those that are new are given a row first, to be locked as well."""
        known = await repository.known_sources(session, aggregate, news)
        new = sorted(news.keys() - known.keys())
        if new:
            rows = [
                self._source_row(aggregate, news[key][0], None) | {"sequence": UNSEEN, "has_clocks": False}
                for key in new
            ]
            await repository.insert_sources(session, rows)
            known |= await repository.known_sources(session, aggregate, new)
        return known

    def _source_row(
        self, aggregate: str, event: CloudEvent[ChangeData[Any]], rules: AgencyRules | None
    ) -> dict[str, Any]:
        state = event.data.state
        return {
            "agency_id": state.agency_id,
            "aggregate": aggregate,
            "id": state.id,
            "sequence": event.sequence,
            "imported": event.data.actor.kind == "import",
            "state": Fragment(state.model_dump_json()),
            "rules_sequence": rules.sequence if rules else AGENCY_UNKNOWN,
            "kinds": self.kinds.fingerprint(aggregate),
        }

    async def _take_steps(
        self,
        session: AsyncSession,
        aggregate: str,
        steps: Mapping[SourceKey, Sequence[_Step]],
        known: Mapping[SourceKey, KnownSource],
    ) -> None:
        clocks = await repository.clocks_of_sources(session, aggregate, steps)
        for key, taken in steps.items():
            agency_id, source_id = key
            for event, wanted in taken:
                source = _Source(aggregate, source_id, agency_id, event.sequence)
                imported = event.data.actor.kind == "import"
                with traced(event.traceparent):
                    self._apply(session, source, wanted, clocks[key], known[key].rules, imported=imported)

    async def again(self, session: AsyncSession, sources: Sequence[ClockSource]) -> None:
        """Derive the clocks of kept states anew. One that cannot be read keeps the clocks that it has."""
        groups: dict[str, list[ClockSource]] = defaultdict(list)
        for source in sources:
            groups[source.aggregate].append(source)
        agencies = await repository.find_agencies(session, {source.agency_id for source in sources})
        for aggregate, mine in groups.items():
            keys = {(source.agency_id, source.id) for source in mine}
            clocks = await repository.clocks_of_sources(session, aggregate, keys)
            for source in mine:
                agency = agencies.get(source.agency_id)
                rules = rules_of(agency) if agency else None
                self._derive_again(session, source, clocks[source.agency_id, source.id], rules)

    def _derive_again(
        self, session: AsyncSession, source: ClockSource, kept: list[Clock], rules: AgencyRules | None
    ) -> None:
        source.rules_sequence = rules.sequence if rules else AGENCY_UNKNOWN
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
        wanted = self._wanted(source.aggregate, state, rules)
        source.has_clocks = source.has_clocks or bool(wanted)
        self._apply(session, about, wanted, kept, rules, imported=source.imported)

    def _wanted(self, aggregate: str, state: BaseModel, rules: AgencyRules | None) -> _Wanted:
        return {
            (kind.name, one.subject): one
            for kind in self.kinds.of(aggregate)
            for one in kind.wanted(state, rules or UNKNOWN_AGENCY)
        }

    def _apply(
        self,
        session: AsyncSession,
        source: _Source,
        wanted: _Wanted,
        kept: list[Clock],
        rules: AgencyRules | None,
        *,
        imported: bool,
    ) -> None:
        """Bring the clocks of a source to what is wanted now; new ones are added to `kept`."""
        now = self.clock.now()
        names = {kind.name for kind in self.kinds.of(source.aggregate)}
        rows = {(row.kind, row.subject): row for row in kept if row.kind in names}
        moved = False
        for key in {**rows, **wanted}:
            row = rows.get(key)
            before = _value_of(row) if row is not None else None
            after = derive(
                before, wanted.get(key), now=now, agency=rules or UNKNOWN_AGENCY, imported=imported
            )
            if after is not None and after != before:
                if row is None:
                    row = _new_clock(key[0], source, after)
                    session.add(row)
                    kept.append(row)
                _keep(source, row, after)
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

_Step = tuple[CloudEvent[ChangeData[Any]], _Wanted]
"""An event of a source, and the clocks that its state asks for."""


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


def _new_clock(kind: str, source: _Source, after: ClockRow) -> Clock:
    return Clock(
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


def _keep(source: _Source, row: Clock, after: ClockRow) -> None:
    row.source_sequence = source.sequence
    row.standing = after.standing.value
    row.due_at = after.due_at
    row.occasion = after.occasion
    row.payload = after.payload
    row.cancelled_at = after.cancelled_at
    row.fired_at = after.fired_at
    row.retry_at = None
    log.info("clock.derived", clock_id=row.id, kind=row.kind, subject_id=source.id, standing=row.standing)
