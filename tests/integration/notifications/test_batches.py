"""Alerts and clocks by the batch: the same as one event at a time, however many come together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from services.notifications.models import Alert, Clock, ClockSource
from shared.contracts.envelope import CloudEvent
from shared.db.tenancy import EVERY_AGENCY
from shared.identifiers import new_id
from tests.integration.notifications.frame import Desk
from tests.unit.notifications.factory import (
    INSURER,
    LOADED,
    agency,
    cheque_payment,
    claim,
    client,
    document,
    event_of,
)

DAYS = (None, date(2026, 2, 20), date(2026, 3, 10), date(2026, 6, 1))
"""No cheque; one that has matured, one that is due to be warned of, and one that has time."""


@dataclass(frozen=True)
class Change:
    """One change of the claim with this number; `day` is one of `DAYS`."""

    number: int
    day: int
    loaded: bool


changes = st.builds(Change, number=st.integers(0, 2), day=st.integers(0, len(DAYS) - 1), loaded=st.booleans())


def told_in(agency_id: str, happened: Sequence[Change]) -> list[CloudEvent[Any]]:
    sequences: dict[int, int] = {}
    events = []
    for change in happened:
        sequence = sequences[change.number] = sequences.get(change.number, 0) + 1
        day = DAYS[change.day]
        payments = [cheque_payment("p-1", day)] if day else []
        state = claim(agency_id, *payments, id=f"{agency_id[-12:]}/{change.number}", sequence=sequence)
        events.append(event_of(state, "cheque-changed", actor=LOADED if change.loaded else INSURER))
    return events


async def kept_of(desk: Desk, agency_id: str) -> list[str]:
    """Alerts, clocks and their sources, without what differs between agencies or with the order of commits anyway."""
    columns: list[tuple[Any, tuple[str, ...]]] = [
        (Alert, ("state", "at")),
        (
            Clock,
            (
                "subject",
                "source_id",
                "source_sequence",
                "standing",
                "due_at",
                "occasion",
                "payload",
                "alerted",
            ),
        ),
        (Clock, ("subject", "created_at", "cancelled_at", "fired_at", "failures", "retry_at")),
        (ClockSource, ("id", "sequence", "imported", "state", "rules_sequence", "kinds", "has_clocks")),
    ]
    found = []
    async with desk.database.read(EVERY_AGENCY) as session:
        for table, names in columns:
            for row in await session.scalars(select(table).where(table.agency_id == agency_id)):
                values = {name: getattr(row, name) for name in names}
                if table is Alert:
                    values["state"] = {k: v for k, v in row.state.items() if k not in {"id", "position"}}
                found.append(f"{table.__name__} {values}")
    return sorted(one.replace(agency_id, "agency").replace(agency_id[-12:], "agency") for one in found)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=st.lists(changes, min_size=1, max_size=8), cuts=st.sets(st.integers(1, 8), max_size=2))
async def test_a_batch_alerts_and_winds_clocks_as_its_events_one_by_one(
    desk: Desk, happened: list[Change], cuts: set[int]
) -> None:
    straight, batched = new_id(), new_id()
    for one in (straight, batched):
        await desk.tell(event_of(agency(one, days=14), "agency-registered"))
    for single in told_in(straight, happened):
        await desk.tell(single)
    events = told_in(batched, happened)
    edges = [0, *sorted(cut for cut in cuts if cut < len(events)), len(events)]
    for start, end in pairwise(edges):
        await desk.tell(*events[start:end], events[start])

    assert await kept_of(desk, batched) == await kept_of(desk, straight)
    alerts = [one for one in await desk.alerts() if one.agency_id == batched]
    lived = [event.data.state for event in events if event.data.actor != LOADED]
    assert [(one.subject_id, one.subject_sequence) for one in alerts] == [
        (one.id, one.sequence) for one in lived
    ]


async def test_a_lived_change_right_after_loaded_history_warns_nobody_of_the_past(desk: Desk) -> None:
    await desk.tell(event_of(agency("agency-a"), "agency-registered"))
    matured = cheque_payment("p-1", DAYS[1])

    await desk.tell(
        event_of(claim("agency-a", matured, id="c-1"), "claim-registered", actor=LOADED),
        event_of(claim("agency-a", matured, id="c-1", sequence=2), "claim-noted"),
    )

    assert await desk.run_clocks() == []
    assert (await desk.clock_row()).standing == "lapsed"


async def test_a_batch_takes_a_handful_of_statements_however_long_it_is(desk: Desk) -> None:
    counts = []
    for length in (1, 20):
        one = new_id()
        batch = [
            event_of(state, happening)
            for number in range(length)
            for happening, state in (
                ("claim-registered", claim(one, cheque_payment("p-1", DAYS[3]), id=f"{one[-12:]}/{number}")),
                ("client-registered", client(one, id=f"{one[-12:]}/{number}")),
                ("document-added", document(one)),
            )
        ]
        statements: list[str] = []

        def note(_1: Any, _2: Any, statement: str, *_: Any, noted: list[str] = statements) -> None:
            noted.append(statement)

        event.listen(desk.database.engine.sync_engine, "before_cursor_execute", note)
        await desk.tell(*batch)
        event.remove(desk.database.engine.sync_engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1]
