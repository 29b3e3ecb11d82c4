"""A burst of partners' updates is taken by two transactions at a time, each update once and in its order."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts import topics
from shared.db.database import Database
from shared.db.migrations import migrate_async
from shared.db.tenancy import NO_AGENCY
from shared.messaging import consumer as messaging_consumer
from shared.messaging.connection import producer_options
from shared.messaging.consumer import Consumer
from shared.messaging.partners import PartnerMessage, Verdict
from shared.messaging.runtime import Messaging
from shared.messaging.tables import inbox, outbox, partner_message
from shared.settings import PREFIX, Settings, load_settings
from tests.fixtures.messaging import repair_update
from tests.fixtures.waiting import soon
from tests.stack.engines import Kafka, PostgreSQL

PARTITIONS, CLAIMS, UPDATES = 4, 40, 1600
WITHIN = 60.0
ADMIN_OPTIONS = (
    "bootstrap_servers",
    "security_protocol",
    "sasl_mechanism",
    "sasl_plain_username",
    "sasl_plain_password",
)


class Garage:
    """A partner with a topic of its own, and a service that notes in which order, and beside what, updates are taken."""

    def __init__(self, name: str, database: Database, settings: Settings) -> None:
        self.name, self.database, self.settings = name, database, settings
        self.taken: dict[str, list[int]] = defaultdict(list)
        self.transactions: list[AsyncSession] = []
        self.side_by_side = asyncio.Event()
        self.failures = 0
        consumer = Consumer(service="claims", database=database)
        consumer.on_partner(topics.REPAIR_UPDATES, self.take)
        self.messaging = Messaging("claims", settings, database, consumer)

    @property
    def topic(self) -> str:
        return topics.partner_topic(self.name, topics.REPAIR_UPDATES)

    async def take(self, session: AsyncSession, message: PartnerMessage[Any]) -> Verdict:
        """Wait, in the first transaction, until there is a second one; fail as often as is wanted of the second."""
        if session not in self.transactions:
            self.transactions.append(session)
        if len(self.transactions) > 1:
            self.side_by_side.set()
        async with asyncio.timeout(WITHIN):
            await self.side_by_side.wait()
        if self.failures and session is not self.transactions[0]:
            self.failures -= 1
            raise ConnectionRefusedError
        number, sequence = message.data.claim_number, message.data.sequence
        self.taken[number].append(sequence)
        return Verdict.accepted(sequence, claim_number=number)

    async def send(self, producer: AIOKafkaProducer) -> None:
        """All of it waits in the topic before anybody listens."""
        for index in range(UPDATES):
            number, sequence = f"CL-2026-{index % CLAIMS:06}", index // CLAIMS
            update = repair_update(f"{self.name}-{index}", claim_number=number, sequence=sequence)
            body = orjson.dumps({**update, "source": f"urn:dossier:partner:{self.name}"})
            await producer.send(self.topic, value=body, key=number.encode())
        await producer.flush()

    async def known(self) -> int:
        """How many of its updates stand as accepted."""
        async with self.database.read(NO_AGENCY) as session:
            mine = partner_message.c.partner_id == self.name
            return await session.scalar(select(func.count()).select_from(partner_message).where(mine)) or 0

    async def answers(self) -> dict[str, int]:
        """Outcome -> receipts."""
        async with self.database.read(NO_AGENCY) as session:
            bodies = await session.scalars(
                select(outbox.c.body).where(outbox.c.topic == topics.receipts_topic(self.name))
            )
            outcomes = [orjson.loads(body)["data"]["outcome"] for body in bodies]
        return {one: outcomes.count(one) for one in set(outcomes)}


@asynccontextmanager
async def burst(
    name: str, kafka: Kafka, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Garage]:
    url = postgresql.environment["DOSSIER_CLAIMS_DATABASE_URL"]
    await migrate_async("claims", url)
    for setting, value in {**kafka.environment, **postgresql.environment}.items():
        monkeypatch.setenv(setting, value)
    monkeypatch.setenv(f"{PREFIX}DEMO", "false")
    settings = load_settings(Settings)
    database = Database(url)
    garage = Garage(name, database, settings)
    producer = AIOKafkaProducer(**producer_options(settings))
    admin = AIOKafkaAdminClient(
        **{key: value for key, value in producer_options(settings).items() if key in ADMIN_OPTIONS}
    )
    await admin.start()
    try:
        await admin.create_topics(
            [NewTopic(one, PARTITIONS, 1) for one in (garage.topic, topics.receipts_topic(name))]
        )
    finally:
        await admin.close()
    await producer.start()
    try:
        await garage.send(producer)
    finally:
        await producer.stop()
    await garage.messaging.start()
    try:
        yield garage
    finally:
        await garage.messaging.stop()
        await database.dispose()


async def test_a_burst_is_taken_side_by_side_and_each_claim_in_its_order(
    kafka: Kafka, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with burst("garage-beside", kafka, postgresql, monkeypatch) as garage:
        await soon(lambda: _all(garage), WITHIN, "all updates")
        assert garage.side_by_side.is_set()
        assert len(garage.taken) == CLAIMS
        assert all(found == list(range(UPDATES // CLAIMS)) for found in garage.taken.values())
        assert await garage.answers() == {"accepted": UPDATES}
        await garage.messaging.stop()
        assert await left_for_the_next(garage) == 0


async def test_when_one_lane_cannot_be_written_the_other_stands_and_nothing_is_lost_or_done_twice(
    kafka: Kafka, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messaging_consumer, "_ATTEMPTS_OF_A_BATCH", 2)
    async with burst("garage-failing", kafka, postgresql, monkeypatch) as garage:
        garage.failures = 4
        await soon(lambda: _all(garage), WITHIN, "all updates")
        assert garage.failures == 0
        assert await garage.answers() == {"accepted": UPDATES}
        async with garage.database.read(NO_AGENCY) as session:
            mine = inbox.c.record_id.startswith(f"{garage.topic}/")
            assert await session.scalar(select(func.count()).select_from(inbox).where(mine)) == UPDATES


async def left_for_the_next(garage: Garage) -> int:
    """How many records whoever comes next in the group would be given again."""
    options = {name: producer_options(garage.settings)[name] for name in ADMIN_OPTIONS}
    client = AIOKafkaConsumer(**options, group_id="claims.main", enable_auto_commit=False)
    await client.start()
    try:
        ends = await client.end_offsets([TopicPartition(garage.topic, one) for one in range(PARTITIONS)])
        return sum([end - (await client.committed(one) or 0) for one, end in ends.items()])
    finally:
        await client.stop()


async def _all(garage: Garage) -> bool:
    return await garage.known() >= UPDATES
