import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from deploy.local.settling import is_quiet, settle


def readiness(pending: int, lag: int) -> str:
    return json.dumps({"checks": {"messaging": {"relay": {"pending": pending}, "consumer": {"lag": lag}}}})


@pytest.mark.parametrize(
    ("body", "quiet"),
    [
        (readiness(0, 0), True),
        (readiness(1, 0), False),
        (readiness(0, 1), False),
        (json.dumps({"checks": {}}), True),
        ("ok", True),
        ("", False),
    ],
)
def test_quiet_is_nothing_to_publish_and_nothing_to_take(body: str, quiet: bool) -> None:
    assert is_quiet(body) is quiet


@asynccontextmanager
async def service(*bodies: str) -> AsyncIterator[tuple[int, list[str]]]:
    """Answers one body after the other, then the last one for ever."""
    waiting = list(bodies)
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode())
        body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        writer.write(f"HTTP/1.1 200 OK\r\n\r\n{body}".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


async def test_it_waits_until_the_bus_was_quiet_twice() -> None:
    async with service(readiness(5, 0), readiness(0, 0), readiness(0, 3), readiness(0, 0)) as (port, asked):
        assert await settle([("127.0.0.1", port)], 20)
    assert len(asked) == 5


async def test_it_does_not_wait_for_ever() -> None:
    async with service(readiness(1, 0)) as (port, _):
        assert not await settle([("127.0.0.1", port)], 0.3)
