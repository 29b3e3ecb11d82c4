"""The product on real engines with a bare server beside it, on the same database and broker."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer

from shared.settings import SERVICES
from tests.fixtures.desk import Desk, desk_of
from tests.fixtures.stack import Stack
from tests.fixtures.waiting import soon
from tests.performance.children import module
from tests.performance.engines import Engines
from tests.performance.load import Address
from tests.stack.engines.programs import free_port

TOPIC = "bare.live.v1"
SETTLED_SECONDS = 120.0
STREAMS_PER_SESSION = 1000
"""The most that the product allows."""


@dataclass
class Site:
    """Both, and somebody who is logged in."""

    engines: Engines
    stack: Stack
    desk: Desk
    producer: AIOKafkaProducer
    folder: Path
    cookies: Mapping[str, str]

    @property
    def headers(self) -> dict[str, str]:
        """What a browser sends that matters here."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookie, "Accept-Encoding": "gzip", "Accept-Language": "fr"}

    def ours(self, path: str) -> Address:
        """A page of the product."""
        return Address(self.stack.ports["gateway"], path, self.headers)

    @asynccontextmanager
    async def bare(self, plans: Mapping[str, Any] | None = None) -> AsyncIterator[Any]:
        """Start the bare server with these pages; gives its port and process."""
        folder = self.folder / "plans"
        folder.mkdir(exist_ok=True)
        for name, plan in (plans or {}).items():
            (folder / f"{name}.pickle").write_bytes(pickle.dumps(plan))
        environment = {
            "BARE_KAFKA": json.dumps(self.engines.client),
            "BARE_DATABASE": self.engines.database("gateway"),
            "BARE_TOPIC": TOPIC,
            "BARE_PLANS": str(folder),
        }
        port = free_port()
        log = self.folder / "bare-server.log"
        with module(
            "tests.performance.bare.server", str(port), log=log, environment=environment, port=port
        ) as it:
            yield port, it


async def _settled(stack: Stack) -> None:
    """Wait until every service has taken and published what the demo data brought."""
    async with httpx.AsyncClient(timeout=30) as http:

        async def quiet() -> bool:
            for service in SERVICES:
                answer = await http.get(f"{stack.url_of(service)}/health/ready")
                messaging = answer.json()["checks"]["messaging"]
                busy = messaging["consumer"]["lag"] or messaging["relay"]["pending"]
                if busy or not messaging["consumer"]["partitions"]:
                    return False
            return True

        await soon(quiet, SETTLED_SECONDS, "services without anything to take or publish")


@asynccontextmanager
async def site(engines: Engines, folder: Path) -> AsyncIterator[Site]:
    """Start the product with its demo data and log in; end it whatever happens."""
    await engines.create_topics([TOPIC], 4)
    stack = Stack(
        folder / "site",
        {
            **engines.environment,
            "DOSSIER_GATEWAY_STREAMS_PER_SESSION": str(STREAMS_PER_SESSION),
            "DOSSIER_KAFKA_PARTITIONS": "4",
        },
    )
    await asyncio.to_thread(stack.start)
    try:
        async with AsyncExitStack() as opened:
            producer = AIOKafkaProducer(**engines.client, acks="all", enable_idempotence=True)
            await producer.start()
            opened.push_async_callback(producer.stop)
            await _settled(stack)
            desk = await opened.enter_async_context(desk_of(stack, "broker.fr"))
            yield Site(engines, stack, desk, producer, folder, stack.sessions[desk.user["email"]][0])
    finally:
        if stack.running:
            await asyncio.to_thread(stack.stop)
