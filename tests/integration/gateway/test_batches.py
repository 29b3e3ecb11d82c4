"""The read model takes events by the batch: whatever the order, the batches and the repetition, the rows are the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlalchemy import event, select, text

from services.gateway.models import (
    READ_MODEL,
    Activity,
    AlertView,
    ClaimView,
    ClientView,
    ContractView,
    DocumentView,
    PartnerReceipt,
)
from services.gateway.projections import Projector, Versions
from services.gateway.projections.receipts import record_receipts
from shared.contracts.claims import ClaimState, Settlement
from shared.contracts.codes import ClaimStatus, DocumentType, RepairPhase
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import Actor, ChangeData, CloudEvent
from shared.contracts.notifications import AlertState
from shared.contracts.partners import RECEIPT_TYPE, Receipt
from shared.contracts.policy import ClientState, ContractState
from shared.db.among import pairs_among
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY
from shared.identifiers import new_id
from shared.messaging.events import event_adapter
from tests.integration.gateway.frame import (
    GARAGE,
    IMPORT,
    NOON,
    Desk,
    claim,
    client,
    contract,
    document,
    repair,
)

Event = CloudEvent[ChangeData[Any]]

ACTORS = (GARAGE, Actor(kind="user", id="u-1", name="Una"), Actor(kind="user", id="u-2", name="Dov"), IMPORT)
POLICY = "4501-889231"
ASKED = (DocumentType.NOTICE_FORM, DocumentType.DAMAGE_PHOTO)
ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {
    state: event_adapter(state)
    for state in (ClientState, ContractState, ClaimState, DocumentState, AlertState)
}


@dataclass(frozen=True)
class Change:
    """One change of the file with this number of that kind, by one of `ACTORS`; `choice` makes it differ from the last."""

    kind: str
    number: int
    actor: int
    choice: int


changes = st.builds(
    Change,
    kind=st.sampled_from(["claim", "claim", "document", "client", "contract", "alert"]),
    number=st.integers(0, 2),
    actor=st.integers(0, len(ACTORS) - 1),
    choice=st.integers(0, 5),
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Change], list[list[int]]]:
    """What happened, and the batches in which it is told: in any order, some of it more than once."""
    happened = draw(st.lists(changes, min_size=1, max_size=14))
    indices = range(len(happened))
    told = draw(st.permutations([*indices, *draw(st.lists(st.sampled_from(indices), max_size=6))]))
    cuts = sorted(draw(st.sets(st.integers(1, len(told)), max_size=4)))
    return happened, [
        list(told[start:end]) for start, end in zip([0, *cuts], [*cuts, len(told)], strict=True)
    ]


def told_in(desk: Desk, agency_id: str, happened: Sequence[Change]) -> list[Event]:
    """The events of these changes, in one agency."""
    sequences: dict[tuple[str, int], int] = {}
    events = []
    for index, change in enumerate(happened):
        sequence = sequences[change.kind, change.number] = sequences.get((change.kind, change.number), 0) + 1
        if change.kind == "alert" and sequence > 1:
            continue
        happening, state = state_of(agency_id, change, sequence)
        at = NOON + timedelta(minutes=index)
        raw = desk.event(happening, state, actor=ACTORS[change.actor], changes=(), at=at)
        events.append(ADAPTERS[type(state)].validate_python(raw | {"id": f"{agency_id}/{index:02}"}))
    return events


def state_of(agency_id: str, change: Change, sequence: int) -> tuple[str, Any]:
    one, choice = f"{agency_id[-12:]}/{change.kind}-{change.number}", change.choice
    at = NOON + timedelta(hours=sequence)
    owner = client(
        agency_id, at, id=f"{agency_id[-12:]}/client-0", name=f"Client {choice}", sequence=sequence
    )
    about = claim(
        agency_id,
        at,
        id=f"{agency_id[-12:]}/claim-{change.number}",
        claim_number=f"CL-{change.number}",
        client_id=owner.id,
        status=list(ClaimStatus)[choice],
        repair=repair(list(RepairPhase)[choice], at, choice * 10, date(2026, 11, 20 + choice)),
        settlement=Settlement(requested_documents=ASKED[: choice % 3]),
        sequence=sequence,
    )
    if change.kind == "claim":
        return "claim-status-changed", about
    if change.kind == "client":
        return "client-corrected", owner.model_copy(update={"id": one})
    if change.kind == "contract":
        return "contract-amended", contract(
            agency_id, at, owner, id=one, policy_number=POLICY, sequence=sequence
        )
    if change.kind == "alert":
        return "alert-raised", alert(about, id=one, position=change.number + 1, at=at)
    kinds = (*ASKED, DocumentType.OTHER)
    places: tuple[dict[str, str], ...] = (  # a file stays where it is; it need not say whose it is
        {"claim_number": "CL-0", "client_id": owner.id},
        {"claim_number": "CL-1"},
        {"policy_number": POLICY},
    )
    return "document-changed", document(
        agency_id,
        at,
        ACTORS[change.actor],
        id=one,
        **places[change.number],
        type=kinds[change.number],
        removed=choice == 5,
        sequence=sequence,
    )


def alert(about: ClaimState, **fields: Any) -> AlertState:
    return AlertState(
        agency_id=about.agency_id,
        kind="repair-progressed",
        aggregate="claim",
        subject_id=about.id,
        subject_sequence=about.sequence,
        claim_number=about.claim_number,
        client_id=about.client_id,
        client_name=about.client_name,
        actor=GARAGE,
        sequence=1,
        **fields,
    )


async def project(desk: Desk, events: Sequence[Event]) -> None:
    """As the consumer does, but past its memory of what came before."""
    async with desk.database.write(EVERY_AGENCY) as session:
        await Projector(Versions()).project(session, events)


async def read_model_of(desk: Desk, agency_id: str) -> dict[str, list[str]]:
    """Every row of every view, without what differs between agencies anyway."""
    found = {}
    async with desk.database.read(EVERY_AGENCY) as session:
        for view in (Activity, AlertView, ClaimView, ClientView, ContractView, DocumentView):
            names = [
                column.name for column in view.__table__.columns if column.name not in {"row", "agency_token"}
            ]
            rows = (await session.scalars(select(view).where(view.agency_id == agency_id))).all()
            found[view.__tablename__] = sorted(
                repr([(name, getattr(row, name)) for name in names])
                .replace(agency_id, "agency")
                .replace(agency_id[-12:], "agency")
                for row in rows
            )
    return found


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivery=deliveries())
async def test_any_batches_in_any_order_give_what_one_by_one_gives(
    desk: Desk, delivery: tuple[list[Change], list[list[int]]]
) -> None:
    happened, batches = delivery
    straight, batched = new_id(), new_id()
    for one in told_in(desk, straight, happened):
        await project(desk, [one])
    events = {one.id[-2:]: one for one in told_in(desk, batched, happened)}
    for batch in batches:
        await project(desk, [events[f"{index:02}"] for index in batch if f"{index:02}" in events])

    expected = await read_model_of(desk, straight)
    assert await read_model_of(desk, batched) == expected
    assert len(expected) == len(READ_MODEL)
    assert len(expected["activity"]) + len(expected["alert_view"]) == len(events)


async def test_a_batch_takes_a_handful_of_statements_however_long_it_is(desk: Desk) -> None:
    happened = [
        Change(kind, number, 0, choice)
        for kind in ("client", "contract", "claim", "document", "alert")
        for number in range(3)
        for choice in range(1, 6)
    ]
    counts = []
    for length in (1, 5):
        events = told_in(desk, new_id(), [one for one in happened if one.choice <= length])
        statements: list[str] = []

        def note(_1: Any, _2: Any, statement: str, *_: Any, noted: list[str] = statements) -> None:
            noted.append(statement)

        event.listen(desk.database.engine.sync_engine, "before_cursor_execute", note)
        await project(desk, events)
        event.remove(desk.database.engine.sync_engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_two_replicas_that_take_the_same_files_crosswise_both_come_through(desk: Desk) -> None:
    """Claims of one with files of the other: locks are taken in one order, whatever order events come in."""
    agency = new_id()
    happened = [
        Change(kind, number, 0, choice)
        for choice in (0, 1)
        for number in (0, 1)
        for kind in ("claim", "document")
    ]
    events = told_in(desk, agency, happened)
    for _ in range(5):
        await asyncio.gather(project(desk, events), project(desk, events[::-1]))

    other = new_id()
    await project(desk, told_in(desk, other, happened))
    assert await read_model_of(desk, agency) == await read_model_of(desk, other)


async def test_the_claims_of_a_batch_are_found_by_their_index(database_url: str) -> None:
    """On a table as small as a test's PostgreSQL reads it whole; on SQLite the plan does not depend on how much there is."""
    if not database_url.startswith("sqlite"):
        pytest.skip("plans of large tables: tests/stack/test_postgresql_plans.py")
    database = Database(database_url)
    pairs = [("agency", f"claim-{number}") for number in range(500)]
    async with database.read(EVERY_AGENCY) as session:
        named = select(ClaimView.id).where(pairs_among(session, (ClaimView.agency_id, ClaimView.id), pairs))
        statement = str(named.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        plan = [row.detail for row in await session.execute(text(f"EXPLAIN QUERY PLAN {escaped(statement)}"))]
    await database.dispose()
    assert [one for one in plan if "claim_view" in one and "SEARCH" in one]
    assert not [one for one in plan if "SCAN claim_view" in one]


def escaped(statement: str) -> str:
    return statement.replace(":", "\\:")


outcomes = st.sampled_from(["accepted", "stale", "duplicate"])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(st.tuples(st.integers(0, 2), outcomes), min_size=1, max_size=8), cut=st.integers(0, 8)
)
async def test_receipts_in_batches_are_kept_as_one_by_one(
    desk: Desk, answers: list[tuple[int, str]], cut: int
) -> None:
    kept = []
    for batches in ([[one] for one in answers], [answers[:cut], answers[cut:]]):
        partner = new_id()
        for batch in batches:
            async with desk.database.write(EVERY_AGENCY) as session:
                await record_receipts(session, [(partner, receipt(*one)) for one in batch])
        async with desk.database.read(EVERY_AGENCY) as session:
            found = await session.scalars(
                select(PartnerReceipt.outcome)
                .where(PartnerReceipt.partner_id == partner)
                .order_by(PartnerReceipt.message_id)
            )
            kept.append(list(found))
    assert kept[0] == kept[1]


def receipt(message: int, outcome: Any) -> CloudEvent[Receipt]:
    return CloudEvent[Receipt](
        id=new_id(),
        source="urn:dossier:service:claims",
        type=RECEIPT_TYPE,
        subject=f"m-{message}",
        time=NOON,
        data=Receipt(message_id=f"m-{message}", outcome=outcome),
    )
