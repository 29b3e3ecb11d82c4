"""What a cluster has, beside what it should have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from deploy.kafka import acls as permissions
from deploy.kafka import topics as names
from deploy.kafka.acls import EVERYBODY, Acl
from deploy.kafka.cluster import FoundTopic
from deploy.kafka.topics import BROKERS_DEFAULT, TopicSpec


@dataclass(frozen=True)
class OtherConfig:
    """An option of a topic that is not what it should be."""

    topic: str
    option: str
    found: str | None
    wanted: str


@dataclass
class Differences:
    """What to create, what to change, and what only a person may decide about."""

    missing_topics: list[TopicSpec] = field(default_factory=list)
    other_configs: list[OtherConfig] = field(default_factory=list)
    other_counts: list[str] = field(default_factory=list)
    """Partitions and replicas: changing them moves keys or data, so it is told and left alone."""
    surplus_topics: list[str] = field(default_factory=list)
    missing_acls: list[Acl] = field(default_factory=list)
    surplus_acls: list[Acl] = field(default_factory=list)
    """Of our own users only."""
    open_acls: list[Acl] = field(default_factory=list)
    """Granted to everybody, and so to every partner."""
    missing_users: list[str] = field(default_factory=list)
    other_passwords: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Say each difference in a line: `+` is missing, `-` surplus, `~` different, `!` to be looked at."""
        for spec in self.missing_topics:
            yield f"+ topic {spec.name} ({spec.partitions} partitions)"
        for other in self.other_configs:
            yield f"~ topic {other.topic}: {other.option} is {other.found or 'not set'}, should be {other.wanted}"
        for text in self.other_counts:
            yield f"! topic {text}"
        for name in self.surplus_topics:
            yield f"- topic {name}"
        for user in self.missing_users:
            yield f"+ user {user}"
        for user in self.other_passwords:
            yield f"~ user {user}: another password"
        for acl in self.missing_acls:
            yield f"+ {acl}"
        for acl in self.surplus_acls:
            yield f"- {acl}"
        for acl in self.open_acls:
            yield f"! {acl}: so may every partner"


def compare_topics(
    wanted: Iterable[TopicSpec],
    found: Mapping[str, FoundTopic],
    configs: Mapping[str, Mapping[str, str]],
    into: Differences,
) -> None:
    """Compare topics; a topic whose configuration is not among `configs` is not compared by it."""
    specs = {spec.name: spec for spec in wanted}
    for name, spec in specs.items():
        there = found.get(name)
        if there is None:
            into.missing_topics.append(spec)
            continue
        if there.partitions != spec.partitions:
            into.other_counts.append(
                f"{name} has {there.partitions} partitions, should have {spec.partitions}"
            )
        if spec.replication not in {BROKERS_DEFAULT, there.replication}:
            into.other_counts.append(
                f"{name} is on {there.replication} brokers, should be on {spec.replication}"
            )
        if name in configs:
            into.other_configs += [
                OtherConfig(name, option, configs[name].get(option), value)
                for option, value in spec.config.items()
                if configs[name].get(option) != value
            ]
    into.surplus_topics += sorted(name for name in found if names.is_ours(name) and name not in specs)


def compare_acls(wanted: Sequence[Acl], found: Iterable[Acl], into: Differences) -> None:
    """Compare permissions; those of users that are not ours are nobody's business here."""
    there = set(found)
    into.missing_acls += [acl for acl in wanted if acl not in there]
    expected = set(wanted)
    into.surplus_acls += sorted(acl for acl in there if permissions.is_ours(acl) and acl not in expected)
    into.open_acls += sorted(acl for acl in there if acl.principal == EVERYBODY and acl.permission == "allow")
