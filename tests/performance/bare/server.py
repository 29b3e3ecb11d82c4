"""The bare server: Starlette, asyncpg, aiokafka and sse-starlette, one process, under uvicorn as the product is.

`/page/<name>` runs the statements that the product runs for that page, decodes what they give, and answers with the bytes that the product
answered, compressed anew for each answer as the product has to: all of a page but the making of it. Reads are one read-only transaction,
each write is a transaction of its own. `/live` sends every record of a topic to everybody who listens.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import pickle
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import uvicorn
from aiokafka import AIOKafkaConsumer
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-encoding": "gzip",
    "cache-control": "private, no-cache",
    "vary": "accept-encoding, cookie, hx-request",
}
LEVEL = 5


async def page(request: Request) -> Response:
    """Read, write, compress, answer."""
    plan = request.app.state.plans[request.path_params["name"]]
    async with request.app.state.pool.acquire() as connection:
        async with connection.transaction(readonly=True):
            for sql, parameters in plan["reads"]:
                await connection.fetch(sql, *parameters)
        for write in plan["writes"]:
            async with connection.transaction():
                for sql, parameters in write:
                    await connection.fetch(sql, *parameters)
    return Response(gzip.compress(plan["body"], compresslevel=LEVEL, mtime=0), headers=HEADERS)


async def live(request: Request) -> EventSourceResponse:
    """Send records as they come."""
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    request.app.state.queues.add(queue)

    async def events() -> AsyncIterator[ServerSentEvent]:
        try:
            yield ServerSentEvent(comment="connected")
            number = 0
            while True:
                number += 1
                body = await queue.get()
                yield ServerSentEvent(id=str(number), event="alert", data=body.decode())
        finally:
            request.app.state.queues.discard(queue)

    return EventSourceResponse(events(), ping=3600)


async def pump(app: Starlette, topic: str) -> None:
    """Hand what the topic says to everybody. The data of an event is what the product's has: which claim it is about."""
    options: dict[str, Any] = json.loads(os.environ["BARE_KAFKA"])
    consumer = AIOKafkaConsumer(topic, **options, auto_offset_reset="latest")
    await consumer.start()
    app.state.ready.set()
    while True:
        found = await consumer.getmany(timeout_ms=1000)
        for record in chain.from_iterable(found.values()):
            data = orjson.loads(record.value)["data"]
            body = orjson.dumps({"claim_number": data["claim_number"]})
            for queue in app.state.queues:
                queue.put_nowait(body)


def plans(folder: Path) -> dict[str, Any]:
    """What each page asks and answers."""
    return {file.stem: pickle.loads(file.read_bytes()) for file in folder.glob("*.pickle")}  # noqa: S301 - our own files


async def prepare(connection: asyncpg.Connection[Any]) -> None:
    """Decode JSON as it comes."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads, format="text"
    )


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Connect both; listen only when the topic is tailed."""
    app.state.plans = plans(Path(os.environ["BARE_PLANS"]))
    app.state.queues = set()
    app.state.ready = asyncio.Event()
    pumping = asyncio.create_task(pump(app, os.environ["BARE_TOPIC"]))
    await app.state.ready.wait()
    async with asyncpg.create_pool(
        os.environ["BARE_DATABASE"],
        min_size=10,
        max_size=10,
        init=prepare,
        # Row-level security holds this role too; it may see all, once for the connection and not for each transaction.
        server_settings={"jit": "off", "dossier.agencies": "*"},
    ) as app.state.pool:
        yield
    pumping.cancel()


app = Starlette(routes=[Route("/page/{name}", page), Route("/live", live)], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        http="h11",
        ws="none",
        loop="asyncio",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
    )
