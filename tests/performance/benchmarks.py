"""What the kit costs: each of its ways beside the barest program that does the same work."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
from fastapi import APIRouter, FastAPI
from sqlalchemy import MetaData

from shared.contracts.envelope import PartnerEnvelope
from shared.contracts.partners import RepairUpdate
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY
from shared.http.application import create_service_app
from shared.identifiers import new_id
from shared.messaging.outbox import enqueue_bytes
from shared.messaging.tables import add_messaging_tables
from shared.settings import Settings

Work = Callable[[], Awaitable[None]]

REPAIR_UPDATE = orjson.dumps(
    {
        "specversion": "1.0",
        "id": "a-0001",
        "source": "urn:dossier:partner:garage-lyon",
        "type": "dossier.partner.repair-update.v1",
        "time": "2026-03-02T09:30:00+01:00",
        "data": {
            "claim_number": "FR-2026-000017",
            "sequence": 4,
            "phase": "paint",
            "percent": 40,
            "eta": "2026-03-09",
            "quote": {"status": "approved", "amount": "1840.00", "currency": "EUR"},
            "note": "Pare-chocs reçu, peinture demain.",
            "occurred_at": "2026-03-02T09:29:00+01:00",
        },
    }
)
ROWS = 3
BARE_INSERT = "INSERT INTO bare (event_id, topic, key, body) VALUES (?, 'claims.events.v1', 'claim', ?)"


@dataclass(frozen=True)
class Benchmark:
    """One comparison: `ours` and `bare` do the same work `at_once` times per call, the second without the kit."""

    name: str
    baseline: str
    rounds: int
    ours: Work
    bare: Work
    at_once: int = 1


@asynccontextmanager
async def benchmarks(folder: Path) -> AsyncIterator[list[Benchmark]]:
    """Prepare every comparison, its files in `folder`, and clean up after them."""
    async with AsyncExitStack() as stack:
        database = Database(f"sqlite+aiosqlite:///{folder / 'ours.db'}")
        stack.push_async_callback(database.dispose)
        bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
        stack.callback(bare.close)
        yield [_reading(), await _committing(database, bare), await _answering(database, stack)]


def _reading() -> Benchmark:
    async def ours() -> None:
        for _ in range(100):
            envelope = PartnerEnvelope.model_validate_json(REPAIR_UPDATE)
            RepairUpdate.model_validate_json(orjson.dumps(envelope.data))

    async def bare() -> None:
        for _ in range(100):
            orjson.loads(REPAIR_UPDATE)

    return Benchmark("check a partner's message", "orjson alone, unchecked", 50, ours, bare, at_once=100)


async def _committing(database: Database, connection: sqlite3.Connection) -> Benchmark:
    metadata = MetaData()
    add_messaging_tables(metadata)
    async with database.engine.begin() as tables:
        await tables.run_sync(metadata.create_all)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE bare (position INTEGER PRIMARY KEY, event_id UNIQUE, topic, key, body)")

    async def ours() -> None:
        async with database.write(EVERY_AGENCY) as session:
            for _ in range(ROWS):
                enqueue_bytes(
                    session, topic="claims.events.v1", key="claim", event_id=new_id(), body=REPAIR_UPDATE
                )

    async def bare() -> None:
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(ROWS):
            connection.execute(BARE_INSERT, (new_id(), REPAIR_UPDATE))
        connection.execute("COMMIT")

    return Benchmark(f"commit {ROWS} outbox rows", "sqlite3 alone, same durability", 200, ours, bare)


async def _answering(database: Database, stack: AsyncExitStack) -> Benchmark:
    def routes() -> APIRouter:
        router = APIRouter()

        @router.get("/probe")
        async def probe() -> dict[str, str]:
            return {"status": "live"}

        return router

    plain = FastAPI()
    plain.include_router(routes())
    service = create_service_app(
        "claims", Settings(log_level="ERROR"), database, None, [routes()], check_schema=False
    )
    ours, bare = [
        await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service")
        )
        for app in (service, plain)
    ]

    async def through(client: httpx.AsyncClient) -> None:
        (await client.get("/probe")).raise_for_status()

    return Benchmark(
        "answer an HTTP request",
        "plain FastAPI, in process",
        300,
        lambda: through(ours),
        lambda: through(bare),
    )
