"""Updates of a garage from its topic into PostgreSQL: the claims service beside a bare loop with the same effects."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer

from shared.contracts import topics
from shared.contracts.claims import ClaimState, Insured, Repair, RepairStep
from shared.contracts.codes import ClaimKind, ClaimStatus, ProductLine, RepairPhase
from shared.contracts.policy import PartnerReference
from shared.db.migrations import migrate_async
from shared.identifiers import new_id
from tests.fixtures.partners import TYPES
from tests.fixtures.waiting import soon
from tests.performance.children import asleep, module
from tests.performance.comparison import Comparison, Goal
from tests.performance.engines import Engines
from tests.performance.load import Address, once
from tests.stack.engines.programs import free_port

PARTNER: Final = "bench-garage"
AGENCIES, CLAIMS = 20, 1000
PARTITIONS: Final = 4
WITHIN: Final = 90.0
LOOK_SECONDS: Final = 0.02
"""A look costs PostgreSQL a millisecond, on either side."""
_PHASES: Final = ("body", "paint", "reassembly", "paint")


@dataclass
class Side:
    """A program that takes updates from its topic into its database."""

    topic: str
    connection: Any
    process: Any
    expected: int

    async def applied(self) -> int:
        """Each accepted update raises the sequence of its claim by one."""
        return int(await self.connection.fetchval("SELECT sum(sequence) FROM claim"))


class Ingest:
    """Pushes as many updates to either side and sees how long it takes until all are committed."""

    def __init__(self, producer: AIOKafkaProducer, numbers: list[str], updates: int) -> None:
        self._producer = producer
        self._numbers = numbers
        self._updates = updates
        self._sequences = count(1)

    async def rate(self, side: Side) -> float:
        """Updates a second, from the moment at which the whole of them waits in the topic."""
        with asleep(side.process):
            await self._push(side.topic)
            side.expected += self._updates
            begun = time.perf_counter()

        async def all_applied() -> bool:
            return await side.applied() >= side.expected

        # Looks that become rarer, as tests have them, would round a second to the next fifth.
        await soon(all_applied, WITHIN, f"{self._updates} updates of {side.topic}", every=LOOK_SECONDS)
        return self._updates / (time.perf_counter() - begun)

    async def _push(self, topic: str) -> None:
        futures = []
        for _ in range(self._updates):
            number = next(self._sequences)
            claim = self._numbers[number % len(self._numbers)]
            futures.append(await self._producer.send(topic, value=_update(claim, number), key=claim.encode()))
        await self._producer.flush()
        for future in futures:
            await future


@asynccontextmanager
async def ingest(engines: Engines, folder: Path, updates: int) -> AsyncIterator[tuple[Ingest, Side, Side]]:
    """Start both sides on databases with the same claims, and end them."""
    kafka = engines.client
    ours, bare = topics.partner_topic(PARTNER, topics.REPAIR_UPDATES), "bare.repair-updates.v1"
    await engines.create_topics([ours, bare, topics.POLICY_EVENTS], PARTITIONS)
    async with AsyncExitStack() as stack:
        admin = await asyncpg.connect(engines.postgresql.url)
        stack.push_async_callback(admin.close)
        numbers = await _databases(admin, engines)
        # Another replica has the lock of the relay: this one ingests, and publishes nothing meanwhile.
        mine = await _connect(stack, engines, "bench_ingest")
        await mine.fetchval("SELECT pg_advisory_lock($1)", zlib.crc32(b"dossier.relay.claims"))
        port = free_port()
        environment = {
            **engines.environment,
            "DOSSIER_CLAIMS_DATABASE_URL": engines.database("bench_ingest"),
            "DOSSIER_CLAIMS_PORT": str(port),
            "DOSSIER_DATA_DIR": str(folder / "ingest"),
            "DOSSIER_LOG_FORMAT": "json",
        }
        service = stack.enter_context(
            module("deploy.serve", "claims", log=folder / "ingest.log", environment=environment, port=port)
        )
        loop = stack.enter_context(
            module(
                "tests.performance.bare.ingest",
                PARTNER,
                bare,
                log=folder / "ingest-bare.log",
                environment={
                    "BARE_KAFKA": json.dumps(kafka),
                    "BARE_DATABASE": engines.database("bench_ingest_bare"),
                },
            )
        )
        await _joined(port)
        producer = AIOKafkaProducer(**kafka, acks="all", enable_idempotence=True, linger_ms=5)
        await producer.start()
        stack.push_async_callback(producer.stop)
        theirs = await _connect(stack, engines, "bench_ingest_bare")
        yield (
            Ingest(producer, numbers, updates),
            Side(ours, mine, service, len(numbers)),
            Side(bare, theirs, loop, len(numbers)),
        )


async def compare(engines: Engines, folder: Path, *, rounds: int, updates: int) -> list[Comparison]:
    """The throughput of both."""
    result = Comparison(
        "Ingest of partner updates",
        "aiokafka + asyncpg, same rows and commits",
        "updates/s",
        Goal("more", 0.6),
    )
    async with ingest(engines, folder, updates) as (load, ours, bare):
        await result.run(rounds, lambda: load.rate(ours), lambda: load.rate(bare))
        result.remark = await _same_effects(ours.connection, bare.connection)
    return [result]


async def _joined(port: int) -> None:
    """Wait until the service's consumer has its partitions: joining is not what is measured."""

    async def assigned() -> bool:
        _, body = await once(Address(port, "/health/ready"))
        checks = orjson.loads(body)["checks"]
        return bool(checks["messaging"]["consumer"]["partitions"])

    await soon(assigned, WITHIN, "a consumer of the claims service with partitions")


