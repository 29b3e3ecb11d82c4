"""The port on which partners and tools reach the embedded broker.

It passes Kafka's frames on as they are, with two exceptions. The broker's answer about protocol versions
carries fields that librdkafka before 2.3 cannot read (`kcat` of Debian 12), so they are cut off. And the
broker gives clients its own address to connect to: that becomes the doorway's. Our services do not pass here.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import Final

from deploy.local.kafka_wire import (
    API_VERSIONS,
    FIND_COORDINATOR,
    FIRST_FLEXIBLE_API_VERSIONS,
    METADATA,
    WireError,
    frame,
    read_frame,
    without_tags,
)

HOST: Final = "127.0.0.1"
_LOST: Final = (OSError, asyncio.IncompleteReadError, WireError)


def address(port: int) -> bytes:
    """Write a broker's address as it stands in answers of every version: the host's text, then the port (int32)."""
    return HOST.encode() + struct.pack(">i", port)


class Doorway:
    """Listens on `port` and passes on to `upstream`, which changes when the broker is started again."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._upstream = 0
        self._server: asyncio.Server | None = None
        self._visitors: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._welcome, HOST, self.port)

    def lead_to(self, upstream: int) -> None:
        """Pass new connections on to this port of the broker."""
        self._upstream = upstream

    async def close(self) -> None:
        """Stop listening and hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for visitor in self._visitors:
            visitor.cancel()
        if self._visitors:
            await asyncio.wait(self._visitors)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._visitors.add(task)
        try:
            with contextlib.suppress(*_LOST):
                await self._pass_on(reader, writer)
        except asyncio.CancelledError:
            pass  # closing; nobody waits for this task's result
        finally:
            self._visitors.discard(task)
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = self._upstream
        from_broker, to_broker = await asyncio.open_connection(HOST, upstream)
        asked: dict[int, tuple[int, int]] = {}
        """Requests whose answers are to be changed: correlation id -> (api key, version)."""
        ways = [
            asyncio.create_task(self._requests(reader, to_broker, asked)),
            asyncio.create_task(self._answers(from_broker, writer, asked, upstream)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            to_broker.close()  # first: whoever closes the doorway may cancel what follows
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _requests(
        self, reader: asyncio.StreamReader, to_broker: asyncio.StreamWriter, asked: dict[int, tuple[int, int]]
    ) -> None:
        while True:
            request = await read_frame(reader)
            key, version, correlation = struct.unpack_from(">hhi", request)
            if key in {METADATA, FIND_COORDINATOR, API_VERSIONS}:
                asked[correlation] = (key, version)
            to_broker.write(frame(request))
            await to_broker.drain()

    async def _answers(
        self,
        from_broker: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        asked: dict[int, tuple[int, int]],
        upstream: int,
    ) -> None:
        own, ours = address(upstream), address(self.port)
        while True:
            answer = await read_frame(from_broker)
            key, version = asked.pop(int.from_bytes(answer[:4], signed=True), (None, 0))
            if key == API_VERSIONS:
                if version >= FIRST_FLEXIBLE_API_VERSIONS:
                    answer = without_tags(answer)
            elif key is not None:
                answer = answer.replace(own, ours)
            writer.write(frame(answer))
            await writer.drain()
