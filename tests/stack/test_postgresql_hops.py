"""How often each service asks PostgreSQL on the way of one update to a browser: a round trip costs more than what it asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import event, select

from services.claims.consumers import build_consumer as consumer_of_claims
from services.gateway.consumers import build_consumer as consumer_of_gateway
from services.gateway.live.feed import Feed
from services.gateway.live.hub import Hub
from services.gateway.projections import Projector, Versions
from services.notifications.clocks.registry import KINDS
from services.notifications.clocks.runner import ClockRunner
from services.notifications.consumers import listen
from shared.clock import ManualClock
from shared.contracts.topics import CLAIMS_EVENTS, NOTIFICATIONS_EVENTS, REPAIR_UPDATES
from shared.db.database import Database
from shared.db.migrations import migrate_async
from shared.db.tenancy import NO_AGENCY
from shared.messaging.consumer import Consumer
from shared.messaging.records import EVENT_ID_HEADER, Record
from shared.messaging.tables import outbox
from tests.integration.claims.frame import Service
from tests.stack.engines import PostgreSQL
from tests.unit.claims.factories import NOW

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST = {"claims": 4, "notifications": 4, "gateway": 3, "gateway, of the alert": 2}
"""Statements of a transaction; BEGIN and COMMIT come on top."""


@dataclass
class Hop:
    """One service: its database, its consumer, and what it has published so far."""

    database: Database
    consumer: Consumer
    position: int = 0

    async def statements(self, records: Sequence[Record]) -> list[str]:
        """Let it take records; gives what it asked its database."""
        heard: list[str] = []

        def hear(_1: Any, _2: Any, statement: str, *_: Any) -> None:
            heard.append(" ".join(statement.split()))

        engine = self.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", hear)
        try:
            await self.consumer.take(records)
        finally:
            event.remove(engine, "before_cursor_execute", hear)
        return heard

    async def published(self, topic: str) -> list[Record]:
        """What it has put into its outbox since it was asked last, as records of this topic."""
        async with self.database.read(NO_AGENCY) as session:
            rows = (
                await session.execute(
                    select(outbox).where(outbox.c.position > self.position).order_by(outbox.c.position)
                )
            ).all()
        self.position = rows[-1].position
        return [
            Record(topic, 0, row.position, 0, None, row.body, {EVENT_ID_HEADER: row.event_id})
            for row in rows
            if row.topic == topic
        ]


@dataclass
class Way:
    """The services that an update goes through."""

    claims: Hop
    notifications: Hop
    gateway: Hop
    desk: Service


@pytest_asyncio.fixture(loop_scope="module")
async def way(postgresql: PostgreSQL) -> AsyncIterator[Way]:
    databases = {}
    for name in ("claims", "notifications", "gateway"):
        url = postgresql.environment[f"DOSSIER_{name.upper()}_DATABASE_URL"]
        await migrate_async(name, url)
        databases[name] = Database(url)
    claims, notifications, gateway = databases.values()
    clock = ManualClock(NOW)
    alerting = Consumer(service="notifications", database=notifications, clock=clock)
    listen(alerting, ClockRunner(notifications, clock, KINDS).derivation)
    versions = Versions()
    feed = Feed(gateway, Hub(10, 10.0), versions, 3.0)
    viewing = consumer_of_gateway(gateway, clock, Projector(versions), feed)
    yield Way(
        Hop(claims, consumer_of_claims(claims, clock)),
        Hop(notifications, alerting),
        Hop(gateway, viewing),
        Service(claims, clock),
    )
    for database in databases.values():
        await database.dispose()


async def test_an_update_takes_few_round_trips_in_every_service_that_it_goes_through(way: Way) -> None:
    claim = await way.desk.registered()
    asked: dict[str, list[str]] = {}
    for sequence, phase in enumerate(("body", "paint", "reassembly"), start=1):
        update = {"claim_number": claim.claim_number, "sequence": sequence, "phase": phase}
        asked = {
            "claims": await way.claims.statements([way.desk.record("garage-lyon", REPAIR_UPDATES, update)])
        }
        news = await way.claims.published(CLAIMS_EVENTS)
        asked["notifications"] = await way.notifications.statements(news)
        asked["gateway"] = await way.gateway.statements(news)
        alerts = await way.notifications.published(NOTIFICATIONS_EVENTS)
        asked["gateway, of the alert"] = await way.gateway.statements(alerts)
    # The first told of a new claim; this is one that everybody knows.
    assert {hop for hop, statements in asked.items() if len(statements) > MOST[hop]} == set(), asked
    assert all(asked.values())
