"""What an installation should have on its bus, and bringing the bus there. Nothing here deletes a topic or a user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from deploy.kafka.acls import Acl, acls_for, service_user
from deploy.kafka.cluster import Cluster, ClusterFailed, NoAuthorizer
from deploy.kafka.differences import Differences, compare_acls, compare_topics
from deploy.kafka.logins import can_log_in, wait_for_login
from deploy.kafka.passwords import read_passwords
from deploy.kafka.topics import (
    EMBEDDED_PARTITIONS,
    MOST_REPLICAS,
    PRODUCTION_PARTITIONS,
    Partner,
    TopicSpec,
    replicated,
    topics_for,
)
from shared.settings import PREFIX, SERVICES, Settings

NO_AUTHORIZER = "! this Kafka has no authorizer: everybody may read and write everything, so users and permissions were left out"


@dataclass(frozen=True)
class Installation:
    """What should be there."""

    topics: list[TopicSpec]
    acls: list[Acl]
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    """Of our own users."""


def installation(
    settings: Settings, partners: Iterable[Partner], brokers: int, partitions: int | None = None
) -> Installation:
    """Derive everything from the settings, the partners and the size of the cluster."""
    known = list(partners)
    specs = topics_for(known, partition_count(settings, partitions))
    if settings.embedded:
        return Installation(specs, [])
    return Installation(
        replicated(specs, replication(settings, brokers)), acls_for(known), passwords_of(settings)
    )


def replication(settings: Settings, brokers: int) -> int:
    """On how many brokers each topic is kept. Raises `ClusterFailed` when there are not so many."""
    factor = settings.kafka_replication or min(max(brokers, 1), MOST_REPLICAS)
    if factor > brokers:
        raise ClusterFailed(f"{PREFIX}KAFKA_REPLICATION is {factor}, but the brokers are {brokers}.")
    return factor


def partition_count(settings: Settings, partitions: int | None = None) -> int:
    """Partitions of the event topics: asked for, set, or the default of the engine."""
    default = EMBEDDED_PARTITIONS if settings.embedded else PRODUCTION_PARTITIONS
    return partitions or settings.kafka_partitions or default


def passwords_of(settings: Settings) -> dict[str, str]:
    """User -> password of our own users, as far as they are handed to this command."""
    folder = settings.kafka_service_passwords
    if folder is None:
        return {}
    try:
        found = read_passwords(folder, SERVICES)
    except (OSError, ValueError) as error:
        raise ClusterFailed(f"{PREFIX}KAFKA_SERVICE_PASSWORDS: {error}") from error
    if not found:
        raise ClusterFailed(f"{PREFIX}KAFKA_SERVICE_PASSWORDS names {folder}, where no password is.")
    return {service_user(service): password for service, password in found.items()}


def compare(
    cluster: Cluster, settings: Settings, wanted: Installation, *, permissions: bool = True
) -> Differences:
    """Look at the cluster. Raises `NoAuthorizer` where permissions are compared and nobody checks them."""
    differences = Differences()
    found = cluster.topics()
    # The embedded broker keeps nothing for longer than it lives, and says nothing of how.
    named = [spec.name for spec in wanted.topics if spec.name in found and not settings.embedded]
    compare_topics(wanted.topics, found, cluster.configs(named), differences)
    if permissions and not settings.embedded:
        compare_acls(wanted.acls, cluster.acls(), differences)
        _compare_users(cluster, settings, wanted.passwords, differences)
    return differences


def compare_what_can_be(
    cluster: Cluster, settings: Settings, wanted: Installation, *, permissions: bool = True
) -> tuple[Differences, list[str]]:
    """Do the same, and topics alone where nobody's permissions are checked; says so in a line."""
    try:
        return compare(cluster, settings, wanted, permissions=permissions), []
    except NoAuthorizer:
        return compare(cluster, settings, wanted, permissions=False), [NO_AUTHORIZER]


def _compare_users(
    cluster: Cluster, settings: Settings, passwords: dict[str, str], into: Differences
) -> None:
    if not passwords:
        return
    there = cluster.users()
    into.missing_users += [user for user in passwords if user not in there]
    into.other_passwords += [
        user
        for user, password in passwords.items()
        if user in there
        and settings.kafka_security.startswith("SASL")
        and not can_log_in(settings, user, password)
    ]


def apply(
    cluster: Cluster,
    settings: Settings,
    differences: Differences,
    wanted: Installation,
    *,
    prune: bool = False,
    configs: bool = False,
) -> Iterator[str]:
    """Create what is missing, permissions first: a consumer that sees a new topic may read it at once. Says what it did."""
    if differences.missing_acls:
        cluster.create_acls(differences.missing_acls)
        yield f"{len(differences.missing_acls)} permissions granted"
    created = cluster.create_topics(differences.missing_topics) if differences.missing_topics else []
    yield f"{len(created)} topics created, {len(wanted.topics) - len(created)} were there"
    for user in (*differences.missing_users, *differences.other_passwords):
        cluster.set_password(user, wanted.passwords[user])
    for user in (*differences.missing_users, *differences.other_passwords):
        if not wait_for_login(settings, user, wanted.passwords[user]):
            raise ClusterFailed(f"Kafka took the password of {user}, but refuses its login.")
        yield f"user {user}: {'made' if user in differences.missing_users else 'password changed'}"
    if differences.other_configs and configs:
        changes: dict[str, dict[str, str]] = defaultdict(dict)
        for other in differences.other_configs:
            changes[other.topic][other.option] = other.wanted
        cluster.set_configs(changes)
        yield f"{len(differences.other_configs)} options of {len(changes)} topics set"
    if differences.surplus_acls and prune:
        cluster.delete_acls(differences.surplus_acls)
        yield f"{len(differences.surplus_acls)} permissions revoked"
