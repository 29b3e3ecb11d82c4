"""HTTP as a load generator speaks it, cheap enough not to be what is measured: keep-alive requests, and open streams."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Address:
    """What is asked for, and of whom."""

    port: int
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def request(self) -> bytes:
        """The request as it goes over the wire."""
        lines = [
            f"GET {self.path} HTTP/1.1",
            "Host: 127.0.0.1",
            *(f"{k}: {v}" for k, v in self.headers.items()),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def fetch(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one answer with a declared length; gives its status and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lowered = head.lower()
    start = lowered.index(b"content-length:") + len(b"content-length:")
    length = int(lowered[start : lowered.index(b"\r\n", start)])
    return status, await reader.readexactly(length)


async def once(address: Address) -> tuple[int, bytes]:
    """Ask once, on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
    try:
        writer.write(address.request)
        async with asyncio.timeout(ANSWER_SECONDS):
            return await fetch(reader)
    finally:
        writer.close()


async def throughput(address: Address, *, connections: int, seconds: float) -> float:
    """Answers a second over so many connections, each asking again as soon as it is answered. Only 200 counts."""
    end = time.perf_counter() + seconds

    async def visitor() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port, limit=2**20)
        answered = 0
        try:
            while time.perf_counter() < end:
                writer.write(address.request)
                async with asyncio.timeout(ANSWER_SECONDS):
                    status, _ = await fetch(reader)
                if status != 200:
                    raise AssertionError(f"{address.path} answered {status}")
                answered += 1
        finally:
            writer.close()
        return answered

    begun = time.perf_counter()
    answers = await asyncio.gather(*(visitor() for _ in range(connections)))
    return sum(answers) / (time.perf_counter() - begun)


@dataclass
class Told:
    """An event of a stream, and when it was there (`perf_counter`)."""

    name: str
    data: bytes
    at: float


class Stream:
    """An open event stream: what it told, newest last, and a wake-up for who waits for more."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.told: list[Told] = []
        self.news = asyncio.Event()

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Collect until it ends. Lengths of chunks stand on lines of their own, and are passed over."""
        name = b""
        while line := await reader.readline():
            if line.startswith(b"event:"):
                name = line[6:].strip()
            elif line.startswith(b"data:"):
                self.told.append(Told(name.decode(), line[5:].strip(), time.perf_counter()))
                self.news.set()

    async def wait_for(self, name: str, part: bytes, after: int, within: float = ANSWER_SECONDS) -> Told:
        """Wait for an event of this name, with this in its data, behind the first `after` events."""
        async with asyncio.timeout(within):
            while True:
                self.news.clear()
                for one in self.told[after:]:
                    if one.name == name and part in one.data:
                        return one
                await self.news.wait()


@asynccontextmanager
async def listening(address: Address) -> AsyncIterator[Stream]:
    """Open a stream; it is open once its first line of content is there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
    writer.write(address.request)
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise AssertionError(head)
    await reader.readuntil(b"connected")
    stream = Stream()
    reading = asyncio.create_task(stream.read(reader))
    try:
        yield stream
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        writer.close()
