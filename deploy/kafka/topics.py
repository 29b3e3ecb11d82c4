"""The topics of an installation as data.

Names come from shared/contracts/topics.py; how many partitions, how long and how large is decided here. Adding
partitions later moves keys, and with them the order of a claim's events: the count is chosen once.
Light to import: the supervisor of the embedded stack reads this data.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple

from shared.contracts.codes import PartnerKind
from shared.contracts.topics import (
    DEAD_LETTER_SUFFIX,
    INTERNAL_TOPICS,
    UPDATE_KINDS_OF,
    dead_letter_topic,
    partner_topic,
    receipts_topic,
)

PARTNERS_FILE: Final = "partners.json"
"""In the data folder: the partners of an embedded installation, for a broker that forgets its topics."""

EMBEDDED_PARTITIONS: Final = 4
PRODUCTION_PARTITIONS: Final = 24
PARTNER_PARTITIONS: Final = 8
"""At most, per topic of a partner: there may be hundreds of partners, each with a share of the updates."""
RECEIPT_PARTITIONS: Final = 4
DEAD_LETTER_PARTITIONS: Final = 1
"""Read by people, a few at a time: one partition keeps them in the order in which they failed."""

DAY_MS: Final = 24 * 60 * 60 * 1000
EVENT_RETENTION_MS: Final = 90 * DAY_MS
"""The archive is the services' outbox tables; a topic only has to outlast a consumer's longest absence."""
PARTNER_RETENTION_MS: Final = 30 * DAY_MS
"""An update is taken within seconds; receipts wait for a partner that is away for as long as this."""
DEAD_LETTER_RETENTION_MS: Final = 180 * DAY_MS
"""People have to look at them, and somebody has to mend what was wrong."""
LARGEST_RECORD: Final = 1024 * 1024
"""Bytes. Partners' messages end at 256 KiB, by our own check: a larger one must still arrive to be answered."""

MOST_REPLICAS: Final = 3
BROKERS_DEFAULT: Final = -1
"""Replication is the cluster's business (`default.replication.factor`)."""


class Partner(NamedTuple):
    """A partner as far as its topics go."""

    id: str
    kind: PartnerKind


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
    replication: int = BROKERS_DEFAULT


def internal_topics(partitions: int = EMBEDDED_PARTITIONS) -> list[TopicSpec]:
    """Topics between our services, each with the dead letters of its consumers."""
    return [
        spec
        for name in INTERNAL_TOPICS
        for spec in (_records(name, partitions, EVENT_RETENTION_MS), _dead_letters(name))
    ]


def topics_for_partner(
    partner_id: str, kind: PartnerKind | str, partitions: int = EMBEDDED_PARTITIONS
) -> list[TopicSpec]:
    """What a partner of this kind writes to, the receipts that it reads, and the dead letters of both.

    Raises ValueError for a kind of partner that does not exist.
    """
    updates = [partner_topic(partner_id, update) for update in UPDATE_KINDS_OF[PartnerKind(kind)]]
    counts = {name: min(partitions, PARTNER_PARTITIONS) for name in updates}
    counts[receipts_topic(partner_id)] = min(partitions, RECEIPT_PARTITIONS)
    return [
        spec
        for name, count in counts.items()
        for spec in (_records(name, count, PARTNER_RETENTION_MS), _dead_letters(name))
    ]


def topics_for(partners: Iterable[Partner], partitions: int = EMBEDDED_PARTITIONS) -> list[TopicSpec]:
    """All topics of an installation with these partners, each once."""
    specs = internal_topics(partitions)
    for partner in partners:
        specs += topics_for_partner(partner.id, partner.kind, partitions)
    return list({spec.name: spec for spec in specs}.values())


def replicated(specs: Iterable[TopicSpec], factor: int) -> list[TopicSpec]:
    """The same topics on so many brokers; one of them may be away without stopping writers (acks=all)."""
    config = {"min.insync.replicas": str(max(1, factor - 1))}
    return [replace(spec, replication=factor, config={**spec.config, **config}) for spec in specs]


def is_ours(topic: str) -> bool:
    """Whether a topic has a name that only this product would give it."""
    stem = topic.removesuffix(DEAD_LETTER_SUFFIX)
    return stem.startswith("partners.") or stem in INTERNAL_TOPICS


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


def remember_partner(file: Path, partner: Partner) -> bool:
    """Add a partner to the file, whole or not at all; says whether it was new."""
    known = read_partners(file)
    if partner in known:
        return False
    rows = [{"id": one.id, "kind": one.kind.value} for one in (*known, partner)]
    draft = file.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as output:
        json.dump(rows, output, indent=1)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(file)
    return True


def _records(name: str, partitions: int, retention_ms: int) -> TopicSpec:
    config = {
        "retention.ms": str(retention_ms),
        "max.message.bytes": str(LARGEST_RECORD),
        "cleanup.policy": "delete",
    }
    return TopicSpec(name, partitions, config)


def _dead_letters(name: str) -> TopicSpec:
    config = {
        "retention.ms": str(DEAD_LETTER_RETENTION_MS),
        "max.message.bytes": str(2 * LARGEST_RECORD),  # the original, and headers that say why
        "cleanup.policy": "delete",
    }
    return TopicSpec(dead_letter_topic(name), DEAD_LETTER_PARTITIONS, config)
