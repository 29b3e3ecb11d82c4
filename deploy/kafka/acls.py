"""Who may do what on the bus, as data: each of our services, each partner, and the operator.

Everything that is not here is forbidden: the authorizer denies by default. READ and WRITE imply DESCRIBE, and WRITE on any topic
allows an idempotent producer, so neither is granted by itself. Rights on partners' topics are granted one by one, not on the
prefix `partners.`: a service that only answers partners must not be able to speak for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from deploy.kafka.topics import Partner
from shared.contracts import topics
from shared.contracts.topics import (
    INTERNAL_TOPICS,
    UPDATE_KINDS_OF,
    dead_letter_topic,
    partner_topic,
    receipts_topic,
)
from shared.settings import SERVICES

WRITER_OF: Final[dict[str, str]] = {
    topics.POLICY_EVENTS: "policy",
    topics.CLAIMS_EVENTS: "claims",
    topics.DOCUMENTS_EVENTS: "documents",
    topics.NOTIFICATIONS_EVENTS: "notifications",
    topics.IDENTITY_EVENTS: "gateway",
}
"""The one service that announces on a topic."""

READERS_OF: Final[dict[str, tuple[str, ...]]] = {
    topics.POLICY_EVENTS: ("claims", "documents", "notifications", "gateway"),
    topics.CLAIMS_EVENTS: ("documents", "notifications", "gateway"),
    topics.DOCUMENTS_EVENTS: ("notifications", "gateway"),
    topics.NOTIFICATIONS_EVENTS: ("gateway",),
    topics.IDENTITY_EVENTS: ("policy", "notifications"),
}
"""Who listens to a topic, and so puts aside in its dead letters what it cannot take."""

TAKER_OF: Final[dict[str, str]] = {
    topics.REPAIR_UPDATES: "claims",
    topics.CLAIM_UPDATES: "claims",
    topics.APPRAISAL_UPDATES: "claims",
    topics.CONTRACT_UPDATES: "policy",
}
"""The service that takes partners' updates of a kind and answers them with receipts."""

ONRAMP: Final = "gateway"
"""Sends for partners that use HTTP, and reads their receipts for them."""

ADMIN: Final = "dossier-admin"
"""The operator's user, of `dossier topics`, `create-partner` and `replay-dead-letters`."""
REPLAY_GROUP: Final = "operations.replay"

SERVICE_PREFIX: Final = "dossier-"
PARTNER_PREFIX: Final = "partner-"
"""Partners have a prefix of their own, so that none can be registered under the name of a service."""
EVERYBODY: Final = "User:*"


class Acl(NamedTuple):
    """One permission of one user."""

    principal: str
    resource: str
    """topic, group or cluster."""
    name: str
    operation: str
    pattern: str = "literal"
    permission: str = "allow"
    host: str = "*"

    def __str__(self) -> str:
        """Say it in a line."""
        where = {"literal": "", "prefixed": "*"}.get(self.pattern, f" ({self.pattern})")
        verb = "may" if self.permission == "allow" else f"may ({self.permission})"
        host = "" if self.host == "*" else f" from {self.host}"
        return f"{self.principal} {verb} {self.operation} {self.resource} {self.name}{where}{host}"


def service_user(service: str) -> str:
    """The user that a service logs in as."""
    return SERVICE_PREFIX + service


def partner_user(partner_id: str) -> str:
    """The user that a partner logs in as."""
    return PARTNER_PREFIX + partner_id


def group_prefix(partner_id: str) -> str:
    """What the consumer groups of a partner begin with. An id has no dots, so no other partner's prefix begins with it."""
    return f"partners.{partner_id}."


def is_ours(acl: Acl) -> bool:
    """Whether the permission is one of a user that this product makes."""
    return acl.principal.startswith((f"User:{SERVICE_PREFIX}", f"User:{PARTNER_PREFIX}"))


def acls_for(partners: Iterable[Partner]) -> list[Acl]:
    """Every permission of an installation with these partners, each once."""
    found = [*_services(), *_admin()]
    for partner in partners:
        found += acls_for_partner(partner)
    return list(dict.fromkeys(found))


def acls_for_partner(partner: Partner) -> list[Acl]:
    """The partner's own rights, and those of our services on its topics."""
    user, onramp = partner_user(partner.id), service_user(ONRAMP)
    receipts = receipts_topic(partner.id)
    found = [
        _may(user, "read", receipts),
        Acl(f"User:{user}", "group", group_prefix(partner.id), "read", "prefixed"),
        _may(onramp, "read", receipts),
        _may(onramp, "write", dead_letter_topic(receipts)),
    ]
    for kind in UPDATE_KINDS_OF[partner.kind]:
        topic, taker = partner_topic(partner.id, kind), service_user(TAKER_OF[kind])
        found += [
            _may(user, "write", topic),
            _may(onramp, "write", topic),
            _may(taker, "read", topic),
            _may(taker, "write", dead_letter_topic(topic)),
            _may(taker, "write", receipts),
        ]
    return list(dict.fromkeys(found))


def _services() -> list[Acl]:
    found = [Acl(f"User:{service_user(service)}", "group", f"{service}.main", "read") for service in SERVICES]
    for topic in INTERNAL_TOPICS:
        found.append(_may(service_user(WRITER_OF[topic]), "write", topic))
        for reader in READERS_OF[topic]:
            found.append(_may(service_user(reader), "read", topic))
            found.append(_may(service_user(reader), "write", dead_letter_topic(topic)))
    return found


def _admin() -> list[Acl]:
    """What the operator's commands need: all but deleting. Cluster ALTER gives ACLs and users, so keep its password well."""
    user = f"User:{ADMIN}"
    found = [Acl(user, "cluster", "kafka-cluster", operation) for operation in ("alter", "describe")]
    found += [Acl(user, "topic", "*", operation) for operation in ("describe", "describe_configs")]
    found.append(Acl(user, "group", REPLAY_GROUP, "read"))
    for prefix in (*(name.removesuffix("v1") for name in INTERNAL_TOPICS), "partners."):
        for operation in ("create", "alter_configs", "read", "write"):
            found.append(Acl(user, "topic", prefix, operation, "prefixed"))
    return found


def _may(user: str, operation: str, topic: str) -> Acl:
    return Acl(f"User:{user}", "topic", topic, operation)
