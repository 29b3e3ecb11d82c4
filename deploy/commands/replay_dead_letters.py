"""`dossier replay-dead-letters`: send records again that a service could not take, once what stopped it is mended.

Where the reading stands is kept by the broker for the group `operations.replay`, so each dead letter is replayed once. A
run that dies between sending and committing sends a record again with the same event id, which the consumers' inbox drops.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any, Final

from deploy.cli import Refused
from shared.contracts.topics import DEAD_LETTER_SUFFIX, dead_letter_topic
from shared.messaging.records import EVENT_ID_HEADER, Record, derived_id, record_of
from shared.settings import Settings, load_settings

GROUP: Final = "operations.replay"
REPLAYED_HEADER: Final = "dossier-replayed"
"""On a replayed record: the coordinates of the dead letter that it was."""
SECONDS: Final = 20.0
"""Longest wait for the broker to answer."""
_KEPT_HEADERS: Final = ("content-type", "traceparent")


@dataclass
class Summary:
    """What a run did."""

    found: int = 0
    replayed: int = 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--topic", help="only the dead letters of this topic (default: of all topics)")
    parser.add_argument("--limit", type=_positive, help="at most so many records")
    parser.add_argument("--dry-run", action="store_true", help="show them, and send nothing")


def run(arguments: argparse.Namespace) -> int:
    """Replay, one line a record."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what matters is in the sentence below
    settings = load_settings(Settings)
    summary = asyncio.run(
        replay(settings, topic=arguments.topic, limit=arguments.limit, dry_run=arguments.dry_run)
    )
    if not summary.found:
        print("There are no dead letters that were not replayed yet.")
    elif arguments.dry_run:
        print(f"{summary.found} dead letters; nothing was sent.")
    else:
        print(f"{summary.replayed} dead letters were sent to their topics again.")
    return 0


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


async def replay(
    settings: Settings,
    *,
    topic: str | None = None,
    limit: int | None = None,
    dry_run: bool = False,
    tell: Callable[[str], None] = print,
) -> Summary:
    """Replay what waits, oldest first per topic. Raises `Refused` when the broker is away or a topic is gone."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # noqa: PLC0415 - so `--help` does without
    from aiokafka.errors import KafkaError  # noqa: PLC0415

    from shared.messaging.connection import client_options, fetch_wait_ms, producer_options  # noqa: PLC0415

    summary = Summary()
    try:
        async with AsyncExitStack() as stack:
            consumer = AIOKafkaConsumer(
                **client_options(settings),
                group_id=GROUP,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=fetch_wait_ms(settings),
            )
            stack.push_async_callback(consumer.stop)
            async with asyncio.timeout(SECONDS):
                await consumer.start()
            producer = None
            if not dry_run:
                producer = AIOKafkaProducer(**producer_options(settings))
                stack.push_async_callback(producer.stop)
                async with asyncio.timeout(SECONDS):
                    await producer.start()
            known = await _partitions(settings)
            names = set(known)
            waiting = {name: known[name] for name in _chosen(names, topic)}
            letters = await stack.enter_async_context(aclosing(_waiting(consumer, waiting)))
            async for partition, record in letters:
                if limit is not None and summary.found >= limit:
                    break
                summary.found += 1
                tell(described(record))
                if producer is None:
                    continue
                original = record.topic.removesuffix(DEAD_LETTER_SUFFIX)
                if original not in names:
                    raise Refused(f"The topic {original} is gone: create it, or leave its dead letters be.")
                async with asyncio.timeout(SECONDS):
                    await producer.send_and_wait(original, **as_sent(record))
                await consumer.commit({partition: record.offset + 1})
                summary.replayed += 1
    except (KafkaError, OSError, TimeoutError) as error:
        raise Refused(
            f"Kafka at {settings.bootstrap} does not answer ({type(error).__name__});"
            f" {summary.replayed} dead letters were replayed."
        ) from error
    return summary


def described(record: Record) -> str:
    """Give one line: where it came from, who could not take it and why, what it is."""
    said = record.headers.get
    name = record.topic.removesuffix(DEAD_LETTER_SUFFIX)
    return (
        f"{name}:{said('dossier-partition', '?')}:{said('dossier-offset', '?')}"
        f"  {said('dossier-service', '?')} gave up after {said('dossier-attempts', '?')}: {said('dossier-reason', '?')}"
        f"  (key {(record.key or b'').decode('utf-8', 'replace') or 'none'}, {len(record.value)} bytes)"
    )


def as_sent(record: Record) -> dict[str, Any]:
    """Make what is sent to the original topic: the original bytes and key, under an id of its own.

    The id must differ from the original's, which the inbox of the service that gave up already knows.
    """
    headers: dict[str, str] = {name: record.headers[name] for name in _KEPT_HEADERS if name in record.headers}
    headers[REPLAYED_HEADER] = record.coordinates
    headers[EVENT_ID_HEADER] = derived_id("replayed", record.identity)
    return {
        "key": record.key or None,
        "value": record.value,
        "headers": [(name, value.encode()) for name, value in headers.items()],
    }


def _chosen(names: set[str], topic: str | None) -> list[str]:
    if topic is None:
        return sorted(name for name in names if name.endswith(DEAD_LETTER_SUFFIX))
    name = topic if topic.endswith(DEAD_LETTER_SUFFIX) else dead_letter_topic(topic)
    if name not in names:
        raise Refused(f"There is no topic {name}.")
    return [name]


async def _partitions(settings: Settings) -> dict[str, list[int]]:
    """Topic -> its partitions. A consumer that listens to nothing yet knows of none on Apache Kafka."""
    from aiokafka.admin import AIOKafkaAdminClient  # noqa: PLC0415

    from shared.messaging.connection import client_options  # noqa: PLC0415

    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        async with asyncio.timeout(SECONDS):
            await admin.start()
            found = await admin.describe_topics()
    finally:
        await admin.close()
    return {one["topic"]: sorted(part["partition"] for part in one["partitions"]) for one in found}


async def _waiting(consumer: Any, topics: dict[str, list[int]]) -> AsyncGenerator[tuple[Any, Record], None]:
    """Give the records that nobody replayed yet, up to what was there at the beginning, partition by partition."""
    from aiokafka import TopicPartition  # noqa: PLC0415

    partitions = [TopicPartition(name, number) for name, numbers in topics.items() for number in numbers]
    for partition in partitions:
        consumer.assign([partition])
        ends = await consumer.end_offsets([partition])
        starts = await consumer.beginning_offsets([partition])
        committed = await consumer.committed(partition)
        # A committed offset beyond the end is from an earlier life of a broker that forgot everything.
        known = committed if committed is not None and committed <= ends[partition] else 0
        start = max(known, starts[partition])
        consumer.seek(partition, start)
        async for record in _until(consumer, partition, start, ends[partition]):
            yield partition, record


async def _until(consumer: Any, partition: Any, start: int, end: int) -> AsyncIterator[Record]:
    position, moved_at = start, time.monotonic()
    while position < end:
        batch = (await consumer.getmany(partition, timeout_ms=200)).get(partition, [])
        for raw in batch:
            if raw.offset < end:
                yield record_of(raw)
        reached = await consumer.position(partition)
        if reached > position:
            position, moved_at = reached, time.monotonic()
        elif time.monotonic() - moved_at > SECONDS:
            raise TimeoutError
