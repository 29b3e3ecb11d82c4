"""Every query of the gateway on 300,000 claims of 1,000 agencies: what PostgreSQL reads for it, in plans as they ran."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Any, Final

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from services.gateway import queries
from services.gateway.models import ClaimView
from services.gateway.queries.claim_rows import claims_of_client, claims_where, recently_opened
from services.gateway.queries.file_changes import file_changes
from services.gateway.queries.parameters import CLAIM_SORTS, CLIENT_SORTS, NEEDS, ClaimQuery, ClientQuery
from shared.db.database import Database, normalise_url
from shared.db.limits import Limits
from shared.db.migrations import migrate_async
from shared.db.tenancy import Scope, reach_of
from shared.errors import NotFound
from tests.stack.engines import PostgreSQL
from tests.stack.large_desk import (
    CLIENT,
    FILLED,
    LARGE,
    NOW,
    NUMBER,
    OF_THE_LARGE,
    ORDINARY,
    POLICY,
    USER,
    fill,
)
from tests.stack.plans import Plan, Watched

pytestmark = pytest.mark.asyncio(loop_scope="module")

ONE: Final = Scope(USER, "broker", (LARGE,))
SMALL: Final = Scope(USER, "broker", (ORDINARY,))
SEVERAL: Final = Scope(USER, "manager", (LARGE, ORDINARY))
READERS: Final = {"large": ONE, "ordinary": SMALL, "several": SEVERAL}


@dataclass(frozen=True)
class Case:
    """A call of a query. `whole`: why it must look at all that its agency has; without, it reads what it returns."""

    call: Callable[[AsyncSession, Scope], Awaitable[Any]]
    whole: str = ""


def _claims(whole: str = "", **asked: Any) -> Case:
    return Case(
        lambda session, scope: queries.list_claims(session, scope, ClaimQuery(**asked), now=NOW), whole
    )


def _with_files(scope: Scope) -> list[dict[str, Any]]:
    """Rows of a list whose files changed last, each."""
    one = {"agency_id": scope.agency_ids[0], "files_at": NOW, "last_change": None}
    return [{**one, "id": str(n), "claim_number": f"CL-2026-{n:06}"} for n in range(777, 827)]


CASES: Final[dict[str, Case]] = {
    **{f"list_claims by {way}{sort}": _claims(sort=way + sort) for sort in CLAIM_SORTS for way in ("", "-")},
    **{f"list_claims that need {need}": _claims(need=need) for need in NEEDS if need != "silent"},
    "list_claims that need silent": _claims(need="silent", whole="looks at all that is in repair"),
    "list_claims closed": _claims(state="closed"),
    "list_claims all": _claims(state="all"),
    "list_claims page 100": _claims(page=100, whole="5,000 rows come before it"),
    "list_claims unread": _claims(
        unread=True, whole="what is unread follows from two rows, the claim and the mark"
    ),
    "list_claims by status": _claims(status=("approved",)),
    "list_claims by kind": _claims(kind=("theft",)),
    "list_claims by insurer": _claims(insurer=("insurer-3",)),
    "list_claims by garage": _claims(garage=("garage-5",)),
    "list_claims by phase": _claims(phase=("body",)),
    "list_claims mine": _claims(mine=True),
    "list_claims between": _claims(event_from=date(2026, 10, 1), event_to=date(2026, 10, 3)),
    "list_claims by number": _claims(claim_number=NUMBER),
    "list_claims by a part of the number": _claims(claim_number="0777"),
    "list_claims by plate": _claims(plate="AB777"),
    "list_claims by a letter of the plate": _claims(plate="A", whole="one letter is in every third row"),
    "list_claims by client": _claims(client="dupont", whole="what matches is sorted by time"),
    "list_claims with a number": _claims(q=NUMBER, state="all"),
    "list_claims with a name": _claims(q="cohen helene"),
    "list_claims with a phone": _claims(q="06 10000777"),
    "list_claims with nothing found": _claims(q="zzznothing"),
    "list_claims with two letters": _claims(
        q="du", whole="two letters are no trigram: the words' beginnings are compared"
    ),
    "claim_rows": Case(lambda s, scope: queries.claim_rows(s, scope, [NUMBER, "CL-2026-000778"])),
    "file_changes": Case(lambda s, scope: file_changes(s, _with_files(scope))),
    "recently_opened": Case(recently_opened),
    "claim_filters": Case(queries.claim_filters),
    "get_claim": Case(lambda s, scope: queries.get_claim(s, scope, NUMBER)),
    "claims_where": Case(lambda s, scope: claims_where(s, scope, ClaimView.client_id == CLIENT)),
    "claims_of_client": Case(lambda s, scope: claims_of_client(s, scope, CLIENT)),
    "get_document": Case(lambda s, scope: queries.get_document(s, scope, "nothing")),
    "get_client": Case(lambda s, scope: queries.get_client(s, scope, CLIENT)),
    "get_contract": Case(lambda s, scope: queries.get_contract(s, scope, POLICY)),
    **{
        f"list_clients by {way}{sort}": Case(
            lambda s, scope, by=way + sort: queries.list_clients(s, scope, ClientQuery(sort=by))  # type: ignore[misc]
        )
        for sort in CLIENT_SORTS
        for way in ("", "-")
    },
    "list_clients with a name": Case(
        lambda s, scope: queries.list_clients(s, scope, ClientQuery(q="mizrahi sarah"))
    ),
    "search for a number": Case(lambda s, scope: queries.search(s, scope, NUMBER)),
    "search for a policy": Case(lambda s, scope: queries.search(s, scope, POLICY)),
    "search for a name": Case(lambda s, scope: queries.search(s, scope, "mizrahi sarah")),
    "list_alerts": Case(queries.list_alerts),
    "list_alerts before": Case(lambda s, scope: queries.list_alerts(s, scope, before=500)),
    "list_alerts unread": Case(lambda s, scope: queries.list_alerts(s, scope, unread=True)),
    "list_alerts of a kind": Case(
        lambda s, scope: queries.list_alerts(s, scope, kinds=("cheque",)), "a kind that never occurs"
    ),
    "unread_count": Case(queries.unread_count),
    "bell_of": Case(queries.bell_of),
    "bell_of who opens a claim": Case(lambda s, scope: queries.bell_of(s, scope, claim_number=NUMBER)),
    "bell_of who opens a client": Case(lambda s, scope: queries.bell_of(s, scope, client_id=CLIENT)),
    "count_needs": Case(
        lambda s, scope: queries.count_needs(s, scope, NOW, NEEDS), "looks at all that is in repair"
    ),
    "phases": Case(queries.phases, "counts the open claims"),
    "silent_garages": Case(
        lambda s, scope: queries.silent_garages(s, scope, NOW), "groups what is in repair"
    ),
    "cheques_due": Case(lambda s, scope: queries.cheques_due(s, scope, date(2026, 11, 15))),
    "calendar": Case(lambda s, scope: queries.calendar(s, scope, NOW.date())),
    "partner_directory": Case(lambda s, _: queries.partner_directory(s, "garage")),
    "saved_views": Case(queries.saved_views),
}

UNIQUE_NUMBER: Final = "ix_claim_view_claim_number"
"""A claim's number is unique in the installation, and partners know nothing else: it finds one row, with or without agency."""

