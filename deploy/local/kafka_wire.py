"""The few words of the Kafka protocol that the supervisor speaks itself, so that it needs no client library.

Frames are a 4-byte length and a body; requests begin with api key, version and correlation id (int16, int16,
int32). Field layouts: https://kafka.apache.org/protocol
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable
from typing import Final

METADATA: Final = 3
FIND_COORDINATOR: Final = 10
API_VERSIONS: Final = 18
CREATE_TOPICS: Final = 19

TOPIC_ALREADY_EXISTS: Final = 36
FIRST_FLEXIBLE_API_VERSIONS: Final = 3
CREATE_TOPICS_VERSION: Final = 2
LARGEST_FRAME: Final = 128 * 1024 * 1024
"""Bytes. Kafka's own limit is 100 MB; a larger length is not Kafka talking."""

_CLIENT: Final = b"dossier"


class WireError(Exception):
    """The other side does not speak Kafka, or refused."""


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Read one frame's body; raises `asyncio.IncompleteReadError` at the end of the stream."""
    size = int.from_bytes(await reader.readexactly(4), signed=True)
    if not 0 <= size <= LARGEST_FRAME:
        raise WireError("this is not the Kafka protocol")
    return await reader.readexactly(size)


def frame(body: bytes) -> bytes:
    """Put the length in front."""
    return struct.pack(">i", len(body)) + body


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">h", len(raw)) + raw


def _request(key: int, version: int, body: bytes) -> bytes:
    return frame(struct.pack(">hhih", key, version, 1, len(_CLIENT)) + _CLIENT + body)


async def _ask(host: str, port: int, request: bytes, timeout: float) -> bytes:  # noqa: ASYNC109
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(request)
            return (await read_frame(reader))[4:]
        finally:
            writer.close()


async def answers(host: str, port: int, timeout: float = 2.0) -> bool:  # noqa: ASYNC109
    """Whether a Kafka broker answers there (ApiVersions)."""
    try:
        body = await _ask(host, port, _request(API_VERSIONS, 0, b""), timeout)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, WireError):
        return False
    return body[:2] == b"\0\0"


async def create_topics(
    host: str,
    port: int,
    topics: Iterable[tuple[str, int]],
    timeout: float = 10.0,  # noqa: ASYNC109
) -> None:
    """Create topics (name, partitions) where they are missing; raises `WireError` when one is refused."""
    wanted = list(topics)
    if not wanted:
        return
    nothing = struct.pack(">i", 0)
    body = struct.pack(">i", len(wanted))
    for name, partitions in wanted:
        body += _string(name) + struct.pack(">ih", partitions, 1) + nothing + nothing
    body += struct.pack(">i?", int(timeout * 1000), False)  # noqa: FBT003 - not only validated
    answer = await _ask(host, port, _request(CREATE_TOPICS, CREATE_TOPICS_VERSION, body), timeout)
    for name, error in _created(answer):
        if error not in {0, TOPIC_ALREADY_EXISTS}:
            raise WireError(f"the broker refused the topic {name} (Kafka error {error})")


def _created(answer: bytes) -> Iterable[tuple[str, int]]:
    count, at = int.from_bytes(answer[4:8]), 8
    for _ in range(count):
        size = int.from_bytes(answer[at : at + 2])
        name = answer[at + 2 : at + 2 + size].decode()
        at += 2 + size
        error = int.from_bytes(answer[at : at + 2], signed=True)
        message = int.from_bytes(answer[at + 2 : at + 4], signed=True)
        at += 4 + max(message, 0)
        yield name, error


def without_tags(answer: bytes) -> bytes:
    """Drop the tagged fields at the end of a flexible ApiVersions answer (correlation id in front).

    They are optional news about broker features. librdkafka before 2.3 misreads them and gives up on the
    connection: that is the `kcat` of Debian 12 and Ubuntu 22.04.
    """
    error = int.from_bytes(answer[4:6])
    if error:
        return answer
    count, at = _unsigned_varint(answer, 6)
    for _ in range(count - 1):  # compact arrays count from one
        tags, at = _unsigned_varint(answer, at + 6)
        if tags:
            return answer  # not an answer that we know how to shorten
    end = at + 4  # throttle time
    return answer[:end] + b"\0"


def _unsigned_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7