async def _same_effects(ours: Any, bare: Any) -> str:
    """What both wrote, per update; a baseline that writes less would be none."""
    told = []
    for table in ("claim_history", "partner_message", "inbox", "outbox"):
        statement = f"SELECT count(*) FROM {table}"  # noqa: S608 - one of the four
        counts = [int(await side.fetchval(statement)) for side in (ours, bare)]
        assert counts[0] == counts[1], (table, counts)
        told.append(f"{table} {counts[0]:,}")
    sizes = [int(await side.fetchval("SELECT avg(length(body)) FROM outbox")) for side in (ours, bare)]
    return f"rows of both sides: {', '.join(told)}; bytes of an event: {sizes[0]}, baseline {sizes[1]}."


async def _connect(stack: AsyncExitStack, engines: Engines, name: str) -> Any:
    connection = await asyncpg.connect(engines.whole(name))
    stack.push_async_callback(connection.close)
    return connection


async def _databases(admin: Any, engines: Engines) -> list[str]:
    """Two databases of the claims service with the same claims; gives their numbers."""
    await admin.execute("CREATE DATABASE bench_ingest")
    await migrate_async("claims", engines.database("bench_ingest"))
    rows = list(_claims())
    async with AsyncExitStack() as stack:
        filling = await _connect(stack, engines, "bench_ingest")
        await filling.copy_records_to_table(
            "claim",
            records=rows,
            columns=["agency_id", "id", "claim_number", "policy_number", "client_id", "insurer_partner_id",
                     "insurer_reference", "sequence", "updated_at", "state"],
        )  # fmt: skip
        await filling.execute("ANALYZE")
    await admin.execute("CREATE DATABASE bench_ingest_bare TEMPLATE bench_ingest")
    return [str(row[2]) for row in rows]


def _claims() -> Iterator[tuple[Any, ...]]:
    at = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
    agencies = [new_id() for _ in range(AGENCIES)]
    for index in range(CLAIMS):
        state = ClaimState(
            id=new_id(),
            agency_id=agencies[index % AGENCIES],
            claim_number=f"CL-2026-{index:06}",
            policy_number=f"4501-{index:06}",
            client_id=new_id(),
            client_name="Hélène Dupont",
            line=ProductLine.MOTOR_CAR,
            kind=ClaimKind.OWN_DAMAGE,
            status=ClaimStatus.REGISTERED,
            event_date=date(2026, 10, 20),
            description="Choc avant gauche au croisement, sans blessé.",
            plate="AA-123-BB",
            plate_normalised="AA123BB",
            insurer=PartnerReference(partner_id="insurer-alpha", name="Alpha Assurances"),
            garage=PartnerReference(partner_id=PARTNER, name="Garage du Banc", city="Lyon"),
            insured=Insured(name="Hélène Dupont", mobile="06 12 34 56 78", plate="AA-123-BB"),
            repair=Repair(
                phase=RepairPhase.BODY, steps=(RepairStep(phase=RepairPhase.BODY, at=at),), updated_at=at
            ),
            sequence=1,
            reported_at=at,
            updated_at=at,
        )
        yield (
            state.agency_id, state.id, state.claim_number, state.policy_number, state.client_id, "insurer-alpha",
            None, 1, at, state.model_dump_json(),
        )  # fmt: skip


def _update(claim_number: str, sequence: int) -> bytes:
    now = datetime.now(UTC).isoformat()
    turn = sequence // CLAIMS
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"{PARTNER}-{sequence}",
            "source": f"urn:dossier:partner:{PARTNER}",
            "type": TYPES["repair-updates"],
            "time": now,
            "datacontenttype": "application/json",
            "data": {
                "claim_number": claim_number,
                "sequence": sequence,
                "phase": _PHASES[turn % len(_PHASES)],
                "percent": turn % 100,
                "eta": (date(2026, 12, 1) + timedelta(days=turn // 3)).isoformat(),
                "note": f"Pare-chocs reçu, peinture demain ({sequence}).",
                "occurred_at": now,
            },
        }
    )