INSIDE: Final = {
    "client_rows": "list_clients",
    "contracts_where": "search",
    "documents_of_claim": "get_claim",
    "documents_of_client": "get_client",
    "documents_of_contract": "get_contract",
    "happened_to": "get_claim",
    "history_of": "get_client",
    "tell_claim": "get_claim",
    "tell_client": "get_client",
    "tell_directory": "partner_directory",
    "mapped": "list_claims",
    "rows_of": "list_claims",
    "partners_named": "get_claim",
    "changed_since": "get_claim",
    "counted": "list_claims",
}
"""Queries that others run: those have the cases."""

MODULES: Final = (
    "agencies",
    "alerts",
    "changed",
    "claim",
    "claim_conditions",
    "claim_rows",
    "claims",
    "clients",
    "documents",
    "everything",
    "file_changes",
    "history",
    "mapping",
    "needs",
    "partners",
    "saved_views",
    "unread",
)


@pytest.fixture(scope="module")
def limits() -> Limits:
    return Limits(pool_size=2, statement_timeout=0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(postgresql: PostgreSQL, limits: Limits) -> AsyncIterator[tuple[Database, Watched]]:
    url = postgresql.environment["DOSSIER_GATEWAY_DATABASE_URL"]
    await migrate_async("gateway", url)
    engine = create_async_engine(normalise_url(url))
    async with engine.connect() as connection:
        await fill(connection)
    await engine.dispose()
    database = Database(url, limits)
    yield database, Watched(database.engine)
    await database.dispose()


async def _plans(desk: tuple[Database, Watched], case: Case, scope: Scope) -> list[Plan]:
    database, watched = desk
    watched.statements.clear()
    try:
        async with database.read(scope) as session:
            await case.call(session, scope)
    except NotFound:
        pass  # what it asked is what matters
    return await watched.explain(reach_of(scope))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", CASES)
async def test_a_query_reads_what_it_returns(desk: tuple[Database, Watched], name: str, reader: str) -> None:
    plans = await _plans(desk, CASES[name], READERS[reader])
    assert plans
    faults = [f"{fault}\n  {plan.said()}" for plan in plans for fault in faults_of(plan, CASES[name].whole)]
    assert not faults, "\n".join(faults)


def faults_of(plan: Plan, whole: str = "") -> list[str]:
    """Say what is wrong with a plan: whole tables, other agencies' rows, or far more rows than it gives."""
    found = []
    for one in plan.accesses:
        if one.table not in FILLED:
            continue
        by_key = (
            one.index.startswith("pk_") and one.condition.startswith('("row"')
        ) or one.condition.startswith("(row")
        if one.node == "Seq Scan":
            found.append(f"reads all of {one.table}")
        elif "agency_id" not in one.condition and not by_key and one.index != UNIQUE_NUMBER:
            found.append(f"{one.table} by {one.index} [{one.condition}] without the agency")
    most = 3 * OF_THE_LARGE if whole else 20 * plan.returned + 2 * plan.counted + 600
    if plan.read > most:
        found.append(f"reads {plan.read} rows to give {plan.returned} (counts {plan.counted})")
    return found


async def test_every_query_of_the_gateway_has_a_case() -> None:
    public = {
        name
        for module in MODULES
        for name, function in vars(import_module(f"services.gateway.queries.{module}")).items()
        if inspect.iscoroutinefunction(function) and not name.startswith("_")
    }
    having = {name.split()[0] for name in CASES} | set(INSIDE)
    assert public - having == set()
    assert having - public == set()
    assert set(INSIDE.values()) <= {name.split()[0] for name in CASES}


async def test_a_query_without_its_index_is_found_out(desk: tuple[Database, Watched]) -> None:
    bare = select(ClaimView.id).where(ClaimView.appraiser == "nobody")
    filtered = bare.where(ClaimView.agency_id == LARGE)
    for statement, expected in ((bare, "reads all of claim_view"), (filtered, "to give 0")):
        [plan] = await _plans(desk, Case(lambda s, _, asked=statement: s.execute(asked)), ONE)  # type: ignore[misc]
        assert expected in " ".join(faults_of(plan))


async def test_where_like_is_not_leakproof_a_search_reads_its_own_agency_and_no_other(
    desk: tuple[Database, Watched], postgresql: PostgreSQL
) -> None:
    """Managed servers do not let anybody mark it: then the wall goes before the trigram index."""
    url = normalise_url(postgresql.superuser_url).set(database="gateway")
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.exec_driver_sql("ALTER FUNCTION textlike(text, text) NOT LEAKPROOF")
        try:
            for name in ("list_claims with a name", "list_claims with a phone", "search for a name"):
                for scope in READERS.values():
                    for plan in await _plans(desk, CASES[name], scope):
                        assert not faults_of(plan, "its agency's rows"), plan.said()
        finally:
            await connection.exec_driver_sql("ALTER FUNCTION textlike(text, text) LEAKPROOF")
    await engine.dispose()
