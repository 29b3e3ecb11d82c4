"""The topics of an installation as data, and creating them.

Names come from shared/contracts/topics.py; how many partitions, how long and how large is decided here. Adding
partitions later moves keys, and with them the order of a claim's events: the count is chosen once.
Light to import: the supervisor of the embedded stack reads this data.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.contracts.codes import PartnerKind
from shared.contracts.topics import (
    INTERNAL_TOPICS,
    UPDATE_KINDS_OF,
    dead_letter_topic,
    partner_topic,
    receipts_topic,
)

if TYPE_CHECKING:
    from shared.settings import Settings

EMBEDDED_PARTITIONS: Final = 4
PRODUCTION_PARTITIONS: Final = 24
RECEIPT_PARTITIONS: Final = 4
DEAD_LETTER_PARTITIONS: Final = 1
"""Read by people, a few at a time: one partition keeps them in the order in which they failed."""

DAY_MS: Final = 24 * 60 * 60 * 1000
EVENT_RETENTION_MS: Final = 30 * DAY_MS
"""The archive is the services' outbox tables; a topic only has to outlast a consumer's longest absence."""
DEAD_LETTER_RETENTION_MS: Final = 90 * DAY_MS
LARGEST_RECORD: Final = 1024 * 1024
"""Bytes. Partners' messages end at 256 KiB, by our own check: a larger one must still arrive to be answered."""


class Partner(NamedTuple):
    """A partner as far as its topics go."""

    id: str
    kind: PartnerKind


BROKERS_DEFAULT: Final = -1
"""Replication is the cluster's business (`default.replication.factor`)."""

_SILENT = logging.getLogger("dossier.kafka.admin")
"""librdkafka's own complaints: what matters is in the exception."""
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

DEMO_PARTNERS: Final = (
    Partner("insurer-alpha", PartnerKind.INSURER),
    Partner("insurer-beta", PartnerKind.INSURER),
    Partner("garage-lyon", PartnerKind.GARAGE),
    Partner("garage-haifa", PartnerKind.GARAGE),
    Partner("appraiser-one", PartnerKind.APPRAISER),
)
"""Named by the public surface (interface.md, Demo)."""


@dataclass(frozen=True)
class TopicSpec:
    """A topic to create."""

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


def internal_topics(partitions: int = EMBEDDED_PARTITIONS) -> list[TopicSpec]:
    """Topics between our services, each with the dead letters of its consumers."""
    return [spec for name in INTERNAL_TOPICS for spec in (_events(name, partitions), _dead_letters(name))]


def topics_for_partner(
    partner_id: str, kind: PartnerKind | str, partitions: int = EMBEDDED_PARTITIONS
) -> list[TopicSpec]:
    """What a partner of this kind writes to, the dead letters of that, and the receipts it reads.

    Raises ValueError for a kind of partner that does not exist.
    """
    specs = []
    for update in UPDATE_KINDS_OF[PartnerKind(kind)]:
        name = partner_topic(partner_id, update)
        specs += [_events(name, partitions), _dead_letters(name)]
    return [*specs, _events(receipts_topic(partner_id), min(partitions, RECEIPT_PARTITIONS))]


def topics_for(partners: Iterable[Partner], partitions: int = EMBEDDED_PARTITIONS) -> list[TopicSpec]:
    """All topics of an installation with these partners, each once."""
    specs = internal_topics(partitions)
    for partner in partners:
        specs += topics_for_partner(partner.id, partner.kind, partitions)
    return list({spec.name: spec for spec in specs}.values())


def read_partners(file: Path) -> list[Partner]:
    """Read the partners known to an installation: a JSON list of `{id, kind}`; none when there is no file.

    Raises ValueError when the file is not that.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    try:
        return [Partner(str(one["id"]), PartnerKind(one["kind"])) for one in json.loads(text)]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{file} is not a JSON list of partners with id and kind.") from error


class TopicsFailed(Exception):  # noqa: N818 - it is what the operator reads
    """Topics could not be created; the message is one sentence."""


async def create_topics(
    bootstrap: str,
    specs: Iterable[TopicSpec],
    settings: Settings | None = None,
    timeout: float = 30.0,  # noqa: ASYNC109 - librdkafka has its own
) -> list[str]:
    """Create the topics that are missing and return their names; those that exist are left as they are.

    `settings` say how to log in, where the broker asks for that. Raises `TopicsFailed`.
    """
    from confluent_kafka import KafkaError, KafkaException  # noqa: PLC0415 - the data above must stay light
    from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # noqa: PLC0415

    wanted = [NewTopic(one.name, one.partitions, BROKERS_DEFAULT, config=one.config) for one in specs]
    created: list[str] = []
    if not wanted:
        return created
    admin = AdminClient(_client_options(bootstrap, settings), logger=_SILENT)
    answers = admin.create_topics(wanted, operation_timeout=timeout, request_timeout=timeout)
    for name, answer in answers.items():
        try:
            await asyncio.wrap_future(answer)
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if error.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                continue
            if error.code() < 0:  # the client's own codes: no broker has said this
                raise TopicsFailed(f"Kafka at {bootstrap} does not answer: {error.str()}.") from failure
            raise TopicsFailed(f"The topic {name} could not be created: {error.str()}.") from failure
        else:
            created.append(name)
    return created


def _client_options(bootstrap: str, settings: Settings | None) -> dict[str, str | int | float | bool]:
    options: dict[str, str | int | float | bool] = {
        "bootstrap.servers": bootstrap,
        "client.id": "dossier-operator",
    }
    if settings is not None:
        options["security.protocol"] = settings.kafka_security
        if settings.kafka_username and settings.kafka_password:
            options |= {
                "sasl.mechanism": settings.kafka_mechanism,
                "sasl.username": settings.kafka_username,
                "sasl.password": settings.kafka_password.get_secret_value(),
            }
    return options


def _events(name: str, partitions: int) -> TopicSpec:
    return TopicSpec(
        name,
        partitions,
        {
            "retention.ms": str(EVENT_RETENTION_MS),
            "max.message.bytes": str(LARGEST_RECORD),
            "cleanup.policy": "delete",
        },
    )


def _dead_letters(name: str) -> TopicSpec:
    config = {
        "retention.ms": str(DEAD_LETTER_RETENTION_MS),
        "max.message.bytes": str(2 * LARGEST_RECORD),  # the original, and headers that say why
        "cleanup.policy": "delete",
    }
    return TopicSpec(dead_letter_topic(name), DEAD_LETTER_PARTITIONS, config)
