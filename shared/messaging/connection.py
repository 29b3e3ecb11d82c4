"""How our Kafka clients connect: the safe options, once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection, Coroutine
from typing import Any, Final

import structlog
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.settings import Settings

log = structlog.get_logger(__name__)

METADATA_MAX_AGE_MS: Final = 10_000
"""How soon a new partner's topic is seen by pattern subscriptions (the client's default is five minutes)."""

_DIAGNOSIS_SECONDS: Final = 10.0
_NO_ANSWER: Final = "No Kafka answers: look at DOSSIER_KAFKA_BOOTSTRAP and DOSSIER_KAFKA_SECURITY."


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


async def what_is_wrong(settings: Settings, topics: Collection[str]) -> str | None:
    """Say in one sentence which setting to look at when there is no connection, or a topic is not there; None: all is well.

    The clients themselves only say that they could not connect to any server.
    """
    try:
        async with asyncio.timeout(_DIAGNOSIS_SECONDS):
            return await _refusal(settings) or await _missing(settings, topics)
    except (KafkaError, OSError, TimeoutError):
        return _NO_ANSWER


async def _refusal(settings: Settings) -> str | None:
    """Try each server by itself: what the last one says counts."""
    options = client_options(settings)
    servers = options.pop("bootstrap_servers").split(",")
    del options["metadata_max_age_ms"]
    told: str | None = _NO_ANSWER
    for server in servers:
        host, _, port = server.strip().rpartition(":")
        try:
            connection = await create_conn(host.strip("[]"), int(port), request_timeout_ms=3_000, **options)
        except SaslAuthenticationFailed:
            return "Kafka refuses the log-in: look at DOSSIER_KAFKA_USERNAME and DOSSIER_KAFKA_PASSWORD."
        except (UnsupportedSaslMechanismError, IllegalSaslStateError):
            return "Kafka has no such log-in: look at DOSSIER_KAFKA_SECURITY and DOSSIER_KAFKA_MECHANISM."
        except ValueError:
            return "DOSSIER_KAFKA_BOOTSTRAP has to be host:port, or several of them with commas between."
        except (KafkaError, OSError, TimeoutError):
            continue
        connection.close()
        told = None
    return told


async def _missing(settings: Settings, topics: Collection[str]) -> str | None:
    options = client_options(settings)
    client = AIOKafkaClient(**options, request_timeout_ms=3_000)
    try:
        await client.bootstrap()
        known = (await client.fetch_all_metadata()).topics()
    finally:
        await client.close()
    missing = sorted(set(topics) - set(known))
    if not missing:
        return None
    return f"Kafka has no topic {missing[0]}, or does not show it: run `dossier topics`."


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
