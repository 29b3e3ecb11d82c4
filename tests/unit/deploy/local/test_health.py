from __future__ import annotations

import asyncio

import pytest

from deploy.local.health import ask, probe_host
from tests.unit.deploy.local.servers import serving


async def served(raw: bytes) -> tuple[int, str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in raw.split(b"|"):
            writer.write(part)
            await writer.drain()

    async with serving(answer) as port:
        return await ask("127.0.0.1", port, "/health/live", 2.0)


async def test_status_and_body_are_read_however_they_arrive() -> None:
    assert await served(b"HTTP/1.1 200 OK\r\n\r\n{}") == (200, "{}")
    assert await served(b"HTTP/1.1 503 |Service Unavailable\r\nA: b\r\n\r\n{|}") == (503, "{}")


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"\r\n\r\n"])
async def test_what_is_not_http_is_no_answer(raw: bytes) -> None:
    assert (await served(raw))[0] == 0


async def test_nobody_there_is_no_answer(unused_port: int) -> None:
    assert await ask("127.0.0.1", unused_port, "/", 1.0) == (0, "")


@pytest.mark.parametrize(
    ("listens_on", "asked_at"),
    [
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - asked about, not bound
        ("::", "::1"),
        ("localhost", "127.0.0.1"),
        ("10.0.0.7", "10.0.0.7"),
    ],
)
def test_a_service_is_asked_at_an_address_never_a_name(listens_on: str, asked_at: str) -> None:
    assert probe_host(listens_on) == asked_at
