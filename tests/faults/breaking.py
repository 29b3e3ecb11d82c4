"""Doing to a fleet what the plan says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.plan import Fault, Kind
from tests.fixtures.fleet import Fleet
from tests.fixtures.proxy import Proxy
from tests.stack.engines import S3, Kafka, PostgreSQL, RealEngines
from tests.stack.engines.programs import free_port

SLOWER = 0.25
"""Seconds that every piece of data waits on a slow connection."""


@dataclass
class Doors:
    """The engines, and the doors through which the services, but not the partners and the checks, come to them."""

    engines: RealEngines
    kafka: Proxy
    postgresql: Proxy


@contextmanager
def engines_behind_doors(folder: Path) -> Iterator[Doors]:
    """Start all engines with a door before Kafka and one before PostgreSQL."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        door = free_port()
        kafka, postgresql, s3 = (
            Kafka(folder / "kafka", door),
            PostgreSQL(folder / "postgresql"),
            S3(folder / "s3"),
        )
        for engine in (kafka, postgresql, s3):
            stack.callback(engine.stop)
            engine.start()
        doors = Proxy(kafka.inner_port, door), Proxy(postgresql.port, free_port())
        for one in doors:
            one.start()
            stack.callback(one.stop)
        through = {
            name: url.replace(f":{postgresql.port}/", f":{doors[1].port}/")
            for name, url in postgresql.environment.items()
        }
        environment = {**kafka.environment, **through, **s3.environment}
        yield Doors(RealEngines(kafka, postgresql, s3, environment), *doors)


class Breaker:
    """Breaks things, and gives them back: when `apply` returns, the fault is over and only its consequences are left."""

    def __init__(self, fleet: Fleet, doors: Doors) -> None:
        """Take what is to be broken."""
        self._fleet = fleet
        self._doors = doors

    async def apply(self, fault: Fault) -> None:
        """Do it, for as long as it says."""
        if fault.kind is Kind.KILL_SERVICE:
            await asyncio.to_thread(self._fleet.kill, fault.target)
        elif fault.kind is Kind.FREEZE:
            with self._fleet.frozen(fault.target):
                await asyncio.sleep(fault.seconds)
        elif fault.kind is Kind.KILL_BROKER:
            await self._kill_broker(fault.seconds)
        elif fault.kind is Kind.RESTART_DATABASE:
            await asyncio.to_thread(self._doors.engines.postgresql.restart)
        elif fault.kind is Kind.CRASH_DATABASE:
            await asyncio.to_thread(self._crash_database)
        else:
            await self._disturb(fault)

    async def _disturb(self, fault: Fault) -> None:
        at_kafka = fault.kind in {Kind.CUT_KAFKA, Kind.SHUT_KAFKA, Kind.SLOW_KAFKA}
        door = self._doors.kafka if at_kafka else self._doors.postgresql
        if fault.kind in {Kind.CUT_KAFKA, Kind.CUT_DATABASE}:
            await asyncio.to_thread(door.cut)
            return
        slow = fault.kind in {Kind.SLOW_KAFKA, Kind.SLOW_DATABASE}
        with door.slow(SLOWER) if slow else door.shut():
            await asyncio.sleep(fault.seconds)

    async def _kill_broker(self, seconds: float) -> None:
        kafka = self._doors.engines.kafka
        await asyncio.to_thread(kafka.kill)
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(kafka.start)
        except asyncio.CancelledError:
            kafka.kill()  # else its thread, which nobody can interrupt, would wait until it answers
            raise

    def _crash_database(self) -> None:
        self._doors.engines.postgresql.stop()
        self._doors.engines.postgresql.start()
