"""A partner's share of the bus: its topics, its rights and its password. Each step may be done again after a failure."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field

from deploy.kafka.acls import acls_for_partner, partner_user
from deploy.kafka.cluster import Cluster, NoAuthorizer
from deploy.kafka.installation import partition_count, replication
from deploy.kafka.topics import PARTNERS_FILE, Partner, remember_partner, replicated, topics_for_partner
from deploy.local import kafka_wire
from deploy.local.doorway import HOST
from shared.settings import Settings

PASSWORD_BYTES = 32


@dataclass
class Opened:
    """What was done, and what is still to do."""

    cluster: Cluster | None = None
    """Where the password is to be set; None where nobody logs in."""
    has_password: bool = False
    done: list[str] = field(default_factory=list)


def open_bus(settings: Settings, partner: Partner) -> Opened:
    """Create what of the partner's rights and topics is missing. Raises `ClusterFailed`."""
    return _open_embedded(settings, partner) if settings.embedded else _open_kafka(settings, partner)


def set_new_password(cluster: Cluster, partner: Partner) -> str:
    """Make the partner's user, or give it another password; the old one ends. Gives the password, which nobody can ask for again."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    cluster.set_password(partner_user(partner.id), password)
    return password


def _open_kafka(settings: Settings, partner: Partner) -> Opened:
    cluster = Cluster(settings)
    brokers = cluster.brokers()
    opened = Opened()
    wanted = acls_for_partner(partner)
    try:
        missing = sorted(set(wanted) - cluster.acls())
    except NoAuthorizer:
        opened.done.append(
            "permissions: none, as this Kafka has no authorizer: everybody may read everything"
        )
    else:
        # Before the topics: a service that sees a topic reads it at once.
        cluster.create_acls(missing)
        opened.done.append(_told("permissions", len(missing), len(wanted)))
    specs = topics_for_partner(partner.id, partner.kind, partition_count(settings))
    created = cluster.create_topics(replicated(specs, replication(settings, brokers)))
    opened.done.append(_told("topics", len(created), len(specs)))
    if not settings.kafka_mechanism.startswith("SCRAM"):
        opened.done.append(
            f"user: {settings.kafka_mechanism} users are not kept by Kafka: make {partner_user(partner.id)} where they are"
        )
        return opened
    opened.cluster = cluster
    opened.has_password = partner_user(partner.id) in cluster.users()
    return opened


def _open_embedded(settings: Settings, partner: Partner) -> Opened:
    opened = Opened()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    remember_partner(settings.data_dir / PARTNERS_FILE, partner)
    specs = topics_for_partner(partner.id, partner.kind, partition_count(settings))
    if asyncio.run(kafka_wire.answers(HOST, settings.kafka_port)):
        opened.done.append(_told("topics", len(Cluster(settings).create_topics(specs)), len(specs)))
    else:
        opened.done.append("topics: made when the embedded broker starts (it does not run now)")
    return opened


def _told(what: str, new: int, all_of_them: int) -> str:
    there = all_of_them - new
    return f"{what}: {new} made" + (f", {there} were there" if there else "")
