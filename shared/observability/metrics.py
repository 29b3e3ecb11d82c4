"""Every metric of the product in one place, so that dashboards and alerts have one list to follow.

Each carries the service as a label. Ages and delays are in seconds.
"""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

CONTENT_TYPE = CONTENT_TYPE_LATEST

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

messages = Counter(
    "dossier_messages",
    "Records taken from topics, by what became of them (applied, duplicate, stale, rejected, dead).",
    ("service", "topic", "outcome"),
    registry=REGISTRY,
)
dead_letters = Counter(
    "dossier_dead_letters", "Records sent to a dead letter topic.", ("service", "topic"), registry=REGISTRY
)
batch_seconds = Histogram(
    "dossier_batch_seconds",
    "Time to handle one batch of records, its transaction included.",
    ("service",),
    buckets=_FAST,
    registry=REGISTRY,
)
consumer_lag = Gauge(
    "dossier_consumer_lag",
    "Records in a topic that are not handled yet.",
    ("service", "topic"),
    registry=REGISTRY,
)
consumer_progress_age = Gauge(
    "dossier_consumer_progress_age_seconds",
    "Time since the consumer last fetched or handled anything while it had work to do.",
    ("service",),
    registry=REGISTRY,
)
outbox_pending = Gauge("dossier_outbox_pending", "Events not published yet.", ("service",), registry=REGISTRY)
outbox_age = Gauge(
    "dossier_outbox_age_seconds",
    "Age of the oldest event not published yet.",
    ("service",),
    registry=REGISTRY,
)
published = Counter(
    "dossier_published", "Events that the relay has published.", ("service", "topic"), registry=REGISTRY
)
live_streams = Gauge(
    "dossier_live_streams", "Browsers that are connected to the feed.", ("service",), registry=REGISTRY
)
clock_delay = Histogram(
    "dossier_clock_delay_seconds",
    "How long after its due time a clock fired.",
    ("service", "kind"),
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600),
    registry=REGISTRY,
)
http_seconds = Histogram(
    "dossier_http_request_seconds",
    "Time to answer a request, by route template.",
    ("service", "method", "route", "status"),
    buckets=_FAST,
    registry=REGISTRY,
)


def exposition() -> bytes:
    """Write all metrics in the text format that Prometheus scrapes."""
    return generate_latest(REGISTRY)
