"""How our Kafka clients connect: the safe options, once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from typing import Any, Final

import structlog
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.settings import Settings

log = structlog.get_logger(__name__)

METADATA_MAX_AGE_MS: Final = 10_000
"""How soon a new partner's topic is seen by pattern subscriptions (the client's default is five minutes)."""


def fetch_wait_ms(settings: Settings) -> int:
    """How long a fetch waits. The embedded broker does not wake a waiting fetch, so there it is the latency; Apache Kafka wakes it."""
    if settings.kafka_fetch_max_wait_ms is not None:
        return settings.kafka_fetch_max_wait_ms
    return 100 if settings.embedded else 500


def security(settings: Settings) -> BaseSecurity | None:
    """FastStream's form of the security settings; None for plain text."""
    context = ssl.create_default_context() if settings.kafka_security in {"SSL", "SASL_SSL"} else None
    if not settings.kafka_security.startswith("SASL"):
        return BaseSecurity(ssl_context=context, use_ssl=True) if context else None
    kinds = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    username, password = settings.kafka_username, settings.kafka_password
    if username is None or password is None:  # pragma: no cover - the settings refuse this
        raise ValueError(settings.kafka_security)
    return kinds[settings.kafka_mechanism](
        username=username,
        password=password.get_secret_value(),
        ssl_context=context,
        use_ssl=context is not None,
    )


def client_options(settings: Settings) -> dict[str, Any]:
    """The same for clients of aiokafka itself."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.kafka_security,
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
    }
    if settings.kafka_security in {"SSL", "SASL_SSL"}:
        options["ssl_context"] = ssl.create_default_context()
    if settings.kafka_security.startswith("SASL") and settings.kafka_password is not None:
        options["sasl_mechanism"] = settings.kafka_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return options


def producer_options(settings: Settings) -> dict[str, Any]:
    """Acknowledged by all replicas; idempotent where the broker can (the embedded one cannot)."""
    return {
        **client_options(settings),
        "acks": "all",
        "enable_idempotence": not settings.embedded,
        "linger_ms": 0,
        "request_timeout_ms": 10_000,
        "max_request_size": 1_048_576,
    }


async def finish_within(work: Coroutine[Any, Any, object], seconds: float) -> None:
    """Give a client time to stop, but never hang on a broker that is gone.

    The library's `stop` may also raise CancelledError of its own when its broker has died; that must not look like our
    own cancellation, hence no `wait_for`.
    """
    task = asyncio.ensure_future(work)
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1)
    failed = not task.done() or task.cancelled() or task.exception() is not None
    if failed:
        log.debug("messaging.client_abandoned")
