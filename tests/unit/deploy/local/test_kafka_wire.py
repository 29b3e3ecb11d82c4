from __future__ import annotations

import asyncio
import struct

import pytest

from deploy.local import kafka_wire
from tests.unit.deploy.local.servers import serving

ANSWER = bytes.fromhex(
    # correlation id, no error, two apis (compact array), throttle time, three tagged fields
    "00000007 0000 03 0000 0000 000b 00 0012 0000 0004 00 00000000 03"
    "00 04 00010101 01 08 ffffffffffffffff 02 01 01"
)


def test_tagged_fields_are_cut_off_an_answer_about_versions() -> None:
    assert kafka_wire.without_tags(ANSWER) == ANSWER[: 4 + 2 + 1 + 2 * 7 + 4] + b"\0"


def test_a_long_list_of_versions_is_counted_right() -> None:
    body = struct.pack(">ih", 1, 0) + b"\x81\x01" + b"\0\0\0\0\0\1\0" * 128 + b"\0\0\0\0"
    assert kafka_wire.without_tags(body + b"\x01\x00\x01\x01") == body + b"\0"


@pytest.mark.parametrize("answer", [b"\0\0\0\1\0\x23", b"\0\0\0\1\0\0\x02" + b"\0" * 6 + b"\1\0\1\1"])
def test_an_answer_that_is_not_understood_is_passed_on_as_it_is(answer: bytes) -> None:
    assert kafka_wire.without_tags(answer) == answer


async def test_a_frame_that_is_not_kafka_is_refused() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"GET / HTTP/1.1\r\n")
    with pytest.raises(kafka_wire.WireError):
        await kafka_wire.read_frame(reader)


async def test_nobody_there_is_no_answer(unused_port: int) -> None:
    assert not await kafka_wire.answers("127.0.0.1", unused_port)


async def test_somebody_else_there_is_no_answer() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")

    async with serving(greet) as port:
        assert not await kafka_wire.answers("127.0.0.1", port)


async def test_silence_is_no_answer() -> None:
    async def hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(hold) as port:
        assert not await kafka_wire.answers("127.0.0.1", port, timeout=0.05)


async def test_a_refused_topic_is_told_and_one_that_exists_is_not() -> None:
    def entry(name: str, error: int, message: bytes | None) -> bytes:
        text = struct.pack(">h", -1) if message is None else struct.pack(">h", len(message)) + message
        return struct.pack(">h", len(name)) + name.encode() + struct.pack(">h", error) + text

    answers = [
        [entry("a.v1", 36, b"exists"), entry("b.v1", 0, None)],
        [entry("a.v1", 0, None), entry("b.v1", 41, b"no")],
    ]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await kafka_wire.read_frame(reader)
        entries = answers.pop(0)
        writer.write(kafka_wire.frame(struct.pack(">iii", 1, 0, len(entries)) + b"".join(entries)))

    topics = [("a.v1", 4), ("b.v1", 4)]
    async with serving(answer) as port:
        await kafka_wire.create_topics("127.0.0.1", port, topics)
        with pytest.raises(kafka_wire.WireError, match=r"refused the topic b\.v1 \(Kafka error 41\)"):
            await kafka_wire.create_topics("127.0.0.1", port, topics)
        await kafka_wire.create_topics("127.0.0.1", port, [])
