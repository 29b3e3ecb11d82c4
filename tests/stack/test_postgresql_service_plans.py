"""The queries of the other services and of the messaging kit on large tables: none reads a table to find a few rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Final

import pytest
import pytest_asyncio
from sqlalchemy import BigInteger, Boolean, DateTime, Integer, LargeBinary, Table, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.claims.repository import queries as claims
from services.claims.repository.book import ClaimBook
from services.documents import repository as documents
from services.documents.domain.bindings import Binding
from services.notifications import repository as notifications
from services.policy import repository as policy
from shared.clock import ManualClock
from shared.db.database import Database
from shared.db.limits import Limits
from shared.db.migrations import migrate_async
from shared.db.tenancy import EVERY_AGENCY, Scope, reach_of
from shared.db.types import JsonDocument, UtcDateTime
from shared.messaging.consumer import Consumer
from shared.messaging.records import Record
from shared.messaging.relay import Relay
from shared.settings import Settings
from tests.integration.gateway.frame import claim, client, contract
from tests.stack.engines import PostgreSQL
from tests.stack.plans import Plan, Watched

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW: Final = datetime(2026, 11, 3, 12, tzinfo=UTC)
ROWS: Final = 50_000
ARCHIVE: Final = 1_000_000
WAITING: Final = 30
OLD: Final = 12_000
ID: Final = "00000000-0000-7000-b000-000000000777"
AGENCY: Final = "00000000-0000-7000-8000-000000000277"
SCOPE: Final = Scope("paul", "broker", (AGENCY,))
_NUMBERED: Final = "('00000000-0000-7000-b000-' || lpad(n::text, 12, '0'))"
_AGENCY: Final = "('00000000-0000-7000-8000-' || lpad((n % 500)::text, 12, '0'))"
FILLED: Final = {
    "policy": ("client", "contract", "client_history", "contract_history"),
    "claims": (
        "claim",
        "claim_history",
        "partner_position",
        "contract_replica",
        "client_replica",
        "partner_message",
    ),
    "documents": (
        "document",
        "document_history",
        "claim_replica",
        "contract_replica",
        "client_replica",
        "pending_object",
    ),
    "notifications": ("client", "alert", "clock_source", "clock", "outbox", "inbox"),
}
SPECIAL: Final = {
    "agency_id": _AGENCY,
    "standing": "CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'fired' END",
    "retry_at": "CASE WHEN n % 10000 = 0 THEN CAST(:now AS timestamptz) + interval '1 hour' END",
    "due_at": "CAST(:now AS timestamptz) + (n - 49900) * interval '1 minute'",
    "removed": "false",
    "aggregate": "'claim'",
    "kinds": "'cheque-maturing:1'",
    "rules_sequence": "1",
    "changes": "'[]'",
    "published_at": f"CASE WHEN n < {ARCHIVE} - {WAITING} THEN CAST(:now AS timestamptz) END",
    "begun_at": "CAST(:now AS timestamptz) - n * interval '1 minute'",
}


def _insert(table: Table) -> str:
    """Rows for any table, made out of their number."""
    values = {column.name: SPECIAL.get(column.name) or _value(column) for column in table.columns}
    names = ", ".join(f'"{name}"' for name in values)
    rows = ARCHIVE if table.name in {"outbox", "inbox"} else ROWS
    chosen = ", ".join(values.values())
    return (
        f'INSERT INTO "{table.name}" ({names}) SELECT {chosen}'  # noqa: S608 - names of our own tables
        f" FROM generate_series(1, {rows}) AS n, (SELECT CAST(:now AS timestamptz)) AS present"
    )


def _value(column: Any) -> str:
    kind = column.type
    if isinstance(kind, UtcDateTime | DateTime):
        return "CAST(:now AS timestamptz) - n * interval '1 second'"
    if isinstance(kind, JsonDocument):
        return "'{}'"
    if isinstance(kind, Boolean):
        return "false"
    if isinstance(kind, BigInteger | Integer):
        return "n"
    if isinstance(kind, LargeBinary):
        return "'\\x7b7d'"
    return _NUMBERED if getattr(kind, "length", None) == 36 else f"'{column.name}-' || n"


Bases = dict[str, tuple[Database, Watched]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(postgresql: PostgreSQL) -> AsyncIterator[Bases]:
    made: Bases = {}
    for service, tables in FILLED.items():
        url = postgresql.environment[f"DOSSIER_{service.upper()}_DATABASE_URL"]
        await migrate_async(service, url)
        database = Database(url, Limits(pool_size=2, statement_timeout=0))
        metadata = import_module(f"services.{service}.models").Base.metadata
        async with database.write(EVERY_AGENCY) as session:
            for name in tables:
                await session.execute(text(_insert(metadata.tables[name])), {"now": NOW})
        async with database.write(EVERY_AGENCY) as session:
            await session.execute(text("ANALYZE"))
        made[service] = (database, Watched(database.engine))
    yield made
    for database, _ in made.values():
        await database.dispose()


CLIENT = client(AGENCY, NOW, id=ID)
CONTRACT = contract(AGENCY, NOW, CLIENT, id=ID, policy_number="policy_number-777")
CLAIM = claim(AGENCY, NOW, id=ID, claim_number="claim_number-777", client_id=ID)
Call = Callable[[AsyncSession], Awaitable[Any]]
_UNBOUND: Final[dict[str, Any]] = {"claim_number": None, "policy_number": None, "client_id": None}
CASES: Final[dict[str, dict[str, Call]]] = {
    "policy": {
        "client": lambda s: policy.client_row(s, ID, SCOPE),
        "identity": lambda s: policy.client_with_identity(s, AGENCY, "identity_fingerprint-777"),
        "contract": lambda s: policy.contract_rows(s, CONTRACT.policy_number, SCOPE),
        "contract of a partner": lambda s: policy.contract_rows_of_number(s, CONTRACT.policy_number),
        "contracts of a client": lambda s: policy.contract_rows_of_client(s, CLIENT),
        "number taken": lambda s: policy.number_is_taken(s, CONTRACT.policy_number, AGENCY, None),
        "client history": lambda s: policy.client_history(s, CLIENT, SCOPE, 100),
        "contract history": lambda s: policy.contract_history(s, CONTRACT, SCOPE, 100),
    },
    "claims": {
        "claim": lambda s: _ignoring(claims.find_claim(s, SCOPE, CLAIM.claim_number)),
        "history": lambda s: claims.history_of(s, CLAIM, 100),
        "contracts": lambda s: _ignoring(claims.contracts_numbered(s, SCOPE, CONTRACT.policy_number)),
        "client": lambda s: _ignoring(claims.client_of(s, CONTRACT)),
        "by number and reference": lambda s: _ignoring(
            ClaimBook(s).load(["claim_number-777"], [("insurer_partner_id-5", "insurer_reference-5")])
        ),
    },
    "documents": {
        "document": lambda s: documents.document_row(s, ID, SCOPE),
        **{
            f"documents of a {name}": lambda s, chosen=name: documents.document_rows(  # type: ignore[misc]
                s, SCOPE, include_removed=False, limit=500, **{**_UNBOUND, chosen: f"{chosen}-777"}
            )
            for name in ("claim_number", "policy_number", "client_id")
        },
        "files": lambda s: documents.files_of(
            s, Binding(agency_id=AGENCY, claim_number=CLAIM.claim_number, policy_number=None, client_id=None)
        ),
        "claim": lambda s: documents.known_claim(s, CLAIM.claim_number),
        "contract": lambda s: documents.known_contract(s, AGENCY, CONTRACT.policy_number),
        "client": lambda s: documents.agency_of_client(s, ID),
        "pending": lambda s: documents.pending_before(s, NOW - timedelta(hours=1), 100),
    },
    "notifications": {
        "alert": lambda s: notifications.find_alert(s, SCOPE, ID),
        "unnumbered": notifications.unnumbered_alerts,
        "client": lambda s: notifications.client_names(s, {(AGENCY, ID)}),
        "clocks of a source": lambda s: notifications.clocks_of_sources(s, "claim", {(AGENCY, ID)}),
        "sources": lambda s: notifications.known_sources(s, "claim", {(AGENCY, ID)}),
        "behind": notifications.any_source_behind,
        "sources behind": lambda s: notifications.sources_behind(s, 100),
        "next due": lambda s: notifications.next_due(s, ["kind-1000"]),
        "due": lambda s: notifications.due_clocks(s, NOW, ["kind-1000"], 100),
        "clocks of an agency": lambda s: notifications.list_clocks(
            s, SCOPE, standing=None, kind=None, limit=100
        ),
    },
}


async def _ignoring(call: Awaitable[Any]) -> None:
    """The states of these rows are empty; what was asked is what matters."""
    try:
        await call
    except ValueError:
        return


def faults_of(plan: Plan, most: int = 0) -> list[str]:
    whole = [
        f"reads all of {one.table}"
        for one in plan.accesses
        if one.node == "Seq Scan" and one.table != "agency"
    ]
    limit = most or 20 * plan.returned + 2 * plan.counted + 600
    return whole + ([f"reads {plan.read} rows to give {plan.returned}"] if plan.read > limit else [])


@pytest.mark.parametrize(("service", "name"), [(one, name) for one, cases in CASES.items() for name in cases])
async def test_a_query_of_a_service_reads_what_it_returns(services: Bases, service: str, name: str) -> None:
    database, watched = services[service]
    watched.statements.clear()
    reader = SCOPE if "behind" not in name and "due" not in name else EVERY_AGENCY
    async with database.write(reader) as session:
        await CASES[service][name](session)
        await session.rollback()
    plans = await watched.explain(reach_of(reader))
    assert plans
    for plan in plans:
        assert not faults_of(plan), plan.said()


async def test_the_relay_reads_what_waits_and_nothing_of_the_archive(services: Bases) -> None:
    database, watched = services["notifications"]
    relay = Relay("notifications", Settings(env="test"), database)

    read: list[Any] = []

    async def nothing(rows: Any) -> list[int]:
        read.extend(rows)
        return []

    relay._send = nothing  # type: ignore[method-assign]
    watched.statements.clear()
    await relay._publish_batch(None)
    assert len(read) == WAITING + 1
    assert (await relay.health())["pending"] == WAITING + 1
    pending, health = await watched.explain("")
    for plan in (pending, health):
        assert "Seq Scan" not in {one.node for one in plan.accesses}, plan.said()
        assert plan.read == WAITING + 1


async def test_the_inbox_is_asked_by_key_and_pruned_by_time(services: Bases) -> None:
    database, watched = services["notifications"]
    long_ago = NOW - timedelta(seconds=ARCHIVE - OLD)
    consumer = Consumer(
        service="notifications", database=database, clock=ManualClock(long_ago + timedelta(days=30))
    )
    watched.statements.clear()
    records = [Record("t", 0, number, 0, None, b"", {}) for number in range(500)]
    async with database.read(EVERY_AGENCY) as session:
        await consumer._fresh(session, records)
    [asked] = await watched.explain("*")
    assert asked.read <= len(records), asked.said()
    assert {one.node for one in asked.accesses} <= {"Index Only Scan", "Index Scan", "Bitmap Heap Scan"}, (
        asked.said()
    )
    assert await consumer.prune() == OLD
    assert await consumer.prune() == 0
    for plan in await watched.explain(""):
        assert "Seq Scan" not in {one.node for one in plan.accesses}, plan.said()
