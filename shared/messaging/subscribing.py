"""What a service listens to, as FastStream's subscribers: one for the group over all its topics, and one for each tail."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from shared.contracts.topics import partner_pattern
from shared.messaging.connection import METADATA_MAX_AGE_MS, fetch_wait_ms, security
from shared.messaging.consumer import Consumer
from shared.settings import Settings

Take = Callable[[Any], Awaitable[None]]

log = structlog.get_logger(__name__)


def broker_of(service: str, settings: Settings, consumer: Consumer, take: Take) -> KafkaBroker:
    """Give FastStream's broker, not started. The subscriber for the group is its first, if the service listens to anything.

    `take` gets what comes for the group, as the client library has it; it tells the broker itself how far it is.
    """
    broker = KafkaBroker(
        settings.bootstrap,
        client_id=f"dossier-{service}",
        security=security(settings),
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        allow_auto_create_topics=False,
        consumer_only=True,  # the relay has a producer of its own, which it can replace
        graceful_timeout=3.0,
        logger=None,
        apply_types=False,
    )
    common: dict[str, Any] = {
        "auto_offset_reset": "earliest",
        "ack_policy": AckPolicy.MANUAL,
        "fetch_max_wait_ms": fetch_wait_ms(settings),
        "parser": _parse,
        "decoder": _undecoded,
    }
    if consumer.listened_to:
        names, pattern = _subscription(consumer)
        broker.subscriber(
            *names,
            pattern=pattern,
            # The embedded broker lets a restarted member wait 11 s for its dead predecessor (3 s for the first), and there is
            # one replica of each service: so no group there, and positions are kept in the transaction of each batch.
            group_id=None if settings.embedded else f"{service}.main",
            group_instance_id=None if settings.embedded else settings.kafka_group_instance_id,
            title=f"{service}.main",
            description=f"All that {service} listens to, in batches, each one transaction.",
            session_timeout_ms=15_000,
            max_poll_interval_ms=300_000,
            **common,
        )(take)
    for tail in consumer.tails:
        broker.subscriber(
            tail.topic,
            title=f"{service}.tail.{tail.topic}",
            description="New events only, on every replica.",
            **{**common, "auto_offset_reset": "latest"},
        )(_tail_handler(tail.adapter, tail.handler))
    return broker


def _subscription(consumer: Consumer) -> tuple[tuple[str, ...], str | None]:
    """Topic names, or one anchored pattern when partners, known and to come, are among them."""
    if not consumer.partner_kinds:
        return consumer.topics, None
    alternatives = [re.escape(topic) for topic in consumer.topics]
    alternatives.append(partner_pattern(consumer.partner_kinds))
    return (), rf"^(?:{'|'.join(alternatives)})$"


async def _parse(message: Any, original: Callable[[Any], Any]) -> Any:
    """Drop header values that are null: the library's parser breaks on what foreign producers may send."""
    if any(value is None for _, value in message.headers or ()):
        kept = tuple((name, value) for name, value in message.headers if value is not None)
        message = replace(message, headers=kept)
    return await original(message)


async def _undecoded(message: Any) -> Any:
    """Hand over the message as it is: decoding is ours, one by one, so that a bad message cannot hurt its neighbours."""
    return message


def _tail_handler(adapter: Any, handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    async def tail(message: Any) -> None:
        try:
            event = adapter.validate_json(message.raw_message.value or b"")
        except ValueError:
            log.warning("messaging.tail_unreadable", topic=message.raw_message.topic)
            return
        await handler(event)

    return tail
