"""Pages beside a bare handler that runs the same statements and answers with the same bytes."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import asyncpg
import httpx
from sqlalchemy import Engine, event

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.performance.comparison import Comparison, Goal
from tests.performance.load import Address, once, throughput
from tests.performance.site import Site

CONNECTIONS: Final = 4
ROWS: Final = 50
_MORE: Final = """
INSERT INTO claim_view SELECT (jsonb_populate_record(known, jsonb_build_object(
  'row', nextval(pg_get_serial_sequence('claim_view', 'row')), 'id', gen_random_uuid()::text,
  'claim_number', known.claim_number || 'B'))).* FROM claim_view AS known WHERE agency_id = $1 ORDER BY claim_number LIMIT $2
"""
_ROWS: Final = re.compile(rb"data-claim=")


class Statements:
    """What an application asks its database, transaction by transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open: dict[int, list[tuple[str, Any]]] = defaultdict(list)
        self.reads: list[tuple[str, Any]] = []
        self.writes: list[list[tuple[str, Any]]] = []

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Listen inside the block."""
        heard: dict[str, Callable[..., None]] = {
            "before_cursor_execute": self._execute,
            "commit": self._end,
            "rollback": self._end,
        }
        for name, function in heard.items():
            event.listen(self._engine, name, function)
        try:
            yield
        finally:
            for name, function in heard.items():
                event.remove(self._engine, name, function)

    def _execute(
        self, connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        if many:
            raise AssertionError(f"a page that executes for many: {statement[:200]}")
        self._open[id(connection.connection)].append((statement, tuple(parameters)))

    def _end(self, connection: Any) -> None:
        done = self._open.pop(id(connection.connection), [])
        if connection.get_execution_options().get("postgresql_readonly"):
            self.reads += done
        elif done:
            self.writes.append(done)


async def plan_of(site: Site, path: str) -> dict[str, Any]:
    """Ask the product for a page, in this process on the same database: its statements, and the bytes that it answered."""
    app = create_app(GatewaySettings(**{**_settings(site), "log_level": "ERROR"}))
    database = app.state.gateway.database
    transport = httpx.ASGITransport(app=app)
    try:
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gateway", headers=site.headers
        ) as client:
            (await client.get(path)).raise_for_status()
            statements = Statements(database.engine.sync_engine)
            with statements.heard():
                response = await client.get(path)
            response.raise_for_status()
    finally:
        await app.state.gateway.close()
        await database.dispose()
    return {"reads": statements.reads, "writes": statements.writes, "body": response.content}


def _settings(site: Site) -> dict[str, Any]:
    known = GatewaySettings.model_fields
    given = {name.removeprefix("DOSSIER_").lower(): value for name, value in site.stack.environment().items()}
    return {name: value for name, value in given.items() if name in known}


async def compare(site: Site, *, rounds: int, seconds: float) -> list[Comparison]:
    """The throughput of each page."""
    await _fill_list(site)
    claims = await site.desk.claims(state="all")
    number = next(one["claim_number"] for one in claims if one["repair"])
    claim = await site.desk.claim(number)
    paths = {
        "Client page": f"/clients/{claim['client']['id']}",
        "Claim page": f"/claims/{number}",
        "Claims list": "/claims?state=all",
    }
    plans = {name.replace(" ", "-"): await plan_of(site, path) for name, path in paths.items()}
    results = []
    async with site.bare(plans) as (port, _):
        for name, path in paths.items():
            plan = plans[name.replace(" ", "-")]
            ours, bare = site.ours(path), Address(port, f"/page/{name.replace(' ', '-')}", site.headers)
            await _same_bytes(ours, bare)
            result = Comparison(name, "Starlette + asyncpg, same SQL and bytes", "pages/s", Goal("more", 0.7))
            result.remark = (
                f"{len(plan['reads']) + sum(map(len, plan['writes']))} statements, {len(plan['body']) / 1024:.0f} KB of HTML,"
                f" {len(gzip.compress(plan['body'], 5)) / 1024:.0f} KB compressed, {len(_ROWS.findall(plan['body']))} claims."
            )
            results.append(
                await result.run(
                    rounds,
                    lambda ours=ours: throughput(ours, connections=CONNECTIONS, seconds=seconds),  # type: ignore[misc]
                    lambda bare=bare: throughput(bare, connections=CONNECTIONS, seconds=seconds),  # type: ignore[misc]
                )
            )
    return results


async def _fill_list(site: Site) -> None:
    """The demo has fewer claims than a page of the list: some of its rows, in the read model alone, once more."""
    agency = site.desk.user["agencies"][0]["id"]
    connection = await asyncpg.connect(site.engines.whole("gateway"))
    try:
        await connection.execute(_MORE, agency, ROWS)
    finally:
        await connection.close()


async def _same_bytes(ours: Address, bare: Address) -> None:
    """The pages that both answer are the same, but for what tells the time."""
    (one, first), (other, second) = await once(ours), await once(bare)
    assert (one, other) == (200, 200)
    lengths = [len(gzip.decompress(body)) for body in (first, second)]
    assert abs(lengths[0] - lengths[1]) < 0.02 * lengths[1], lengths
