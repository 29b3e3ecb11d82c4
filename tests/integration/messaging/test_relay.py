import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from deploy.local.doorway import Doorway
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY
from shared.messaging.outbox import enqueue_bytes
from shared.messaging.relay import Relay
from shared.settings import Settings
from tests.fixtures.databases import ENGINES, migrated_database
from tests.fixtures.embedded_broker import EmbeddedBroker, free_port
from tests.fixtures.messaging import published


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    found = EmbeddedBroker()
    await found.start(["known.v1"])
    yield found
    found.kill()


@pytest.fixture(params=ENGINES)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with migrated_database("claims", request.param, tmp_path) as url:
        found = Database(url)
        yield found
        await found.dispose()


@asynccontextmanager
async def relaying(
    broker: EmbeddedBroker, database: Database, epoch: str = "one", port: int | None = None
) -> AsyncIterator[Relay]:
    relay = Relay("claims", Settings(kafka_port=port or broker.port, broker_epoch=epoch), database)
    database.on_publication(relay.wake)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def write(database: Database, topic: str, *numbers: int, key: str = "k") -> None:
    async with database.write(EVERY_AGENCY) as session:
        for number in numbers:
            enqueue_bytes(
                session, topic=topic, key=key, event_id=f"{topic}-{key}-{number}", body=b"%d" % number
            )


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a condition of another task, with a deadline
            await asyncio.sleep(0.02)


async def pending(database: Database) -> int:
    return sum(row.published_at is None for row in await published(database))


async def none_pending(database: Database) -> None:
    await only_pending(database, 0)


async def only_pending(database: Database, count: int) -> None:
    async with asyncio.timeout(20):
        while await pending(database) != count:  # noqa: ASYNC110 - a condition in the database, with a deadline
            await asyncio.sleep(0.02)


async def test_rows_are_published_in_order_and_marked(broker: EmbeddedBroker, database: Database) -> None:
    await write(database, "known.v1", *range(700))
    async with relaying(broker, database):
        await write(database, "known.v1", *range(700, 1300))
        found = await broker.records("known.v1", 1300)
        await none_pending(database)
    assert [int(value) for _, value in found] == list(range(1300))


async def test_a_record_that_the_broker_refuses_holds_back_only_its_own_key(
    broker: EmbeddedBroker, database: Database
) -> None:
    async with database.write(EVERY_AGENCY) as session:
        enqueue_bytes(session, topic="known.v1", key="huge", event_id="huge", body=b"x" * 2_000_000)
    await write(database, "known.v1", *range(600), key="huge")
    await write(database, "known.v1", 1, key="other")
    async with relaying(broker, database):
        assert await broker.records("known.v1", 1) == [("other", b"1")]
        await only_pending(database, 601)


async def test_a_broker_that_is_away_only_delays(broker: EmbeddedBroker, database: Database) -> None:
    door = Doorway(free_port())
    door.lead_to(broker.port)
    await door.open()
    async with relaying(broker, database, port=door.port) as relay:
        await until(lambda: relay.active)
        await door.close()
        await write(database, "known.v1", 1)
        await only_pending(database, 1)
        await door.open()
        assert await broker.records("known.v1", 1) == [("k", b"1")]
        await none_pending(database)
    await door.close()


async def test_what_a_new_broker_took_before_it_had_its_topics_is_published_again_in_its_next_life(
    broker: EmbeddedBroker, database: Database
) -> None:
    """It acknowledges a record of a topic that it does not have, and forgets it: the launcher avoids that by a new port."""
    async with relaying(broker, database, epoch="one") as relay:
        await until(lambda: relay.active)
        broker.kill()
        await write(database, "known.v1", 1)
        await broker.start(["known.v1"])
    async with relaying(broker, database, epoch="two"):
        assert await broker.records("known.v1", 1) == [("k", b"1")]


async def test_a_relay_stops_whenever_it_is_asked_to_even_as_an_attempt_to_connect_fails(
    database: Database,
) -> None:
    settings = Settings(kafka_port=free_port(), broker_epoch="one")
    for turns in range(60):  # of the event loop: one of them is that in which the attempt fails
        task = asyncio.create_task(Relay("claims", settings, database).run())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=5)
        assert task.cancelled(), f"after {turns} turns"


async def test_a_new_life_of_the_broker_gets_the_recent_outbox_again(
    broker: EmbeddedBroker, database: Database
) -> None:
    await write(database, "known.v1", *range(50))
    async with relaying(broker, database, epoch="one"):
        await none_pending(database)
    broker.kill()
    await broker.start(["known.v1"])
    async with relaying(broker, database, epoch="two"):
        await write(database, "known.v1", 50)
        found = await broker.records("known.v1", 51)
    assert [int(value) for _, value in found] == list(range(51))


async def test_the_same_life_of_the_broker_gets_nothing_again(
    broker: EmbeddedBroker, database: Database
) -> None:
    await write(database, "known.v1", 1)
    async with relaying(broker, database):
        await none_pending(database)
    async with relaying(broker, database) as relay:
        await until(lambda: relay.active)
        await write(database, "known.v1", 2)
        assert await broker.records("known.v1", 2) == [("k", b"1"), ("k", b"2")]
        await none_pending(database)
